"""The difference between two values, as field sets."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from homeostat.api import JSON
from homeostat.schema._atoms import Atom
from homeostat.schema._elements import field_element
from homeostat.schema._equal import equal_json
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._items import ABSENT, Shape, entry_atom, item_element, shape_of

__all__ = ["Comparison", "compare"]


class Comparison(NamedTuple):
    """What became of the fields of one value in another; no path is in two sets."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    def without(self, fields: FieldSet | None) -> "Comparison":
        """Return the comparison less some fields and all below them."""
        if not fields:
            return self
        return Comparison(*(each.without(fields) for each in self))

    @property
    def written(self) -> FieldSet:
        """What was modified or added."""
        return self.modified.union(self.added)


def compare(old: JSON, new: JSON, atom: Atom) -> Comparison:
    """Compare two values of one type.

    Source: structured-merge-diff ``typed/compare.go``.
    """
    tops = Comparison(FieldSet(), FieldSet(), FieldSet())
    _compare(old, new, atom, tops, "")
    return Comparison(*(top.child("") for top in tops))


def _compare(old: JSON, new: JSON, atom: Atom, into: Comparison, element: str) -> None:
    if old is ABSENT:
        _whole(new, atom, into.added, element)
        return
    if new is ABSENT:
        _whole(old, atom, into.removed, element)
        return
    if old is new:
        return
    if not isinstance(old, dict | list) and not isinstance(new, dict | list):
        # Whatever the schema says, such values fall into no parts.
        if not equal_json(old, new):
            into.modified.members.add(element)
        return
    old_shape, new_shape = shape_of(old, atom), shape_of(new, atom)
    if old_shape != new_shape:
        _by_shape(old_shape, old, new, atom, into, element)
    _by_shape(new_shape, old, new, atom, into, element)


def _by_shape(
    shape: Shape, old: JSON, new: JSON, atom: Atom, into: Comparison, element: str
) -> None:
    if shape == "map" and not atom.atomic_map:
        olds = cast("dict[str, Any]", old) if isinstance(old, dict) else {}
        news = cast("dict[str, Any]", new) if isinstance(new, dict) else {}
        if olds or news:
            _attach(_maps(olds, news, atom), into, element)
            return
    elif shape == "list" and atom.associative:
        before = cast("Sequence[Any]", old) if isinstance(old, list) else ()
        after = cast("Sequence[Any]", new) if isinstance(new, list) else ()
        if before or after:
            _attach(_lists(before, after, atom), into, element)
            return
    if not equal_json(old, new):
        into.modified.members.add(element)


def _attach(below: Comparison, into: Comparison, element: str) -> None:
    for parent, child in zip(into, below, strict=True):
        if child:
            known = parent.children.get(element)
            parent.children[element] = child if known is None else known.union(child)


def _maps(old: dict[str, Any], new: dict[str, Any], atom: Atom) -> Comparison:
    into = Comparison(FieldSet(), FieldSet(), FieldSet())
    for name, item in old.items():
        after = new.get(name, ABSENT)
        if item is not after and not (item.__class__ is str and item == after):
            child = entry_atom(atom, name)
            _compare(item, after, child, into, field_element(name))
    for name, item in new.items():
        if name not in old:
            _whole(item, entry_atom(atom, name), into.added, field_element(name))
    return into


def _grouped(items: Sequence[Any], atom: Atom) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(item_element(item, atom), []).append(item)
    return groups


def _lists(old: Sequence[Any], new: Sequence[Any], atom: Atom) -> Comparison:
    into = Comparison(FieldSet(), FieldSet(), FieldSet())
    olds, news = _grouped(old, atom), _grouped(new, atom)
    child = atom.item()
    for element in {**olds, **news}:
        before, after = olds.get(element, []), news.get(element, [])
        if len(before) < 2 and len(after) < 2:
            was = before[0] if before else ABSENT
            now = after[0] if after else ABSENT
            _compare(was, now, child, into, element)
        elif len(before) > 1 and len(after) > 1:
            if not equal_json(before, after):
                into.modified.members.add(element)
        elif len(before) > 1:
            if after:
                _whole(after[0], child, into.added, element)
            into.removed.members.add(element)
        else:
            if before:
                _whole(before[0], child, into.removed, element)
            into.added.members.add(element)
    return into


def _whole(value: JSON, atom: Atom, into: FieldSet, element: str) -> None:
    """Insert a value that only one side has, with every field in it."""
    into.members.add(element)
    if not isinstance(value, dict | list):
        return
    below = FieldSet()
    shape = shape_of(value, atom)
    if shape == "map" and not atom.atomic_map and isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            if item.__class__ is str:
                below.members.add(field_element(name))
            else:
                _whole(item, entry_atom(atom, name), below, field_element(name))
    elif shape == "list" and atom.associative and isinstance(value, list):
        child = atom.item()
        for element_below, items in _grouped(
            cast("Sequence[Any]", value), atom
        ).items():
            if len(items) > 1:
                below.members.add(element_below)
            else:
                _whole(items[0], child, below, element_below)
    if below:
        into.children[element] = below
