from dataclasses import replace

import pytest

from homeostat.localcluster._ownership import (
    FOREGROUND,
    ORPHAN,
    Delete,
    Dependent,
    DropFinalizer,
    DropOwners,
    Graph,
    Owner,
    decide_deleting,
    decide_living,
)


def ref(uid: str, *, blocks: bool = False) -> Owner:
    return Owner(uid=uid, api_version="v1", kind="Thing", name=uid, blocks=blocks)


def thing(uid: str, *owners: Owner, **rest: object) -> Dependent:
    item = Dependent(
        api_version="v1", kind="Thing", namespace="ns", name=uid, uid=uid, owners=owners
    )
    return replace(item, **rest)  # type: ignore[arg-type]


def test_object_without_owners_is_left_alone() -> None:
    assert decide_living(thing("a"), {}) is None


def test_object_whose_owner_lives_is_left_alone() -> None:
    item = thing("a", ref("o"))
    assert decide_living(item, {"o": "living"}) is None


def test_object_whose_owners_are_gone_is_deleted_in_the_background() -> None:
    item = thing("a", ref("o"), ref("p"))
    action = decide_living(
        item, {"o": "absent", "p": "absent"}, dependents=[thing("x")]
    )
    assert action == Delete(propagation="Background")


def test_one_living_owner_keeps_the_object_and_drops_the_others() -> None:
    item = thing("a", ref("o"), ref("p"), ref("q"))
    states = {"o": "living", "p": "absent", "q": "waiting"}
    action = decide_living(item, states)  # type: ignore[arg-type]
    assert action == DropOwners(uids=frozenset({"p", "q"}))


def test_foreground_deletion_goes_down_the_tree() -> None:
    item = thing("a", ref("o", blocks=True))
    states = {"o": "waiting"}
    parent = decide_living(item, states, dependents=[thing("x")])  # type: ignore[arg-type]
    leaf = decide_living(item, states)  # type: ignore[arg-type]
    circle = decide_living(
        item,
        states,  # type: ignore[arg-type]
        dependents=[thing("b"), thing("o", deleting=True, finalizers=(FOREGROUND,))],
    )
    assert parent == Delete(propagation="Foreground")
    assert circle == Delete(propagation="Foreground", unblock=True)
    assert leaf == Delete(propagation="Background")


@pytest.mark.parametrize(
    ("finalizer", "propagation"), [(ORPHAN, "Orphan"), (FOREGROUND, "Foreground")]
)
def test_own_finalizer_chooses_the_propagation(
    finalizer: str, propagation: str
) -> None:
    item = thing("a", ref("o"), finalizers=(finalizer,))
    action = decide_living(item, {"o": "absent"})
    assert action == Delete(propagation=propagation)  # type: ignore[arg-type]


def test_object_that_is_being_deleted_without_a_marker_is_left_alone() -> None:
    item = thing("a", ref("o"), deleting=True, finalizers=("other",))
    assert decide_deleting(item, [thing("b", ref("a"))]) == (None, [], [])


@pytest.mark.parametrize(
    ("changes", "namespace", "meant"),
    [
        ({}, "ns", True),
        ({}, "other", False),
        ({}, "", False),
        ({"namespace": ""}, "other", True),
        ({"kind": "Other"}, "ns", False),
        ({"api_version": "v2"}, "ns", False),
        ({"name": "other"}, "ns", False),
    ],
)
def test_reference_means_what_it_names_in_full(
    changes: dict[str, str], namespace: str, *, meant: bool
) -> None:
    assert thing("o", **changes).is_meant_by(ref("o"), namespace) is meant
    assert not thing("other", name="o").is_meant_by(ref("o"), namespace)


def test_graph_finds_references_across_namespaces_whoever_comes_first() -> None:
    graph = Graph()
    graph.observe(thing("o", namespace="other"))
    graph.observe(thing("p", namespace="other"))
    graph.observe(thing("q", namespace=""))
    item = thing("a", ref("unknown"), ref("q"), ref("o"), ref("p"))
    assert graph.misplaced(item) == [(item, ref("o"))]
    graph.observe(item)
    assert graph.misplaced(item) == []
    assert graph.misplaced(thing("unknown")) == []
    assert graph.misplaced(thing("unknown", namespace="")) == []
    late = thing("unknown", namespace="other")
    assert graph.misplaced(late) == [(item, ref("unknown"))]


def test_orphaning_cuts_the_references_before_the_finalizer() -> None:
    owner = thing("o", deleting=True, finalizers=(ORPHAN,))
    child = thing("a", ref("o"))
    action, cut, blocking = decide_deleting(owner, [child])
    assert action == DropFinalizer(finalizer=ORPHAN)
    assert cut == [(child, DropOwners(uids=frozenset({"o"})))]
    assert blocking == []


def test_foreground_owner_waits_for_those_that_block_it() -> None:
    owner = thing("o", deleting=True, finalizers=(FOREGROUND,))
    blocker = thing("a", ref("o", blocks=True))
    other = thing("b", ref("o"))
    assert decide_deleting(owner, [blocker, other]) == (None, [], ["a"])
    done = DropFinalizer(finalizer=FOREGROUND)
    assert decide_deleting(owner, [other]) == (done, [], [])


def test_graph_asks_for_the_dependents_of_what_ended() -> None:
    graph = Graph()
    assert graph.observe(thing("o")) == []
    assert graph.observe(thing("a", ref("o"))) == ["a"]
    assert graph.forget("o") == ["a"]


def test_graph_knows_dependents_before_their_owner() -> None:
    graph = Graph()
    graph.observe(thing("a", ref("o")))
    assert [d.uid for d in graph.dependents_of("o")] == ["a"]


def test_graph_asks_for_dependents_when_their_owner_begins_to_wait() -> None:
    graph = Graph()
    graph.observe(thing("o"))
    graph.observe(thing("a", ref("o", blocks=True)))
    waiting = thing("o", deleting=True, finalizers=(FOREGROUND,))
    assert graph.observe(waiting) == ["o", "a"]


def test_graph_asks_for_a_waiting_owner_when_a_dependent_ends_or_lets_go() -> None:
    graph = Graph()
    graph.observe(thing("o", deleting=True, finalizers=(FOREGROUND,)))
    graph.observe(thing("a", ref("o", blocks=True)))
    graph.observe(thing("b", ref("o", blocks=True)))
    assert graph.forget("a") == ["o"]
    assert graph.observe(thing("b")) == ["o"]


def test_graph_forgets_without_a_trace() -> None:
    graph = Graph()
    graph.observe(thing("a", ref("o")))
    graph.forget("a")
    assert len(graph) == 0
    assert graph.dependents_of("o") == []
    assert graph.forget("never-seen") == []
