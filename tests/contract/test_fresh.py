"""What every server has from its beginning, as tools look for it."""

from tests.harness.server import Server

DEFAULT = "namespaces/default"


async def test_service_of_the_server_says_where_it_leads(server: Server) -> None:
    service = (await server.get(f"/api/v1/{DEFAULT}/services/kubernetes")).ok()
    (port,) = service["spec"]["ports"]
    name, number = port["name"], port["targetPort"]
    path = f"/api/v1/{DEFAULT}/endpoints/kubernetes"
    endpoints = (await server.get(path)).ok()
    (subset,) = endpoints["subsets"]
    (address,) = subset["addresses"]
    assert subset["ports"] == [{"name": name, "port": number, "protocol": "TCP"}]
    assert endpoints["metadata"]["labels"] == {
        "endpointslice.kubernetes.io/skip-mirror": "true"
    }
    path = f"/apis/discovery.k8s.io/v1/{DEFAULT}/endpointslices/kubernetes"
    sliced = (await server.get(path)).ok()
    assert sliced["metadata"]["labels"] == {"kubernetes.io/service-name": "kubernetes"}
    assert sliced["metadata"]["generation"] == 1
    assert sliced["addressType"] == "IPv4"
    assert sliced["ports"] == subset["ports"]
    ready = {"addresses": [address["ip"]], "conditions": {"ready": True}}
    assert sliced["endpoints"] == [ready]


async def test_priority_classes_of_the_system_are_there(server: Server) -> None:
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    found = (await server.get(path)).ok()["items"]
    names = {each["metadata"]["name"]: each["value"] for each in found}
    assert names["system-cluster-critical"] == 2_000_000_000
    assert names["system-node-critical"] == 2_000_001_000
