"""Merging a configuration into an object, and taking fields out of one."""

from typing import Any, cast

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
        return _merge_maps(lives, configs, atom) if lives or configs else config
    if shape == "list" and atom.associative:
        before = cast("list[Any]", live) if isinstance(live, list) else []
        after = cast("list[Any]", config) if isinstance(config, list) else []
        return _merge_lists(before, after, atom) if before or after else config
    return config


def _merge_maps(
    live: dict[str, Any], config: dict[str, Any], atom: Atom
) -> dict[str, Any]:
    merged = dict(live)
    for name, item in config.items():
        current = live.get(name, ABSENT)
        if current is ABSENT:
            merged[name] = item
        else:
            merged[name] = merge(current, item, entry_atom(atom, name))
    return merged


def _merge_lists(live: list[Any], config: list[Any], atom: Atom) -> list[Any]:
    """Merge items by element, in an order that respects both lists.

    Items of ``config`` keep their order; items of ``live`` alone stay before the item
    that they stood before, as far as that is possible.
    """
    child = atom.item()
    new = _indexed(config, atom)
    elements = [item_element(item, atom) for item in live]
    # Of items that occur twice no one is merged: the value that is applied stands.
    old = {
        element: None if elements.count(element) > 1 else item
        for element, item in zip(elements, live, strict=True)
    }
    wanted = list(new)
    shared = [element for element in wanted if element in old]
    merged: list[Any] = []
    done: set[str] = set()
    left = right = 0

    def take() -> None:
        nonlocal right
        element = wanted[right]
        done.add(element)
        merged.append(merge(old.get(element, ABSENT), new[element], child))
        if shared and shared[0] == element:
            shared.pop(0)
        right += 1

    while left < len(elements) or right < len(wanted):
        if left < len(elements) and right < len(wanted):
            element = elements[left]
            if element == wanted[right]:
                take()
                left += 1
                continue
            if element in new and shared and shared[0] != element:
                left += 1  # shared, but another of the shared ones comes first
                continue
        if left < len(elements):
            if elements[left] not in new:
                merged.append(live[left])
                left += 1
                continue
            if elements[left] in done:
                left += 1
        if right < len(wanted):
            take()
    return merged


def _indexed(items: list[Any], atom: Atom) -> dict[str, Any]:
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
        return _remove_items(cast("list[Any]", value), fields, atom) or None
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


def _remove_items(value: list[Any], fields: FieldSet, atom: Atom) -> list[Any]:
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
        child: Atom | None = None
        if element.startswith("f:") and atom.is_map:
            child = atom.field(element[2:])
            if child is not None:
                named.append(element)
            else:
                child = atom.entry()
        elif element.startswith("k:") and atom.is_list:
            child = atom.item()
        children[element] = below if child is None else named_members(below, child)
    return fields.with_children(children).with_members(named)
