"""Which changes matter: predicates, and how they combine.

A predicate is made of tests. A *projection* test looks at a part of the object and asks
whether that part differs from what it was when the last reconcile started; an *event*
test is a user's function of the states before and after. Only updates are compared:
that an object appeared or vanished matters to every projection.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Final, TypeAlias, final

import msgspec

from homeostat.cache import Record

__all__ = [
    "DEFAULT_FOR_OTHERS",
    "DEFAULT_FOR_RECONCILED",
    "Predicate",
    "annotations_changed",
    "generation_changed",
    "labels_changed",
    "predicate",
]

EventTest: TypeAlias = Callable[[Record | None, Record | None], bool]
Projection: TypeAlias = Callable[[Record], Hashable]
Verdict: TypeAlias = bool | None  # None: no opinion
Judge: TypeAlias = Callable[["Predicate"], Verdict]

_read_parts: Callable[[bytes | msgspec.Raw], dict[str, msgspec.Raw]]
_read_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@final
@dataclass(frozen=True, slots=True, eq=False)
class Predicate:
    """Decides whether a change is worth a reconcile; combine with ``|``, ``&``, ``~``.

    Attributes:
        name: What the log calls it.
        projection: Part of the object that is compared, None for an event test.
        test: The user's function, None for a projection.
        operator: ``|``, ``&`` or ``~`` of ``parts``; "" for a single test.
        parts: What the operator combines.
    """

    name: str
    projection: Projection | None = None
    test: EventTest | None = None
    operator: str = ""
    parts: tuple["Predicate", ...] = ()

    def __or__(self, other: "Predicate") -> "Predicate":
        """Return a predicate that passes what either passes."""
        name = f"({self.name} | {other.name})"
        return Predicate(name, operator="|", parts=(self, other))

    def __and__(self, other: "Predicate") -> "Predicate":
        """Return a predicate that passes what both pass."""
        name = f"({self.name} & {other.name})"
        return Predicate(name, operator="&", parts=(self, other))

    def __invert__(self) -> "Predicate":
        """Return a predicate that passes what this one does not."""
        return Predicate(f"~{self.name}", operator="~", parts=(self,))

    def tests(self) -> tuple["Predicate", ...]:
        """Return the single tests that this predicate is made of, left to right."""
        if not self.operator:
            return (self,)
        return tuple(test for part in self.parts for test in part.tests())

    def verdict(self, judge: Judge) -> Verdict:
        """Combine what ``judge`` says of the single tests.

        A test without an opinion (None) leaves the decision to the others, and so does
        its negation: ``~labels_changed`` must not hide that an object appeared.
        """
        if not self.operator:
            return judge(self)
        verdicts = [part.verdict(judge) for part in self.parts]
        if self.operator == "~":
            return None if verdicts[0] is None else not verdicts[0]
        decisive = self.operator == "|"
        if decisive in verdicts:
            return decisive
        return None if None in verdicts else not decisive


def predicate(test: EventTest) -> Predicate:
    """Make a predicate of a function of the states before and after a change.

    Args:
        test: Gets the records before and after; None before an object appeared and
            after it vanished. Changes that came close together arrive as one. When it
            raises, the change passes.

    Example:
        ``@predicate`` above ``def wanted(old, new): return new is not None``.
    """
    if iscoroutinefunction(test):
        raise TypeError("a predicate never waits: make it a def, not async def")
    return Predicate(getattr(test, "__name__", "predicate"), test=test)


def _generation(record: Record) -> Hashable:
    # Some kinds have no generation: whatever they have in place of a spec counts.
    if record.generation is None:
        return (record.uid, record.deleting, _digest(record, "status"))
    return (record.uid, record.deleting, record.generation)


def _labels(record: Record) -> Hashable:
    return frozenset(record.labels.items())


def _annotations(record: Record) -> Hashable:
    return frozenset(record.annotations.items())


def _content(record: Record) -> Hashable:
    return (record.uid, _digest(record))


_NOT_CONTENT = frozenset({"managedFields", "resourceVersion"})


def _digest(record: Record, *without: str) -> Hashable:
    """Return a hash of an object, but for some of its parts and of its metadata's.

    Of its bytes: a server writes what is the same in the same way, and where it does
    not, one reconcile too many is the price of not decoding each object twice.
    """
    parts = _read_parts(record.data)
    metadata = _read_parts(parts.pop("metadata"))
    kept = [(k, bytes(v)) for k, v in parts.items() if k not in without]
    held = [(k, bytes(v)) for k, v in metadata.items() if k not in _NOT_CONTENT]
    kept.sort()
    held.sort()
    return hash((*kept, "metadata", *held))


generation_changed: Final[Predicate] = Predicate(
    "generation_changed", projection=_generation
)
"""Passes a new uid, generation or deletionTimestamp; for kinds without a generation,
any change outside of managedFields, resourceVersion and status."""

labels_changed: Final[Predicate] = Predicate("labels_changed", projection=_labels)
"""Passes changed labels."""

annotations_changed: Final[Predicate] = Predicate(
    "annotations_changed", projection=_annotations
)
"""Passes changed annotations."""

DEFAULT_FOR_RECONCILED: Final = generation_changed
DEFAULT_FOR_OTHERS: Final = Predicate("content_changed", projection=_content)
