"""What the DaemonSet controller leaves behind after each step of a user."""

from collections.abc import Iterator
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from tests.contract.controllers.history import DAEMON_SET, Recorded
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

NODE = GroupVersionKind("", "v1", "Node")
HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
RELEASED = {"metadata": {"finalizers": None}}
ZONE = "example.com/zone"
TAINT = "example.com/taint"
# Pods that the kubelet never starts: their node has not this runtime, say.
GATED = {"readinessGates": [{"conditionType": "example.com/never"}]}


class Agent(Recorded):
    """A DaemonSet; a picture of a node is that of its pods."""

    def __init__(self, cluster: AnyCluster) -> None:
        super().__init__(cluster, DAEMON_SET, "agent")

    def pictures(self) -> dict[str, str]:
        tags = {
            item["metadata"]["labels"]["controller-revision-hash"]: self.revisions()[
                item["metadata"]["name"]
            ]
            for item in self.all(_REVISION)
        }
        nodes: dict[str, list[str]] = {}
        for item in self.pods().values():
            node = item["spec"].get("nodeName", "?")
            nodes.setdefault(node, []).append(_picture(item, tags))
        return {node: ", ".join(sorted(found)) for node, found in nodes.items()}

    def has(self, **nodes: str) -> None:
        """Wait until these are the pods, ``node-1`` as ``node_1``, and no others."""
        expected = {name.replace("_", "-"): pods for name, pods in nodes.items()}

        def check() -> None:
            assert self.pictures() == expected

        self.cluster.eventually(check)

    def pod_on(self, node: str) -> str:
        """Return the name of the pod on a node."""
        found = [k for k, v in self.pods().items() if v["spec"]["nodeName"] == node]
        assert len(found) == 1
        return found[0]

    def mark(self, node: str, zone: str | None = None, effect: str = "") -> None:
        """Give a node a label, and a taint, or take them away."""
        taints = [{"key": TAINT, "effect": effect}] if effect else None
        patch = {"metadata": {"labels": {ZONE: zone}}, "spec": {"taints": taints}}
        self.change(node, patch, kind=NODE)


_REVISION = GroupVersionKind("apps", "v1", "ControllerRevision")


def _picture(item: Json, tags: Any) -> str:
    meta, status = item["metadata"], item["status"]
    notes = [tags.get(meta["labels"].get("controller-revision-hash"), "?")]
    if not meta.get("ownerReferences"):
        notes.append("orphan")
    if "deletionTimestamp" in meta:
        notes.append("deleting")
    if status["phase"] != "Running":
        notes.append(status["phase"])
    return " ".join(notes)


def status(count: int, **changes: Any) -> str:
    """Return the status of a DaemonSet with nothing under way."""
    fields: Json = {
        "currentNumberScheduled": count,
        "desiredNumberScheduled": count,
        "numberAvailable": count,
        "numberMisscheduled": 0,
        "numberReady": count,
        "numberUnavailable": 0,
        "updatedNumberScheduled": count,
        **changes,
    }
    sparse = {"numberAvailable", "numberUnavailable", "updatedNumberScheduled"}
    return " ".join(f"{k}={v}" for k, v in fields.items() if v or k not in sparse)


@pytest.fixture
def agent(any_cluster: AnyCluster) -> Iterator[Agent]:
    agent = Agent(any_cluster)
    yield agent
    for node in ("node-1", "node-2"):
        agent.mark(node)


def test_each_node_has_a_pod_of_its_own(agent: Agent) -> None:
    agent.create(pod={"hostNetwork": True})
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    pod = agent.pods()[agent.pod_on("node-1")]
    meta, spec = pod["metadata"], pod["spec"]
    assert meta["generateName"] == "agent-"
    digest = meta["labels"]["controller-revision-hash"]
    assert meta["labels"] == {
        "app": "agent",
        "controller-revision-hash": digest,
        "pod-template-generation": "1",
    }
    assert [*agent.revisions()] == [f"agent-{digest}"]
    (revision,) = agent.all(_REVISION)
    assert revision["metadata"]["labels"] == {
        "app": "agent",
        "controller-revision-hash": digest,
    }
    assert revision["metadata"]["annotations"] == {
        "deprecated.daemonset.template.generation": "1",
        "team": "a",
    }
    required = {
        "nodeSelectorTerms": [
            {
                "matchFields": [
                    {"key": "metadata.name", "operator": "In", "values": ["node-1"]}
                ]
            }
        ]
    }
    assert spec["affinity"] == {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}
    }
    tolerated = [
        (t["key"].removeprefix("node.kubernetes.io/"), t["operator"], t["effect"])
        for t in spec["tolerations"]
    ]
    assert tolerated == [
        ("not-ready", "Exists", "NoExecute"),
        ("unreachable", "Exists", "NoExecute"),
        ("disk-pressure", "Exists", "NoSchedule"),
        ("memory-pressure", "Exists", "NoSchedule"),
        ("pid-pressure", "Exists", "NoSchedule"),
        ("unschedulable", "Exists", "NoSchedule"),
        ("network-unavailable", "Exists", "NoSchedule"),
    ]
    agent.delete(agent.pod_on("node-1"))
    agent.has(node_1="1", node_2="1")

    def told() -> None:
        found = [event.rpartition("-")[0] for event in agent.events()]
        made = "Normal SuccessfulCreate: Created pod: agent"
        assert found == [made, made, made]

    agent.cluster.eventually(told)


def test_pods_are_where_labels_and_taints_let_them_be(agent: Agent) -> None:
    agent.create(pod={"nodeSelector": {ZONE: "a"}})
    agent.shows(status(0))
    agent.mark("node-1", "a")
    agent.has(node_1="1")
    agent.mark("node-2", "a", effect="NoSchedule")
    agent.shows(status(1))
    agent.mark("node-2", "a")
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    # It stays where none would be started any more,
    agent.mark("node-2", "a", effect="NoSchedule")
    agent.delete(agent.pod_on("node-1"))
    agent.has(node_1="1", node_2="1")
    agent.shows(status(1, numberMisscheduled=1))
    # and goes from where none may be.
    agent.mark("node-2", "a", effect="NoExecute")
    agent.has(node_1="1")
    agent.mark("node-1", "b")
    agent.has()
    agent.shows(status(0))


def test_update_replaces_as_many_as_may_be_missed(agent: Agent) -> None:
    agent.create()
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    # A pod that never gets ready is as far as it goes.
    agent.roll("2", pod=GATED)
    agent.shows(
        status(
            2,
            numberAvailable=1,
            numberReady=1,
            numberUnavailable=1,
            updatedNumberScheduled=1,
        )
    )
    agent.roll("3", pod={"readinessGates": None})
    agent.has(node_1="3", node_2="3")
    agent.shows(status(2))
    agent.roll("1")
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    assert [*agent.revisions().values()] == ["2", "3", "1"]
    agent.patch(revisionHistoryLimit=1)
    agent.cluster.eventually(lambda: _keeps(agent, "3", "1"))


def _keeps(agent: Agent, *tags: str) -> None:
    assert [*agent.revisions().values()] == [*tags]


def test_update_with_a_surge_leaves_nobody_without(agent: Agent) -> None:
    surge = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    agent.create(updateStrategy=surge)
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    agent.roll("2", pod=GATED)

    def surges() -> None:
        assert sorted(agent.pictures().values()) == ["1", "1, 2"]

    agent.cluster.eventually(surges)
    agent.roll("3", pod={"readinessGates": None})
    agent.has(node_1="3", node_2="3")
    agent.shows(status(2))


def test_users_replace_pods_where_the_strategy_says_so(agent: Agent) -> None:
    agent.create(updateStrategy={"type": "OnDelete"})
    agent.has(node_1="1", node_2="1")
    agent.roll("2")
    agent.shows(status(2, updatedNumberScheduled=0))
    agent.delete(agent.pod_on("node-2"))
    agent.has(node_1="1", node_2="2")
    agent.shows(status(2, updatedNumberScheduled=1))


def test_pod_that_ends_is_replaced(agent: Agent) -> None:
    agent.create()
    agent.has(node_1="1", node_2="1")
    failed, ended = agent.pod_on("node-1"), agent.pod_on("node-2")
    agent.fail(failed)
    agent.fail(ended, "Succeeded")
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    where = agent.cluster.namespace

    def told() -> None:
        events = agent.events()
        assert (
            f"Warning FailedDaemonPod: Found failed daemon pod {where}/{failed} on "
            "node node-1, will try to kill it"
        ) in events
        assert (
            f"Normal SucceededDaemonPod: Found succeeded daemon pod {where}/{ended} on "
            "node node-2, will try to delete it"
        ) in events
        assert f"Normal SuccessfulDelete: Deleted pod: {failed}" in events

    agent.cluster.eventually(told)


def test_pods_are_adopted_and_released(agent: Agent) -> None:
    agent.create()
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    agent.cluster.call(
        lambda client: client.delete(DAEMON_SET, "agent", propagation="Orphan")
    )
    agent.has(node_1="1 orphan", node_2="1 orphan")
    agent.cluster.eventually(lambda: _is_gone(agent))
    agent.create()
    agent.has(node_1="1", node_2="1")
    agent.shows(status(2))
    agent.change(agent.pod_on("node-1"), {"metadata": {"labels": {"app": "other"}}})
    agent.has(node_1="1, 1 orphan", node_2="1")
    agent.shows(status(2))


def _is_gone(agent: Agent) -> None:
    assert not agent.all(DAEMON_SET)


def test_pod_is_available_some_time_after_it_is_ready(agent: Agent) -> None:
    agent.create(minReadySeconds=3600)
    agent.shows(status(2, numberAvailable=0, numberUnavailable=2))
    agent.patch(minReadySeconds=2)
    agent.shows(status(2))
