"""What a StatefulSet does next: a pure decision over its pods.

One pod per ordinal, and where they are kept in order: created from the lowest to the
highest one, each when all below it are available, and deleted from the highest to the
lowest one, for a smaller size before a new revision.

Source: kubernetes ``pkg/controller/statefulset/stateful_set_control.go``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Member", "Step", "Verb", "Wish", "plan"]

Verb: TypeAlias = Literal["create", "delete", "mend", "claim"]


class Step(NamedTuple):
    """One thing to do.

    Attributes:
        verb: ``create`` the pod with its claims, ``delete`` it, ``mend`` what it and
            its claims are not as they are to be, or ``claim`` what it waits for.
        ordinal: Of the pod.
    """

    verb: Verb
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What the decision sees of a pod.

    Attributes:
        revision: Name of its revision.
        phase: Of its life.
        ready: It runs and is ready.
        available: It has been ready for long enough.
        terminating: It is being deleted.
        fits: Identity, storage and the owners of its claims are as they are to be.
    """

    revision: str
    phase: str = "Running"
    ready: bool = True
    available: bool = True
    terminating: bool = False
    fits: bool = True

    @property
    def is_finished(self) -> bool:
        """Whether it will never run again, whatever its containers returned."""
        return self.phase in {"Failed", "Succeeded"}

    @property
    def is_unavailable(self) -> bool:
        """Whether it is missed, or soon will be."""
        return not self.available or self.terminating


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a StatefulSet asks for.

    Attributes:
        ordinals: Of the pods that are to be.
        revision: Name of the revision of its template.
        ordered: One pod after the other; else all at once.
        partition: Pods of its ordinals from this one on are replaced by those of the
            revision, counted from the first ordinal; None where users do that.
        held: Ordinals that cannot be created yet: their old claims are still there.
    """

    ordinals: range
    revision: str
    ordered: bool = True
    partition: int | None = 0
    held: frozenset[int] = frozenset()


def plan(wish: Wish, members: Mapping[int, Member]) -> list[Step]:
    """Return what to do now, in this order; the rest waits for what comes of it.

    Args:
        wish: What is asked for.
        members: The pods that are there, by ordinal.
    """
    steps: list[Step] = []
    for ordinal in wish.ordinals:
        more, goes_on = _tend(wish, ordinal, members.get(ordinal))
        steps += more
        if wish.ordered and not goes_on:
            return steps
    condemned = sorted((o for o in members if o not in wish.ordinals), reverse=True)
    steps += [Step("mend", o) for o in condemned if not members[o].fits]
    deleted, goes_on = _shrink(wish, condemned, members)
    steps += deleted
    if goes_on and wish.partition is not None:
        steps += _update(wish, wish.partition, members)
    return steps


def _tend(wish: Wish, ordinal: int, member: Member | None) -> tuple[list[Step], bool]:
    """Return what to do about one ordinal, and whether those above it may follow."""
    if member is None:
        held = ordinal in wish.held
        return [] if held else [Step("create", ordinal)], False
    if member.is_finished:
        return [] if member.terminating else [Step("delete", ordinal)], False
    steps = [Step("claim", ordinal)] if member.phase == "Pending" else []
    if wish.ordered and (member.terminating or not (member.ready and member.available)):
        return steps, False
    if not member.fits:
        steps.append(Step("mend", ordinal))
    return steps, True


def _shrink(
    wish: Wish, condemned: list[int], members: Mapping[int, Member]
) -> tuple[list[Step], bool]:
    """Return the deletes of pods that are too many, and whether there are none left.

    In order, one that is not available keeps those below it waiting, but for the
    lowest of them, which itself is the one to go.
    """
    if not wish.ordered:
        return [
            Step("delete", o) for o in condemned if not members[o].terminating
        ], True
    if not condemned:
        return [], True
    highest = condemned[0]
    member = members[highest]
    lame = [o for o in condemned if members[o].is_unavailable]
    if member.terminating:
        return [], False
    if not (member.ready and member.available) and highest != lame[-1]:
        return [], False
    return [Step("delete", highest)], False


def _update(wish: Wish, partition: int, members: Mapping[int, Member]) -> list[Step]:
    """Return the delete of the highest pod of another revision, if it is its turn."""
    for ordinal in reversed(wish.ordinals[partition:]):
        member = members.get(ordinal)
        if member is None or member.is_finished:
            return []
        if member.revision != wish.revision and not member.terminating:
            return [Step("delete", ordinal)]
        if member.is_unavailable:
            return []
    return []
