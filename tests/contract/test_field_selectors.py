"""fieldSelector: metadata of every kind, and the fields of some kinds."""

import pytest

from tests.harness.objects import config_map, names, pod
from tests.harness.server import Server


@pytest.fixture
async def path(server: Server) -> str:
    """A path with the ConfigMaps a and b."""
    for name in "ab":
        (await server.post(server.core("configmaps"), config_map(name))).ok(201)
    return server.core("configmaps")


@pytest.fixture
async def pods(server: Server) -> str:
    """A path with a bound pod p and an unbound pod q."""
    bodies = [pod("p", nodeName="n1"), pod("q", restartPolicy="Never")]
    for body in bodies:
        (await server.post(server.core("pods"), body)).ok(201)
    return server.core("pods")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", "ab"),
        ("=", "ab"),
        ("metadata.name=a", "a"),
        ("metadata.name==a", "a"),
        ("metadata.name=a,", "a"),
        ("metadata.name!=a", "b"),
        ("metadata.name=a,metadata.name=b", ""),
        ("metadata.name!=a,metadata.name!=b", ""),
        ("metadata.name=no", ""),
        (r"metadata.name=a\,b", ""),
        ("metadata.namespace=NS", "ab"),
        ("metadata.namespace=other", ""),
        ("metadata.namespace!=other,metadata.name=b", "b"),
    ],
)
async def test_metadata_can_be_selected(
    server: Server, path: str, selector: str, expected: str
) -> None:
    text = selector.replace("NS", server.namespace)
    document = (await server.get(path, fieldSelector=text)).ok()
    assert names(document) == list(expected)


async def test_namespace_can_be_selected_across_all(server: Server, path: str) -> None:
    assert path
    selector = f"metadata.namespace={server.namespace}"
    document = (await server.get("/api/v1/configmaps", fieldSelector=selector)).ok()
    assert names(document) == ["a", "b"]


UNKNOWN = 'is not a known field selector: only "metadata.name", "metadata.namespace"'


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("data.x=1", f'"data.x" {UNKNOWN}'),
        ("metadata.labels.x=1", f'"metadata.labels.x" {UNKNOWN}'),
        ("metadata.uid=x", f'"metadata.uid" {UNKNOWN}'),
        ("metadata.name=a,=x", f'"" {UNKNOWN}'),
        (
            "metadata.name",
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
        ),
        (
            "metadata.name in (a)",
            (
                "invalid selector: 'metadata.name in (a)'; can't understand"
                " 'metadata.name in (a)'"
            ),
        ),
        (
            r"metadata.name=\z",
            r"invalid field selector: invalid escape sequence: \z",
        ),
    ],
)
async def test_bad_selector_is_a_bad_request(
    server: Server, selector: str, message: str
) -> None:
    answer = await server.get(server.core("configmaps"), fieldSelector=selector)
    answer.refused(400, "BadRequest", message)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("spec.nodeName=n1", "p"),
        ("spec.nodeName=", "q"),
        ("spec.nodeName!=n1", "q"),
        ("spec.nodeName!=", "p"),
        ("spec.host=n1", "p"),
        ("status.phase=Pending", "pq"),
        ("status.phase=Running", ""),
        ("status.phase!=Running,spec.nodeName=n1", "p"),
        ("spec.restartPolicy=Never", "q"),
        ("spec.schedulerName=default-scheduler", "pq"),
        ("spec.hostNetwork=false", "pq"),
        ("status.podIP=", "pq"),
        ("status.podIPs=", "pq"),
        ("status.nominatedNodeName=", "pq"),
        ("metadata.name=p", "p"),
    ],
)
async def test_fields_of_pods(
    server: Server, pods: str, selector: str, expected: str
) -> None:
    document = (await server.get(pods, fieldSelector=selector)).ok()
    assert names(document) == list(expected)


async def test_other_field_of_pods_is_refused(server: Server) -> None:
    answer = await server.get(server.core("pods"), fieldSelector="spec.foo=1")
    answer.refused(400, "BadRequest", "field label not supported: spec.foo")


@pytest.mark.parametrize(
    ("resource", "field"),
    [("deployments", "spec.replicas"), ("replicasets", "status.replicas")],
)
async def test_other_kinds_have_metadata_only(
    server: Server, resource: str, field: str
) -> None:
    answer = await server.get(server.apps(resource), fieldSelector=f"{field}=1")
    answer.refused(400, "BadRequest", f'"{field}" {UNKNOWN}')


async def test_fields_of_resource_slices(server: Server) -> None:
    path = "/apis/resource.k8s.io/v1/resourceslices"
    selector = "spec.nodeName=n,spec.driver!=d"
    assert (await server.get(path, fieldSelector=selector)).ok()["items"] == []
    answer = await server.get(path, fieldSelector="spec.pool=p")
    kind = "resource.k8s.io/v1, Kind=ResourceSlice"
    message = f"field label not supported for {kind}: spec.pool"
    answer.refused(400, "BadRequest", message)


async def test_type_of_secrets(server: Server) -> None:
    for name, kind in [("s", "example.com/t"), ("o", "Opaque")]:
        body = {"metadata": {"name": name}, "type": kind}
        (await server.post(server.core("secrets"), body)).ok(201)
    selector = "type=example.com/t"
    document = (await server.get(server.core("secrets"), fieldSelector=selector)).ok()
    assert names(document) == ["s"]


async def test_phase_of_namespaces(server: Server) -> None:
    selector = f"status.phase=Active,metadata.name={server.namespace}"
    document = (await server.get("/api/v1/namespaces", fieldSelector=selector)).ok()
    assert names(document) == [server.namespace]


async def test_unschedulable_of_nodes(server: Server) -> None:
    name = f"node-{server.namespace}"
    await server.post("/api/v1/nodes", {"metadata": {"name": name}})
    for wanted, expected in [("false", [name]), ("true", [])]:
        selector = f"spec.unschedulable={wanted},metadata.name={name}"
        document = (await server.get("/api/v1/nodes", fieldSelector=selector)).ok()
        assert names(document) == expected
