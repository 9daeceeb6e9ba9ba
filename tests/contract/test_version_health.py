"""/version and the health endpoints."""

import pytest

from tests.harness.server import Server


async def test_version_names_the_minor(server: Server) -> None:
    document = (await server.get("/version")).ok()
    assert (document["major"], document["minor"]) == ("1", "36")
    assert document["gitVersion"].startswith("v1.36.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_health_says_ok_in_plain_text(server: Server, path: str) -> None:
    answer = await server.get(path)
    assert (answer.status, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_metrics_tell_how_many_objects_there_are(server: Server) -> None:
    answer = await server.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert "# TYPE apiserver_resource_objects gauge" in lines
    series = 'apiserver_resource_objects{group="apps",resource="deployments"} '
    assert [line.rpartition(" ")[2].isdigit() for line in lines if series in line]
