"""How structured merge names the items of a list, and tells kinds of values apart."""

from typing import Any, Final, Literal, cast

from homeostat.api import JSON
from homeostat.errors import HomeostatError
from homeostat.schema._atoms import DEDUCED, Atom
from homeostat.schema._elements import key_element, value_element

__all__ = [
    "ABSENT",
    "SchemaMismatchError",
    "Whose",
    "entry_atom",
    "item_element",
    "shape_of",
]

Shape = Literal["map", "list", "scalar"]
Whose = Literal["patch", "live", "new"]


class _Absent:
    """Where there is no value; null is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class SchemaMismatchError(HomeostatError):
    """A value does not have the shape that its schema gives it.

    ``str()`` is the text of structured-merge-diff, as
    ``.spec.replcas: field not declared in schema``; several misfits stand below one
    another.

    Attributes:
        whose: Which object does not fit: the ``patch``, the ``live`` one, or that as
            the ``new`` one of whoever wrote before the first apply.

    Source: structured-merge-diff ``typed.ValidationErrors``.
    """

    def __init__(self, *misfits: str, whose: Whose = "patch") -> None:
        one = len(misfits) == 1
        super().__init__(misfits[0] if one else "\n  ".join(["errors:", *misfits]))
        self.whose = whose


def shape_of(value: JSON, atom: Atom) -> Shape:
    """Return what a value counts as: its own shape if the schema allows that."""
    if isinstance(value, dict):
        if atom.is_map:
            return "map"
    elif isinstance(value, list):
        if atom.is_list:
            return "list"
    elif value is not None and value is not ABSENT and atom.is_scalar:
        return "scalar"
    if atom.is_map:
        return "map"
    return "scalar" if atom.is_scalar else "list"


def entry_atom(atom: Atom, name: str) -> Atom:
    """Return the atom of a map's entry, named by the schema or not."""
    return atom.field(name) or atom.entry() or DEDUCED


def item_element(item: JSON, atom: Atom) -> str:
    """Return the path element of an item of a set or of a map list.

    Raises:
        SchemaMismatchError: The item cannot be identified.
    """
    if not atom.keys:
        if isinstance(item, dict):
            raise SchemaMismatchError(
                "associative list without keys has an element that's a map type"
            )
        if isinstance(item, list):
            raise SchemaMismatchError(
                "not supported: associative list with lists as elements"
            )
        if item is None:
            raise SchemaMismatchError(
                "associative list without keys has an element that's an explicit null"
            )
        return value_element(item)
    if not isinstance(item, dict):
        raise SchemaMismatchError(
            "associative list with keys may not have "
            f"{'a null element' if item is None else 'non-map elements'}"
        )
    return _keyed(cast("dict[str, Any]", item), atom)


def _keyed(item: dict[str, Any], atom: Atom) -> str:
    keys: dict[str, Any] = {}
    for name in atom.keys:
        if name in item:
            keys[name] = item[name]
        elif name in atom.key_defaults:
            keys[name] = atom.key_defaults[name]
    if not keys:
        names = " ".join(f'"{name}"' for name in atom.keys)
        raise SchemaMismatchError(
            f"associative list with keys has an element that omits all key fields "
            f"[{names}] (and doesn't have default values for any key fields)"
        )
    return key_element(keys)
