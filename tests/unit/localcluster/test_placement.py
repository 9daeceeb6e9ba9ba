import pytest

from homeostat.api import ObjectMeta
from homeostat.k8s import core_v1
from homeostat.localcluster._placement import UNSCHEDULABLE, choose, fits, tolerates

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


def test_cordon_is_tolerated_as_a_taint() -> None:
    toleration = core_v1.Toleration(key=UNSCHEDULABLE, operator="Exists")
    assert fits(pod(tolerations=[toleration]), node("a", unschedulable=True))


def needs(*terms: core_v1.NodeSelectorTerm) -> core_v1.Pod:
    required = core_v1.NodeSelector(node_selector_terms=list(terms))
    affinity = core_v1.NodeAffinity(
        required_during_scheduling_ignored_during_execution=required
    )
    return pod(affinity=core_v1.Affinity(node_affinity=affinity))


def having(key: str, operator: str, *values: str) -> core_v1.NodeSelectorTerm:
    return core_v1.NodeSelectorTerm(
        match_expressions=[
            core_v1.NodeSelectorRequirement(
                key=key, operator=operator, values=list(values)
            )
        ]
    )


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (having("size", "In", "5", "6"), True),
        (having("size", "In", "6"), False),
        (having("size", "NotIn", "6"), True),
        (having("zone", "NotIn", "a"), True),
        (having("size", "Exists"), True),
        (having("zone", "DoesNotExist"), True),
        (having("size", "DoesNotExist"), False),
        (having("size", "Gt", "4"), True),
        (having("size", "Lt", "5"), False),
        (having("zone", "Gt", "4"), False),
        (core_v1.NodeSelectorTerm(), False),
    ],
)
def test_required_affinity(term: core_v1.NodeSelectorTerm, *, expected: bool) -> None:
    sized = node("a")
    sized.metadata.labels["size"] = "5"
    assert fits(needs(term), sized) is expected
    assert fits(needs(term, having("size", "Exists")), sized)
    named = core_v1.NodeSelectorRequirement(
        key="metadata.name", operator="In", values=["b"]
    )
    term.match_fields.append(named)
    assert not fits(needs(term), sized)


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
