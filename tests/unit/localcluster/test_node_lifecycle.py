"""Which taints and labels a node is to have."""

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import core_v1
from homeostat.localcluster._node_lifecycle import node_labels_of, taints_of

NOW = Time.parse("2026-01-01T00:00:00Z")


def node(*taints: core_v1.Taint, **conditions: str) -> core_v1.Node:
    told = [core_v1.NodeCondition(type=t, status=s) for t, s in conditions.items()]
    return core_v1.Node(
        metadata=ObjectMeta(name="n"),
        spec=core_v1.NodeSpec(taints=list(taints)),
        status=core_v1.NodeStatus(conditions=told),
    )


def taint(key: str, effect: str = "NoSchedule") -> core_v1.Taint:
    return core_v1.Taint(key=f"node.kubernetes.io/{key}", effect=effect)


def test_lost_node_is_tainted_once() -> None:
    lost = node(taint("not-ready"), Ready="Unknown")
    (found,) = taints_of(lost, NOW)
    assert (found.key, found.time_added) == ("node.kubernetes.io/unreachable", NOW)
    lost.spec.taints = [found]
    assert list(taints_of(lost, NOW)) == [found]


def test_taints_of_others_stay() -> None:
    own = [taint("not-ready", "NoExecute"), taint("mine")]
    assert list(taints_of(node(*own, Ready="True"), NOW)) == own


def test_old_names_of_labels_follow_the_new_ones() -> None:
    named = node()
    named.metadata.labels = {"kubernetes.io/arch": "arm64", "a": "b"}
    assert node_labels_of(named)["beta.kubernetes.io/arch"] == "arm64"
