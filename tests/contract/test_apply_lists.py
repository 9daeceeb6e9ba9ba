"""Server-side apply of lists with keys, and of maps that are one value."""

from typing import Any

import pytest

from tests.harness.objects import containers, deployment, managed, rejection
from tests.harness.server import Server


@pytest.fixture
async def d(server: Server) -> str:
    """The path of a Deployment that m applied."""
    path = server.apps("deployments/d")
    (await server.apply(path, deployment("d", replicas=2), "m")).ok(201)
    return path


def _names(item: Any) -> list[str]:
    found = item["spec"]["template"]["spec"]["containers"]
    return [container["name"] for container in found]


async def test_defaults_are_owned_by_nobody(server: Server, d: str) -> None:
    item = (await server.get(d)).ok()
    assert managed(item)["m"] == {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {".": {}, "f:image": {}, "f:name": {}}
                    }
                },
            },
        }
    }


async def test_created_defaults_are_owned_by_the_creator(server: Server) -> None:
    answer = await server.post(server.apps("deployments"), deployment("d"))
    spec = managed(answer.ok(201))["contract"]["f:spec"]
    assert spec["f:replicas"] == {}
    assert spec["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }


async def test_item_of_another_manager_is_added(server: Server, d: str) -> None:
    body = containers({"name": "side", "image": "s"})
    item = (await server.apply(d, body, "n")).ok()
    assert _names(item) == ["c", "side"]


async def test_item_goes_with_its_owner(server: Server, d: str) -> None:
    await server.apply(d, containers({"name": "side", "image": "s"}), "n")
    item = (await server.apply(d, containers(), "n")).ok()
    assert _names(item) == ["c"]


async def test_field_inside_an_item_is_owned(server: Server, d: str) -> None:
    body = containers({"name": "c", "ports": [{"containerPort": 80}]})
    item = (await server.apply(d, body, "n")).ok()
    container = item["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert managed(item)["n"] == {
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:name": {},
                            "f:ports": {
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                }
                            },
                        }
                    }
                }
            }
        }
    }


async def test_item_with_two_owners_stays(server: Server, d: str) -> None:
    body = containers({"name": "c", "ports": [{"containerPort": 80}]})
    await server.apply(d, body, "n")
    item = (await server.apply(d, containers(), "n")).ok()
    assert _names(item) == ["c"]
    assert "ports" not in item["spec"]["template"]["spec"]["containers"][0]
    assert list(managed(item)) == ["m"]


async def test_conflict_inside_an_item_names_the_key(server: Server, d: str) -> None:
    answer = await server.apply(d, containers({"name": "c", "image": "z"}), "n")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [
        (
            "FieldManagerConflict",
            '.spec.template.spec.containers[name="c"].image',
        )
    ]


async def test_two_items_of_one_key_are_refused(server: Server, d: str) -> None:
    answer = await server.apply(d, containers({"name": "c"}, {"name": "c"}), "n")
    answer.refused(500, "")
    assert answer.json["message"].endswith(
        '.spec.template.spec.containers: duplicate entries for key [name="c"]'
    )


async def test_status_in_the_main_resource_is_not_owned(server: Server) -> None:
    body = {**deployment("d"), "status": {"replicas": 3}}
    item = (await server.apply(server.apps("deployments/d"), body, "m")).ok(201)
    assert item["status"] == {}
    assert "f:status" not in managed(item)["m"]


async def test_atomic_map_is_owned_as_a_whole(server: Server) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}},
    }
    path = server.core("services/s")
    item = (await server.apply(path, body, "m")).ok(201)
    assert managed(item)["m"] == {
        "f:spec": {
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
            "f:selector": {},
        }
    }
    body["spec"] = {"selector": {"c": "d"}}
    details = (await server.apply(path, body, "n")).refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.selector")]
