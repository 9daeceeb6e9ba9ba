"""The versions in which owners wrote: what changed is told in the words of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from homeostat.api import JSON, Schema
from homeostat.schema._atoms import Atom, root_atom
from homeostat.schema._check_shape import check_shape
from homeostat.schema._compare import Comparison, compare
from homeostat.schema._fieldset import FieldSet

__all__ = ["FindVersion", "KindVersion", "View", "Views"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindVersion:
    """One version of a kind, as far as ownership goes.

    Attributes:
        schema: Of a whole object; None deduces.
        reset: Fields that the endpoint does not write in this version.
        convert: Turns an object of the apiVersion named into one of this version; the
            object given stays as it is.
    """

    schema: Schema | None
    reset: FieldSet | None
    convert: Callable[[dict[str, Any], str], dict[str, Any]]


FindVersion: TypeAlias = Callable[[str], KindVersion | None]
"""Finds a version by its apiVersion; None when it is not known any more."""


class View(NamedTuple):
    """How objects are looked at in one version.

    Attributes:
        atom: Of the schema.
        reset: Fields that the endpoint does not write.
    """

    atom: Atom
    reset: FieldSet | None


class Views:
    """The versions that one write has to do with.

    Args:
        api_version: The version of the write.
        own: How objects look in it.
        find: Finds the others; None when all versions are alike.
    """

    __slots__ = ("_find", "_own", "api_version")

    def __init__(
        self, api_version: str, own: View, find: FindVersion | None = None
    ) -> None:
        self.api_version = api_version
        self._own = own
        self._find = find

    def at(self, api_version: str) -> View | None:
        """Return how objects look in a version; None when it is not known."""
        if self._find is None or api_version == self.api_version:
            return self._own
        version = self._find(api_version)
        if version is None:
            return None
        return View(root_atom(version.schema), version.reset)

    def knows(self, entries: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether the versions of all entries of managedFields are known."""
        return all(self.at(entry.get("apiVersion", "")) for entry in entries)

    def convert(self, value: JSON, source: str, target: str) -> JSON:
        """Return an object in another version; the two must be known.

        Raises:
            SchemaMismatchError: It does not fit the schema there.
        """
        version = self._find(target) if self._find and source != target else None
        if version is None:
            return value
        converted = version.convert(value, source)
        check_shape(converted, root_atom(version.schema), duplicates=True)
        return converted

    def changes(self, live: JSON, new: JSON, api_version: str) -> Comparison | None:
        """Return what a write changed, in a version; None when it is not known."""
        view = self.at(api_version)
        if view is None:
            return None
        own = self.api_version
        before = self.convert(live, own, api_version)
        after = self.convert(new, own, api_version)
        return compare(before, after, view.atom).without(view.reset)
