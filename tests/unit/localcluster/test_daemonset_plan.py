from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from homeostat.localcluster._daemonset_plan import Daemon, Limits, Place, manage, roll

NEW = Daemon(name="new")
OLD = Daemon(name="old", is_new=False)
LAME = Daemon(name="lame", ready=False, available=False)
OLD_LAME = replace(LAME, name="old-lame", is_new=False)
GOING = Daemon(name="going", terminating=True)


def at(*pods: Daemon, starts: bool = True, stays: bool = True) -> dict[str, Place]:
    return {"n": Place(pods=pods, starts=starts, stays=stays)}


def managed(places: Mapping[str, Place], *, surges: bool = False) -> list[str]:
    moves = manage(places, surges=surges)
    return [*(f"+{name}" for name in moves.create), *moves.delete]


def rolled(places: Mapping[str, Place], **limits: int) -> list[str]:
    moves = roll(places, Limits(**limits))
    return [*(f"+{name}" for name in moves.create), *moves.delete]


def test_each_node_gets_one_pod() -> None:
    assert managed(at()) == ["+n"]
    assert managed(at(NEW)) == []
    assert managed(at(starts=False)) == []
    assert managed(at(NEW, starts=False)) == []
    assert managed(at(NEW, GOING, starts=False, stays=False)) == ["new"]
    # The first one counts.
    assert managed(at(OLD, NEW, LAME)) == ["new", "lame"]


def test_pod_on_its_way_out_keeps_the_place_but_in_a_surge() -> None:
    assert managed(at(GOING)) == []
    assert managed(at(GOING), surges=True) == ["+n"]
    assert managed(at(GOING, starts=False), surges=True) == []


def test_finished_pods_go_and_failed_ones_in_their_time() -> None:
    failed = [replace(LAME, name=name, phase="Failed") for name in ("f", "g")]
    ended = replace(LAME, name="s", phase="Succeeded")
    moves = manage(at(*failed, ended), surges=False)
    assert (moves.delete, moves.create) == (["f", "s"], [])
    assert (moves.failed, moves.succeeded) == ({"f": "n"}, {"s": "n"})
    assert managed({"n": Place(pods=failed, waits=True)}) == []


def test_surge_has_an_old_and_a_new_pod_until_one_is_enough() -> None:
    assert managed(at(OLD, LAME), surges=True) == []
    assert managed(at(OLD, NEW), surges=True) == ["old"]
    assert managed(at(OLD_LAME, LAME), surges=True) == ["old-lame"]
    third = replace(NEW, name="third")
    assert managed(at(OLD, LAME, third), surges=True) == ["third"]


def nodes(*pods: Sequence[Daemon]) -> dict[str, Place]:
    """Return nodes with these pods, whose names get the number of the node."""
    return {
        f"{n}": Place(pods=[replace(p, name=f"{p.name}{n}") for p in found])
        for n, found in enumerate(pods)
    }


def test_update_deletes_what_may_be_missed() -> None:
    assert rolled(nodes([OLD], [OLD], [OLD])) == ["old0"]
    assert rolled(nodes([OLD], [OLD], [OLD]), unavailable=2) == ["old0", "old1"]
    assert rolled(nodes([OLD], [LAME], [OLD])) == []
    assert rolled(nodes([OLD], [LAME], [OLD]), unavailable=2) == ["old0"]
    # Who serves nobody is not missed.
    assert rolled(nodes([OLD], [OLD_LAME], [LAME])) == ["old-lame1"]
    assert rolled(nodes([OLD], [])) == []
    assert rolled(nodes([OLD], [OLD, NEW])) == []
    assert rolled(nodes([OLD], [NEW, NEW])) == []
    assert rolled(nodes([OLD], [GOING])) == []


def test_surge_starts_new_pods_and_stops_old_ones_then() -> None:
    limits = {"surge": 1, "unavailable": 0}
    assert rolled(nodes([OLD], [OLD]), **limits) == ["+0"]
    assert rolled(nodes([OLD, LAME], [OLD]), **limits) == []
    assert rolled(nodes([OLD, NEW], [OLD]), **limits) == ["+1", "old0"]
    assert rolled(nodes([OLD, LAME], [OLD_LAME]), **limits) == ["+1"]
    assert rolled(nodes([NEW], [NEW]), **limits) == []


def test_surge_leaves_a_node_when_another_serves_in_its_place() -> None:
    limits = {"surge": 1, "unavailable": 0}
    gone = Place(pods=[replace(OLD, name="astray")], starts=False)
    assert rolled({**nodes([LAME]), "x": gone}, **limits) == []
    assert rolled({**nodes([NEW]), "x": gone}, **limits) == ["astray"]
    lame = Place(pods=[OLD_LAME], starts=False)
    assert rolled({**nodes([LAME]), "x": lame}, **limits) == ["old-lame"]


DAEMONS = st.builds(
    Daemon,
    name=st.just("p"),
    is_new=st.booleans(),
    ready=st.booleans(),
    available=st.booleans(),
    terminating=st.booleans(),
).map(lambda d: replace(d, available=d.available and d.ready))
WORLDS = st.lists(st.lists(DAEMONS, max_size=2), max_size=6)


@given(WORLDS, st.integers(1, 3))
def test_update_takes_no_more_than_allowed(
    world: list[list[Daemon]], unavailable: int
) -> None:
    places = {
        f"{n}": Place(pods=[replace(p, name=f"{n}-{i}") for i, p in enumerate(found)])
        for n, found in enumerate(world)
    }
    gone = set(roll(places, Limits(unavailable=unavailable)).delete)

    def serving(place: Place, without: set[str]) -> bool:
        return any(p.available for p in place.living if p.name not in without)

    lost = [p for p in places.values() if serving(p, set()) and not serving(p, gone)]
    missing = [p for p in places.values() if not serving(p, gone)]
    assert not lost or len(missing) <= unavailable
    # It is old pods that go, and none that is on its way already.
    found = {p.name: p for place in places.values() for p in place.pods}
    assert all(not found[n].is_new and not found[n].terminating for n in gone)


@given(st.integers(1, 6), st.integers(0, 2), st.integers(1, 3))
def test_update_comes_to_an_end(size: int, surge: int, unavailable: int) -> None:
    limits = Limits(surge=surge, unavailable=0 if surge else unavailable)
    pods = {f"{n}": [replace(OLD, name=f"old{n}")] for n in range(size)}
    for step in range(4 * size):
        places = {name: Place(pods=found) for name, found in pods.items()}
        moves = manage(places, surges=bool(surge)) or roll(places, limits)
        for name in moves.create:
            pods[name].append(replace(NEW, name=f"new{step}"))
        for name, found in pods.items():
            pods[name] = [p for p in found if p.name not in moves.delete]
        assert sum(not found for found in pods.values()) <= limits.unavailable
        assert sum(len(found) > 1 for found in pods.values()) <= surge
    assert all(p.is_new for found in pods.values() for p in found)
