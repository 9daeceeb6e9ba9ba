"""Who stands behind a Service, as EndpointSlices and as Endpoints tell it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.errors import NotFoundError
from tests.contract.controllers.workload import POD
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

SERVICE = GroupVersionKind("", "v1", "Service")
ENDPOINTS = GroupVersionKind("", "v1", "Endpoints")
NODE = GroupVersionKind("", "v1", "Node")
SLICE = GroupVersionKind("discovery.k8s.io", "v1", "EndpointSlice")
HTTP = {"name": "http", "port": 80, "targetPort": "web"}
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"


class Backends:
    """Services, and pods on a node that no kubelet watches over."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster
        self.node = f"node-of-{cluster.namespace}"
        meta = {"name": self.node, "labels": {"topology.kubernetes.io/zone": "z1"}}
        self.make({"apiVersion": "v1", "kind": "Node", "metadata": meta})

    def make(self, item: Json) -> Json:
        return self.cluster.call(lambda client: client.create(item))

    def service(self, name: str, *, labels: Json | None = None, **spec: Any) -> Json:
        spec = {"selector": {"app": "web"}, "ports": [HTTP], **spec}
        meta = {"name": name, "labels": labels or {}}
        item = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
        return self.make(item)

    def pod(self, name: str, ip: str, *, port: int = 8080, **spec: Any) -> None:
        """Make a pod that runs and is not ready."""
        ports = [{"name": "web", "containerPort": port}]
        container = {"name": "c", "image": "busybox", "ports": ports}
        spec = {"nodeName": self.node, "containers": [container], **spec}
        meta = {"name": name, "labels": {"app": "web"}}
        self.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        self.become(name, phase="Running", podIP=ip, podIPs=[{"ip": ip}])

    def become(self, name: str, *, ready: bool = False, **status: Any) -> None:
        """Change the status of a pod."""
        condition = {"type": "Ready", "status": "True" if ready else "False"}
        condition["lastTransitionTime"] = "2026-01-01T00:00:00Z"
        patch = {"status": {"conditions": [condition], **status}}
        self.cluster.call(
            lambda client: client.patch(POD, name, patch, subresource="status")
        )

    def change(self, kind: GroupVersionKind, name: str, patch: Json) -> None:
        self.cluster.call(lambda client: client.patch(kind, name, patch))

    def show(self, name: str, slices: Sequence[str], subsets: Sequence[str]) -> None:
        """Wait until the slices and the Endpoints of a Service are these."""

        def check() -> None:
            found = self.slices(name), self.subsets(name)
            assert found == (list(slices), list(subsets)), found

        self.cluster.eventually(check)

    def slices(self, name: str) -> list[str]:
        """Return a line for each slice, with one below for each of its endpoints."""
        labels = f"kubernetes.io/service-name={name}"
        found = self.cluster.call(lambda client: client.list(SLICE, labels=labels))
        blocks: list[list[str]] = []
        for item in found:
            own = item["metadata"]["labels"]
            assert own.pop("endpointslice.kubernetes.io/managed-by") == (
                "endpointslice-controller.k8s.io"
            )
            assert item["metadata"]["generateName"] == f"{name}-"
            [owner] = item["metadata"]["ownerReferences"]
            assert (owner["kind"], owner["name"]) == ("Service", name)
            del own["kubernetes.io/service-name"]
            ports = _ports(item.get("ports") or [])
            lines = [self._endpoint(each) for each in item.get("endpoints") or []]
            head = f"{item['addressType']} {ports}{own or ''}"
            blocks.append([head, *sorted(lines)])
        return [line for block in sorted(blocks) for line in block]

    def _endpoint(self, item: Json) -> str:
        conditions: Json = item["conditions"]
        names = [key for key, value in sorted(conditions.items()) if value]
        assert (item["nodeName"], item["zone"]) == (self.node, "z1")
        pod = f"{item['targetRef']['kind']}/{item['targetRef']['name']}"
        hostname = f" as {item['hostname']}" if "hostname" in item else ""
        return f"  {item['addresses'][0]} {pod}{hostname}: {' '.join(names)}"

    def subsets(self, name: str) -> list[str]:
        """Return a line for each subset, with one below for each of its addresses."""
        try:
            item = self.cluster.call(lambda client: client.get(ENDPOINTS, name))
        except NotFoundError:
            return ["gone"]
        own = item["metadata"]["labels"]
        assert own.pop("endpoints.kubernetes.io/managed-by") == "endpoint-controller"
        blocks: list[list[str]] = []
        for subset in item.get("subsets") or []:
            ready = [_address(each) for each in subset.get("addresses", [])]
            rest = [f"{_address(e)} -" for e in subset.get("notReadyAddresses", [])]
            blocks.append([_ports(subset.get("ports") or []), *ready, *rest])
        head = [str(own)] if own else []
        return head + [line for block in sorted(blocks) for line in block]


def _ports(ports: Sequence[Json]) -> str:
    return " ".join(sorted(f"{p.get('name', '')}:{p['port']}" for p in ports))


def _address(item: Json) -> str:
    hostname = f" as {item['hostname']}" if "hostname" in item else ""
    return f"  {item['ip']} {item['targetRef']['name']}{hostname}"


@pytest.fixture
def backends(any_cluster: AnyCluster) -> Iterator[Backends]:
    made = Backends(any_cluster)
    yield made
    with suppress(NotFoundError):
        any_cluster.call(lambda client: client.delete(NODE, made.node))


def test_endpoints_follow_the_pods_of_a_service(backends: Backends) -> None:
    backends.service("web", labels={"team": "a"})
    team = "{'team': 'a'}"
    backends.show("web", [f"IPv4 {team}"], [team])
    backends.pod("ready", "10.9.0.1")
    backends.become("ready", ready=True)
    backends.pod("starting", "10.9.0.2")
    backends.pod("other", "10.9.0.3", port=9090)
    backends.pod("done", "10.9.0.4")
    backends.become("done", phase="Succeeded")
    backends.pod("leaving", "10.9.0.5")
    backends.become("leaving", ready=True)
    backends.cluster.call(lambda client: client.delete(POD, "leaving"))
    backends.show(
        "web",
        [
            f"IPv4 http:8080{team}",
            "  10.9.0.1 Pod/ready: ready serving",
            "  10.9.0.2 Pod/starting: ",
            "  10.9.0.5 Pod/leaving: serving terminating",
            f"IPv4 http:9090{team}",
            "  10.9.0.3 Pod/other: ",
        ],
        [
            team,
            "http:8080",
            "  10.9.0.1 ready",
            "  10.9.0.2 starting -",
            "http:9090",
            "  10.9.0.3 other -",
        ],
    )
    for name in ("starting", "other"):
        backends.change(POD, name, {"metadata": {"labels": {"app": "x"}}})
    backends.cluster.call(
        lambda client: client.delete(POD, "leaving", grace_period_seconds=0)
    )
    new = {"spec": {"ports": [HTTP, {"name": "n", "port": 1, "targetPort": 2}]}}
    backends.change(SERVICE, "web", new)
    backends.change(SERVICE, "web", {"metadata": {"labels": {"team": "b"}}})
    team = "{'team': 'b'}"
    ready = "  10.9.0.1 Pod/ready: ready serving"
    backends.show(
        "web",
        [f"IPv4 http:8080 n:2{team}", ready],
        [team, "http:8080 n:2", "  10.9.0.1 ready"],
    )
    backends.cluster.call(lambda client: client.delete(SERVICE, "web"))
    backends.show("web", [], ["gone"])


def test_headless_service_names_its_pods(backends: Backends) -> None:
    backends.service("db", clusterIP="None", ports=[], publishNotReadyAddresses=True)
    backends.service("bare", selector=None, ports=[{"port": 1}])
    backends.pod("db-0", "10.9.1.1", hostname="db-0", subdomain="db")
    headless = "{'service.kubernetes.io/headless': ''}"
    backends.show(
        "db",
        [f"IPv4 {headless}", "  10.9.1.1 Pod/db-0 as db-0: ready"],
        [headless, "", "  10.9.1.1 db-0 as db-0"],
    )
    backends.show("bare", [], ["gone"])
    item = backends.cluster.call(lambda client: client.get(ENDPOINTS, "db"))
    assert item["metadata"]["annotations"] == {TRIGGER: "2026-01-01T00:00:00Z"}
