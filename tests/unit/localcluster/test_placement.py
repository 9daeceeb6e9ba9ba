import pytest

from homeostat.api import ObjectMeta
from homeostat.k8s import core_v1
from homeostat.localcluster._placement import choose, fits, tolerates

TAINT = core_v1.Taint(key="gpu", value="yes", effect="NoSchedule")


def node(name: str, **spec: object) -> core_v1.Node:
    labels = {"kubernetes.io/hostname": name}
    return core_v1.Node(
        metadata=ObjectMeta(name=name, labels=labels),
        spec=core_v1.NodeSpec(**spec),  # type: ignore[arg-type]
    )


def pod(**spec: object) -> core_v1.Pod:
    return core_v1.Pod(spec=core_v1.PodSpec(**spec))  # type: ignore[arg-type]


def test_emptiest_node_wins_and_names_break_ties() -> None:
    nodes = [node("b"), node("a"), node("c")]
    assert choose(pod(), nodes, {"a": 2, "b": 1, "c": 1}) == "b"
    assert choose(pod(), nodes, {}) == "a"


def test_no_node_fits() -> None:
    assert choose(pod(), [node("a", unschedulable=True)], {}) is None
    assert choose(pod(), [], {}) is None


def test_node_selector_must_match() -> None:
    wanted = pod(node_selector={"kubernetes.io/hostname": "b"})
    assert choose(wanted, [node("a"), node("b")], {}) == "b"


def test_hard_taints_need_a_toleration() -> None:
    tainted = node("a", taints=[TAINT])
    assert not fits(pod(), tainted)
    tolerant = core_v1.Toleration(key="gpu", value="yes")
    assert fits(pod(tolerations=[tolerant]), tainted)
    soft = core_v1.Taint(key="gpu", value="yes", effect="PreferNoSchedule")
    assert fits(pod(), node("a", taints=[soft]))


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (core_v1.Toleration(operator="Exists"), True),
        (core_v1.Toleration(key="gpu", operator="Exists"), True),
        (core_v1.Toleration(key="gpu", operator="Equal", value="yes"), True),
        (core_v1.Toleration(key="gpu", value="no"), False),
        (core_v1.Toleration(key="cpu", operator="Exists"), False),
        (core_v1.Toleration(operator="Exists", effect="NoExecute"), False),
    ],
)
def test_tolerates(toleration: core_v1.Toleration, *, expected: bool) -> None:
    assert tolerates(toleration, TAINT) is expected
