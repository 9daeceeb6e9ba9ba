"""What the node controller makes of nodes: their taints, their labels, its events."""

from typing import Any

from homeostat.api import GroupVersionKind
from tests.contract.controllers.workload import EVENT
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

NODE = GroupVersionKind("", "v1", "Node")
OS = {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "plan9"}


def test_taints_follow_conditions_and_cordons(any_cluster: AnyCluster) -> None:
    name = any_cluster.namespace
    own = {"key": "example.com/own", "effect": "NoSchedule"}
    evicted = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoExecute"}
    item = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": OS},
        "spec": {"taints": [own, evicted]},
    }

    def look() -> Any:
        return any_cluster.call(lambda client: client.get(NODE, name))

    def tainted(*expected: str) -> None:
        found = [
            f"{taint['key'].rpartition('/')[2]}:{taint['effect']}"
            for taint in look()["spec"].get("taints", [])
        ]
        assert found == ["own:NoSchedule", "disk-pressure:NoExecute", *expected]

    def report(**conditions: str) -> None:
        told = [{"type": type_, "status": is_} for type_, is_ in conditions.items()]
        patch = {"status": {"conditions": told}}
        any_cluster.call(
            lambda client: client.patch(NODE, name, patch, subresource="status")
        )

    def cordon(*, off: bool) -> None:
        patch = {"spec": {"unschedulable": off or None}}
        any_cluster.call(lambda client: client.patch(NODE, name, patch))

    any_cluster.call(lambda client: client.create(item))
    try:
        # Made with the taint not-ready, which goes: nothing says that it is not.
        any_cluster.eventually(tainted)
        cordon(off=True)
        any_cluster.eventually(lambda: tainted("unschedulable:NoSchedule"))
        assert look()["spec"]["taints"][-1]["timeAdded"]
        report(Ready="False", MemoryPressure="True", PIDPressure="False")
        any_cluster.eventually(
            lambda: tainted(
                "unschedulable:NoSchedule",
                "not-ready:NoSchedule",
                "memory-pressure:NoSchedule",
            )
        )
        cordon(off=False)
        report(Ready="True", DiskPressure="True")
        any_cluster.eventually(lambda: tainted("disk-pressure:NoSchedule"))
        report(Ready="True")
        any_cluster.eventually(tainted)
        assert look()["metadata"]["labels"]["beta.kubernetes.io/os"] == "linux"
    finally:
        any_cluster.call(lambda client: client.delete(NODE, name))


def test_node_is_registered(any_cluster: AnyCluster) -> None:
    def check() -> None:
        fields = "involvedObject.kind=Node,reason=RegisteredNode"
        found = any_cluster.call(
            lambda client: client.list(EVENT, namespace="default", fields=fields)
        )
        told = {each["message"]: each["source"]["component"] for each in found}
        text = "Node node-1 event: Registered Node node-1 in Controller"
        assert told.get(text) == "node-controller"

    any_cluster.eventually(check)
