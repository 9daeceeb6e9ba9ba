"""One address, and the list whose first it is: whoever writes one writes the other."""

from typing import Any

import pytest

from tests.harness.objects import pod
from tests.harness.server import Server

ONE, TWO = "10.9.1.0/24", "10.9.2.0/24"
FOUND = [
    ({"podCIDR": ONE}, (ONE, [ONE])),
    ({"podCIDRs": [ONE]}, (ONE, [ONE])),
    ({"podCIDR": ONE, "podCIDRs": [ONE, "fd00::/64"]}, (ONE, [ONE, "fd00::/64"])),
    ({"podCIDR": ONE, "podCIDRs": [TWO]}, (ONE, [ONE])),
]


@pytest.mark.parametrize(("spec", "found"), FOUND)
async def test_ranges_of_a_node(server: Server, spec: Any, found: Any) -> None:
    body = {"metadata": {"name": server.namespace}, "spec": spec}
    item = (await server.post("/api/v1/nodes", body, dryRun="All")).ok(201)
    assert (item["spec"]["podCIDR"], item["spec"]["podCIDRs"]) == found
    owned = item["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    assert {"f:podCIDR", "f:podCIDRs"} <= set(owned)


async def test_range_of_a_node_comes_later(server: Server) -> None:
    path = f"/api/v1/nodes/{server.namespace}"
    body = {"metadata": {"name": server.namespace}}
    (await server.post("/api/v1/nodes", body)).ok(201)
    try:
        item = (await server.merge(path, {"spec": {"podCIDR": ONE}})).ok()
        assert item["spec"]["podCIDRs"] == [ONE]
    finally:
        await server.delete(path)


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"podIP": "10.9.1.1"}, ("10.9.1.1", [{"ip": "10.9.1.1"}])),
        ({"podIPs": [{"ip": "10.9.1.1"}]}, ("10.9.1.1", [{"ip": "10.9.1.1"}])),
        (
            {"podIP": "10.9.1.1", "podIPs": [{"ip": "10.9.1.2"}]},
            ("10.9.1.1", [{"ip": "10.9.1.1"}]),
        ),
    ],
)
async def test_addresses_of_a_pod(server: Server, status: Any, found: Any) -> None:
    (await server.post(server.core("pods"), pod("p"))).ok(201)
    path = server.core("pods/p/status")
    item = (await server.merge(path, {"status": status})).ok()
    assert (item["status"]["podIP"], item["status"]["podIPs"]) == found
