"""Merging a configuration into an object, and taking fields out of one."""

from collections.abc import Sequence
from typing import Any, cast, final

from homeostat.api import JSON
from homeostat.schema._atoms import Atom
from homeostat.schema._elements import field_element, path_text
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._items import (
    ABSENT,
    SchemaMismatchError,
    entry_atom,
    item_element,
    shape_of,
)

__all__ = ["merge", "named_members", "remove"]


def merge(live: JSON, config: JSON, atom: Atom) -> JSON:
    """Return ``live`` with what ``config`` says; the results share parts with both.

    Raises:
        SchemaMismatchError: A list of ``config`` holds an item twice.

    Source: structured-merge-diff ``typed/merge.go``.
    """
    if config is ABSENT:
        return live
    if live is ABSENT:
        return config
    shape = shape_of(config, atom)
    if shape == "map" and not atom.atomic_map:
        lives = cast("dict[str, Any]", live) if isinstance(live, dict) else {}
        configs = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
        if lives or configs:
            return _merge_maps(lives, configs, atom)
    if shape == "list" and atom.associative:
        before = cast("Sequence[Any]", live) if isinstance(live, list) else ()
        after = cast("Sequence[Any]", config) if isinstance(config, list) else ()
        if before or after:
            return _merge_lists(before, after, atom)
    return cast("Any", config)


def _merge_maps(
    live: dict[str, Any], config: dict[str, Any], atom: Atom
) -> dict[str, Any]:
    merged = dict(live)
    for name, item in config.items():
        current = live.get(name, ABSENT)
        parts = isinstance(item, dict | list) or isinstance(current, dict | list)
        if current is ABSENT or not parts:
            merged[name] = item
        else:
            merged[name] = merge(current, item, entry_atom(atom, name))
    return merged


def _merge_lists(live: Sequence[Any], config: Sequence[Any], atom: Atom) -> list[Any]:
    return _ListMerge(live, config, atom).run()


@final
class _ListMerge:
    """Merge items by element, in an order that respects both lists.

    Items of ``config`` keep their order; items of ``live`` alone stay before the item
    that they stood before, as far as that is possible.
    """

    __slots__ = ("_atom", "_done", "_elements", "_live", "_merged", "_new", "_old",
                 "_right", "_shared", "_wanted")  # fmt: skip

    def __init__(self, live: Sequence[Any], config: Sequence[Any], atom: Atom) -> None:
        self._atom = atom.item()
        self._live = live
        self._new = _indexed(config, atom)
        self._wanted = list(self._new)
        elements = [item_element(item, atom) for item in live]
        # Of items that occur twice no one is merged: what is applied stands.
        repeated = len(set(elements)) < len(elements)
        self._old = {
            element: None if repeated and elements.count(element) > 1 else item
            for element, item in zip(elements, live, strict=True)
        }
        self._elements = elements
        self._shared = [each for each in self._wanted if each in self._old]
        self._merged: list[Any] = []
        self._done: set[str] = set()
        self._right = 0

    def run(self) -> list[Any]:
        left = 0
        while left < len(self._elements) or self._right < len(self._wanted):
            if left == len(self._elements):
                self._take()
            else:
                left += self._step(left)
        return self._merged

    def _step(self, left: int) -> int:
        """Look at one item of ``live``; return 1 when it is dealt with."""
        element = self._elements[left]
        if self._right < len(self._wanted):
            if element == self._wanted[self._right]:
                self._take()
                return 1
            shared = self._shared
            if element in self._new and shared and shared[0] != element:
                return 1  # shared, but another of the shared ones comes first
        if element not in self._new:
            self._merged.append(self._live[left])
            return 1
        done = element in self._done
        if self._right < len(self._wanted):
            self._take()
        return int(done)

    def _take(self) -> None:
        """Append the next item of ``config``, merged with its like in ``live``."""
        element = self._wanted[self._right]
        current = self._old.get(element, ABSENT)
        self._done.add(element)
        self._merged.append(merge(current, self._new[element], self._atom))
        if self._shared and self._shared[0] == element:
            self._shared.pop(0)
        self._right += 1


def _indexed(items: Sequence[Any], atom: Atom) -> dict[str, Any]:
    indexed: dict[str, Any] = {}
    for item in items:
        element = item_element(item, atom)
        if element in indexed:
            raise SchemaMismatchError(
                f"duplicate entries for key {path_text((element,))}"
            )
        indexed[element] = item
    return indexed


def remove(value: JSON, fields: FieldSet, atom: Atom) -> JSON:
    """Return a value without some fields; a map or list left empty becomes null.

    Source: structured-merge-diff ``typed/remove.go``.
    """
    shape = shape_of(value, atom)
    if shape == "map" and isinstance(value, dict):
        if atom.atomic_map:
            return None
        return _remove_entries(cast("dict[str, Any]", value), fields, atom) or None
    if shape == "list" and isinstance(value, list):
        if not atom.associative:
            return None
        return _remove_items(cast("Sequence[Any]", value), fields, atom) or None
    return value


def _remove_entries(
    value: dict[str, Any], fields: FieldSet, atom: Atom
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, item in value.items():
        element = field_element(name)
        if element in fields.members:
            continue
        below = fields.children.get(element)
        kept[name] = remove(item, below, entry_atom(atom, name)) if below else item
    return kept


def _remove_items(value: Sequence[Any], fields: FieldSet, atom: Atom) -> list[Any]:
    kept: list[Any] = []
    child = atom.item()
    for item in value:
        element = item_element(item, atom)
        if element in fields.members:
            continue
        below = fields.children.get(element)
        kept.append(remove(item, below, child) if below else item)
    return kept


def named_members(fields: FieldSet, atom: Atom) -> FieldSet:
    """Return the set with every field that the schema names and that has children.

    Who owns ``spec.replicas`` does not own ``spec``; when fields are taken away, an
    emptied ``spec`` has to go too.

    Source: structured-merge-diff ``Set.EnsureNamedFieldsAreMembers``.
    """
    if not fields.children:
        return fields
    named: list[str] = []
    children: dict[str, FieldSet] = {}
    for element, below in fields.children.items():
        child = atom.step(element)
        if element.startswith("f:") and atom.is_map and atom.field(element[2:]):
            named.append(element)
        children[element] = below if child is None else named_members(below, child)
    return fields.with_children(children).with_members(named)
