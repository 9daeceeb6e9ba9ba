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
