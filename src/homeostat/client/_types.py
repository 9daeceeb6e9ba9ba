"""The values that the client's calls take and return."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias, TypedDict, TypeVar

from homeostat.api import FieldSelector, Selector

__all__ = [
    "ALL",
    "AllNamespaces",
    "Bookmark",
    "FieldValidation",
    "FieldsLike",
    "LabelsLike",
    "ListMatch",
    "NamespaceLike",
    "PatchType",
    "Propagation",
    "RawList",
    "Scale",
    "WatchEvent",
    "WriteOptions",
]

ObjectT_co = TypeVar("ObjectT_co", covariant=True)


class AllNamespaces(Enum):
    """The type of ``ALL``."""

    ALL = "all namespaces"


ALL: Final = AllNamespaces.ALL
"""Every namespace, where a call takes a namespace."""

NamespaceLike: TypeAlias = str | AllNamespaces | None
"""A namespace, ``ALL``, or None for the client's own."""

LabelsLike: TypeAlias = str | Selector | Mapping[str, str] | None
"""A label selector as text, parsed, or as labels that must all be there."""

FieldsLike: TypeAlias = str | FieldSelector | Mapping[str, str] | None
"""A field selector as text, parsed, or as fields that must all be equal."""

PatchType: TypeAlias = Literal["merge", "json", "strategic"]
FieldValidation: TypeAlias = Literal["Strict", "Warn", "Ignore"]
Propagation: TypeAlias = Literal["Background", "Foreground", "Orphan"]
ListMatch: TypeAlias = Literal["", "NotOlderThan", "Exact"]


class WriteOptions(TypedDict, total=False):
    """What every write of an object takes beside the object.

    Attributes:
        dry_run: Do everything but persist.
        field_manager: Who owns the fields; the controller's name inside a write
            scope, else the client's ``field_manager``, when it is left out.
        field_validation: What the server does with unknown and duplicate fields; left
            out, the server's own default (``Warn``).
    """

    dry_run: bool
    field_manager: str
    field_validation: FieldValidation


@dataclass(frozen=True, slots=True, kw_only=True)
class RawList:
    """One page of a list, with every object as its own bytes.

    Attributes:
        resource_version: Of the whole list; where a watch goes on.
        continue_: Token of the next page, "" on the last one.
        remaining: How many objects follow this page, None when the server does not say.
        items: Each object's own JSON bytes, copied out of the page: none of them keeps
            the page alive. Built-in kinds lack apiVersion and kind in here.
    """

    resource_version: str
    continue_: str
    remaining: int | None
    items: list[bytes]


@dataclass(frozen=True, slots=True)
class WatchEvent(Generic[ObjectT_co]):
    """What happened to one object.

    Attributes:
        type: What happened.
        object: The object after it; for ``DELETED`` its last state.
    """

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: ObjectT_co


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A point in the stream: everything up to ``resource_version`` was delivered.

    Attributes:
        resource_version: Where a new watch may go on.
        initial_events_end: This bookmark ends the initial events.
    """

    resource_version: str
    initial_events_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The scale subresource.

    Attributes:
        replicas: How many are wanted.
        observed: How many the controller last saw.
        selector: Label selector of the pods as text, "" when the kind has none.
        resource_version: Of the scaled object.
    """

    replicas: int
    observed: int
    selector: str
    resource_version: str
