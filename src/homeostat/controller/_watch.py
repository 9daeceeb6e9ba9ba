"""What makes a controller run besides the objects it reconciles."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TypeAlias, final

from homeostat.api import FieldSelector, Kind, Request, Selector, kind_of
from homeostat.cache import Reader, Record
from homeostat.controller._checks import check_kind, check_predicate
from homeostat.controller._predicate import Predicate

__all__ = ["MapFunction", "Watch", "by_label", "by_name", "by_owner"]

MapFunction: TypeAlias = Callable[[Record, Reader], Iterable[Request]]
"""From a changed object to the objects to reconcile. Called with the state before and
with the state after the change, so that a dropped reference counts. It must not wait;
when it raises it is tried again with backoff, and its event is kept."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A kind whose changes trigger the controller.

    Attributes:
        kind: A class, or a GroupVersionKind for objects as plain dicts.
        to: Which objects to reconcile when one of that kind changes.
        predicate: Which changes matter; None for all but managedFields and
            resourceVersion.
        labels: Label selector of what is watched and cached, "" for all.
        fields: Field selector of what is watched and cached, "" for all.
        metadata_only: Cache metadata alone: cheap, and enough for many map functions.
    """

    kind: Kind
    to: MapFunction
    predicate: Predicate | None = None
    labels: str = ""
    fields: str = ""
    metadata_only: bool = False

    def __init__(
        self,
        kind: Kind,
        *,
        to: MapFunction,
        predicate: Predicate | None = None,
        labels: str | Selector = "",
        fields: str = "",
        metadata_only: bool = False,
    ) -> None:
        """Declare what to watch.

        Raises:
            TypeError: The kind is no kind, ``to`` no plain function, or ``predicate``
                no predicate.
            ValueError: A selector that the API server would refuse.
        """
        check_kind(kind, "Watch")
        if iscoroutinefunction(to):
            raise TypeError("a map function never waits: make it a def, not async def")
        if not callable(to):
            raise TypeError(
                'Watch(to=...) takes a map function, as by_owner(Kind) or by_label("x")'
            )
        if predicate is not None:
            check_predicate(predicate)
        _check_selectors(labels, fields)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "to", to)
        object.__setattr__(self, "predicate", predicate)
        object.__setattr__(self, "labels", str(labels))
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "metadata_only", metadata_only)


def _check_selectors(labels: str | Selector, fields: str) -> None:
    for option, text, parse in (
        ("labels", labels, Selector.parse),
        ("fields", fields, FieldSelector.parse),
    ):
        if not isinstance(text, str):
            if option == "labels" and isinstance(text, Selector):
                continue
            raise TypeError(f'Watch({option}=...) takes a text, as "a=b,c!=d"')
        try:
            parse(text)
        except ValueError as error:
            raise ValueError(f"Watch({option}={text!r}): {error}") from None


def by_label(label: str) -> MapFunction:
    """Map an object to the one that its label names, in its own namespace.

    Args:
        label: Key of the label whose value is the name; without it nothing is mapped.
    """

    def to_labelled(record: Record, _reader: Reader) -> Iterable[Request]:
        name = record.labels.get(label)
        return [Request(record.namespace, name)] if name else []

    return to_labelled


def by_name() -> MapFunction:
    """Map an object to the one of the same namespace and name."""

    def to_namesake(record: Record, _reader: Reader) -> Iterable[Request]:
        return [Request(record.namespace, record.name)]

    return to_namesake


def by_owner(kind: Kind, *, controller: bool = False) -> MapFunction:
    """Map an object to its owners of one kind, whatever their version.

    Args:
        kind: Kind of the owners.
        controller: Only the controlling owner; else every owner.
    """
    check_kind(kind, "by_owner")
    wanted = kind_of(kind).group_kind

    def to_owner(record: Record, _reader: Reader) -> Iterable[Request]:
        return [
            Request(record.namespace, ref.name)
            for ref in record.owners
            if (ref.controller or not controller)
            and (ref.api_version.rpartition("/")[0], ref.kind) == wanted
        ]

    return to_owner
