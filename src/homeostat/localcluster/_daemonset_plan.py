"""Which pods of a DaemonSet come and go: a pure decision over its nodes.

Source: kubernetes ``pkg/controller/daemon`` (podsShouldBeOnNode, rollingUpdate).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Daemon", "Limits", "Moves", "Place", "manage", "roll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """What the decision sees of a pod.

    Attributes:
        name: Its name.
        is_new: It is of the present template.
        phase: Of its life.
        ready: It is ready.
        available: It has been ready for long enough.
        terminating: It is being deleted.
    """

    name: str
    is_new: bool = True
    phase: str = "Running"
    ready: bool = True
    available: bool = True
    terminating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node, or what is left of one.

    Attributes:
        starts: A pod is to be there.
        stays: One that is there may go on.
        pods: The pods there, in the order in which they count: those on their node
            before others, the oldest first.
        waits: Its last pod failed a short while ago.
    """

    starts: bool = True
    stays: bool = True
    pods: Sequence[Daemon] = ()
    waits: bool = False

    @property
    def living(self) -> Sequence[Daemon]:
        """The pods that are not being deleted."""
        return [pod for pod in self.pods if not pod.terminating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a rolling update may go.

    Attributes:
        surge: How many nodes may have a new pod beside the one that they have.
        unavailable: How many nodes may be without.
    """

    surge: int = 0
    unavailable: int = 1


@dataclass(slots=True, kw_only=True)
class Moves:
    """What to do.

    Attributes:
        create: Names of the nodes that get a pod.
        delete: Names of the pods that go.
        failed: Of those the ones that failed, with the names of their nodes.
        succeeded: Of those the ones that came to an end, which none should.
    """

    create: list[str] = field(default_factory=list[str])
    delete: list[str] = field(default_factory=list[str])
    failed: dict[str, str] = field(default_factory=dict[str, str])
    succeeded: dict[str, str] = field(default_factory=dict[str, str])

    def __bool__(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.create or self.delete)


def manage(places: Mapping[str, Place], *, surges: bool) -> Moves:
    """Return what makes each node have the pod that it is to have, and no other.

    Args:
        places: The nodes by name.
        surges: Whether an update starts the new pod before it stops the old one.
    """
    moves = Moves()
    for name, place in places.items():
        if place.starts and not place.pods:
            moves.create.append(name)
        elif place.stays:
            running = _bury(name, place, moves)
            if surges and not running and place.starts:
                moves.create.append(name)
            moves.delete += _surplus(running, surges=surges)
        else:
            moves.delete += [pod.name for pod in place.living]
    return moves


def _bury(name: str, place: Place, moves: Moves) -> list[Daemon]:
    """Note the pods that have finished; return those that run.

    A node whose pods fail again and again is left alone for ever longer.
    """
    running: list[Daemon] = []
    for pod in place.living:
        if pod.phase == "Failed":
            if not place.waits and name not in moves.failed.values():
                moves.failed[pod.name] = name
                moves.delete.append(pod.name)
        elif pod.phase == "Succeeded":
            moves.succeeded[pod.name] = name
            moves.delete.append(pod.name)
        else:
            running.append(pod)
    return running


def _surplus(running: Sequence[Daemon], *, surges: bool) -> list[str]:
    """Return the pods that are too many on a node: with a surge there may be two."""
    if len(running) <= 1:
        return []
    if not surges:
        return [pod.name for pod in running[1:]]
    new = next((pod for pod in running if pod.is_new), None)
    old = next((pod for pod in running if not pod.is_new), None)
    goes = [pod.name for pod in running if pod not in (new, old)]
    if new and old and (not old.ready or new.available):
        goes.append(old.name)
    return goes


def roll(places: Mapping[str, Place], limits: Limits) -> Moves:
    """Return what takes a rolling update one step further.

    Args:
        places: The nodes by name, on which nothing else is to be done.
        limits: How far it may go.
    """
    pairs = {
        name: _pair(place)
        for name, place in places.items()
        if place.starts or place.pods
    }
    return _surge(places, pairs, limits) if limits.surge else _replace(pairs, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    new: Daemon | None = None
    old: Daemon | None = None
    crowded: bool = False  # more than that, of which only one is known


def _pair(place: Place) -> _Pair:
    new = [pod for pod in place.living if pod.is_new]
    old = [pod for pod in place.living if not pod.is_new]
    if len(new) > 1 or len(old) > 1:
        return _Pair(crowded=True)
    return _Pair(new=next(iter(new), None), old=next(iter(old), None))


def _replace(pairs: Mapping[str, _Pair], limits: Limits) -> Moves:
    """Delete old pods: those that serve nobody, and others as far as may be missed."""
    missing = sum(_is_missed(pair) for pair in pairs.values())
    single = [p.old for p in pairs.values() if p.old and not p.new]
    lame = [old.name for old in single if not old.available]
    good = [old.name for old in single if old.available]
    return Moves(delete=lame + good[: max(0, limits.unavailable - missing)])


def _is_missed(pair: _Pair) -> bool:
    """Tell whether a node has no pod that serves, or will be seen to in another way."""
    if pair.crowded or (pair.new is None) == (pair.old is None):
        return True
    only = pair.new or pair.old
    return only is None or not only.available


def _surge(
    places: Mapping[str, Place], pairs: Mapping[str, _Pair], limits: Limits
) -> Moves:
    """Start new pods beside old ones, which go when the new ones serve."""
    moves = Moves()
    surging = sum(_is_surging(pair) for pair in pairs.values())
    candidates: list[str] = []
    misplaced: list[str] = []
    for name, pair in pairs.items():
        if pair.old is None:
            continue
        if pair.new is not None:
            if pair.new.available:
                moves.delete.append(pair.old.name)
        elif not pair.old.available:
            if places[name].starts:
                moves.create.append(name)
            else:
                moves.delete.append(pair.old.name)
        elif places[name].starts:
            candidates.append(name)
        else:
            misplaced.append(pair.old.name)
    serving = sum(_serves(pair) for pair in pairs.values())
    desired = sum(place.starts for place in places.values())
    # Nobody is to miss the pod of a node that is not wanted any more.
    moves.delete += misplaced[: max(0, serving - desired)]
    moves.create += candidates[: max(0, limits.surge - surging)]
    return moves


def _is_surging(pair: _Pair) -> bool:
    both = pair.old is not None and pair.new is not None
    return pair.crowded or (both and not (pair.new and pair.new.available))


def _serves(pair: _Pair) -> bool:
    first = pair.old or pair.new
    return first is not None and first.available
