"""The field set of a value: every field that its author would own."""

from collections.abc import Sequence
from typing import Any, cast

from homeostat.api import JSON, Schema
from homeostat.schema._atoms import Atom, root_atom
from homeostat.schema._elements import field_element
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._items import entry_atom, item_element, shape_of

__all__ = ["collect", "field_set_of"]


def field_set_of(value: JSON, schema: Schema | None) -> FieldSet:
    """Return every field that an object sets: what its author would own.

    Args:
        value: A whole object.
        schema: Its schema; None when there is none: maps are then granular and lists
            atomic.

    Raises:
        SchemaMismatchError: An item of a set or a map list cannot be identified.

    Source: structured-merge-diff ``typed/tofieldset.go``.
    """
    return collect(value, root_atom(schema))


def collect(value: JSON, atom: Atom) -> FieldSet:
    """Return the field set of a value under an atom."""
    top = FieldSet()
    _collect(value, atom, top, "")
    return top.child("")


def _collect(value: JSON, atom: Atom, parent: FieldSet, element: str) -> None:
    shape = shape_of(value, atom)
    if shape == "scalar":
        parent.members.add(element)
    elif shape == "map":
        if atom.atomic_map:
            parent.members.add(element)
        elif isinstance(value, dict):
            below = _of_map(cast("dict[str, Any]", value), atom)
            if below:
                parent.children[element] = below
    elif not atom.associative:
        parent.members.add(element)
    elif isinstance(value, list):
        below = _of_list(cast("Sequence[Any]", value), atom)
        if below:
            parent.children[element] = below


def _of_map(fields: dict[str, Any], atom: Atom) -> FieldSet:
    below = FieldSet()
    for name, item in fields.items():
        element = field_element(name)
        child = atom.field(name)
        if item.__class__ is str and (child is None or child.is_scalar):
            below.members.add(element)
        elif child is None:
            _collect(item, entry_atom(atom, name), below, element)
            below.members.add(element)
        else:
            _collect(item, child, below, element)
            if item is None or item == {}:
                below.members.add(element)
    return below


def _of_list(items: Sequence[Any], atom: Atom) -> FieldSet:
    below = FieldSet()
    child = atom.item()
    elements = [item_element(item, atom) for item in items]
    below.members.update(elements)
    repeated = len(below.members) < len(elements)
    for element, item in zip(elements, items, strict=True):
        # Of items that occur twice nobody can own a part.
        if not repeated or elements.count(element) == 1:
            _collect(item, child, below, element)
    return below
