"""Services: their addresses and ports, what is refused, and what goes with a type."""

from typing import Any

import pytest

from tests.harness.objects import config_map
from tests.harness.server import Answer, Server

Json = dict[str, Any]

ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"


def _service(**spec: Any) -> Json:
    made = {"ports": [{"port": 80}], **spec}
    return {**config_map("a"), "kind": "Service", "spec": made}


def _causes(answer: Answer) -> list[tuple[str, str]]:
    """Return field and text of each cause, as the server orders them."""
    causes = answer.refused(422, "Invalid")["causes"]
    return [(each["field"], each["message"].rpartition(": ")[2]) for each in causes]


REFUSED: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "another name with an address": (
        {"type": "ExternalName", "externalName": "a.b", "clusterIP": "None"},
        [("spec.clusterIPs", "may not be set for ExternalName services")],
    ),
    "another name that is none": (
        {"type": "ExternalName", "externalName": "."},
        [("spec.externalName", "Required value")],
    ),
    "address that is none, and all else that is wrong": (
        {"clusterIP": "x", "type": "Nope"},
        [
            (
                "spec.clusterIPs[0]",
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            )
        ],
    ),
    "address of the other family": (
        {"clusterIP": "fd00::1"},
        [("spec.clusterIPs[0]", "IPv6 is not configured on this cluster")],
    ),
    "list without the address": (
        {"clusterIPs": ["10.96.0.9"]},
        [("spec.clusterIPs", "must be empty when `clusterIP` is not specified")],
    ),
    "two families": (
        {"ipFamilyPolicy": "RequireDualStack"},
        [
            (
                "spec.ipFamilyPolicy",
                "this cluster is not configured for dual-stack services",
            )
        ],
    ),
    "headless and balanced": (
        {"type": "LoadBalancer", "clusterIP": "None"},
        [("spec.clusterIPs[0]", "may not be set to 'None' for LoadBalancer services")],
    ),
    "addresses from outside": (
        {"externalIPs": ["010.1.1.1", "127.0.0.1"]},
        [
            ("spec.externalIPs[0]", "must not have leading 0s"),
            (
                "spec.externalIPs[1]",
                "may not be in the loopback range (127.0.0.0/8, ::1/128)",
            ),
        ],
    ),
    "what only load balancers have": (
        {
            "loadBalancerSourceRanges": ["10.0.0.1/8"],
            "allocateLoadBalancerNodePorts": True,
            "loadBalancerClass": "a/b",
        },
        [
            ("spec.LoadBalancerSourceRanges", ONLY_BALANCED),
            (
                "spec.LoadBalancerSourceRanges[0]",
                "must not have bits set beyond the prefix length",
            ),
            ("spec.allocateLoadBalancerNodePorts", ONLY_BALANCED),
            ("spec.loadBalancerClass", ONLY_BALANCED),
        ],
    ),
    "affinity for too long": (
        {
            "sessionAffinity": "ClientIP",
            "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
        },
        [
            (
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                "must be greater than 0 and less than 86400",
            )
        ],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_service_is_refused(server: Server, case: str) -> None:
    spec, wanted = REFUSED[case]
    answer = await server.post(server.core("services"), _service(**spec))
    assert _causes(answer) == wanted


async def test_address_may_not_change(server: Server) -> None:
    path = server.core("services")
    (await server.post(path, _service())).ok(201)
    moved = await server.merge(f"{path}/a", {"spec": {"clusterIP": "10.96.200.9"}})
    wrong = await server.merge(f"{path}/a", {"spec": {"clusterIP": "x"}})
    assert _causes(moved) == [("spec.clusterIPs[0]", "may not change once set")]
    # Of what is no address no more is said.
    text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    assert _causes(wrong) == [("spec.clusterIPs[0]", text)]


async def test_what_belongs_to_a_type_goes_with_it(server: Server) -> None:
    path = server.core("services")
    balanced = _service(type="LoadBalancer", externalTrafficPolicy="Local")
    made = (await server.post(path, balanced)).ok(201)["spec"]
    assert {"allocateLoadBalancerNodePorts", "healthCheckNodePort"} < set(made)
    named = {"type": "ExternalName", "externalName": "a.b"}
    spec = (await server.merge(f"{path}/a", {"spec": named})).ok()["spec"]
    port = {"port": 80, "protocol": "TCP", "targetPort": 80}
    assert spec == {**named, "ports": [port], "sessionAffinity": "None"}
    back = {"type": "ClusterIP", "externalName": None}
    spec = (await server.merge(f"{path}/a", {"spec": back})).ok()["spec"]
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


async def test_port_keeps_its_node_port_by_its_name(server: Server) -> None:
    path = server.core("services")
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    made = (await server.post(path, _service(type="NodePort", ports=ports))).ok(201)
    before = {port["name"]: port["nodePort"] for port in made["spec"]["ports"]}
    moved = [{"name": "b", "port": 80}, {"name": "a", "port": 82}]
    made = (await server.put(f"{path}/a", _service(type="NodePort", ports=moved))).ok()
    after = {port["name"]: port["nodePort"] for port in made["spec"]["ports"]}
    assert after == before
