"""Whether a value has the shape of its schema: the gate before structured merge."""

from collections.abc import Sequence
from typing import Any, cast, final

import msgspec

from homeostat.api import JSON
from homeostat.schema._atoms import DEDUCED, Atom
from homeostat.schema._elements import (
    field_element,
    index_element,
    path_text,
    value_text,
)
from homeostat.schema._items import SchemaMismatchError, Whose, item_element, shape_of

__all__ = ["check_shape"]


def check_shape(
    value: JSON, atom: Atom, *, duplicates: bool = False, whose: Whose = "patch"
) -> None:
    """Refuse a value whose shape its schema does not allow.

    Args:
        value: A whole object.
        atom: Of its schema.
        duplicates: Allow repeated items in sets and map lists: stored objects may
            have them, an applied configuration may not.
        whose: For the error: which object this is.

    Raises:
        SchemaMismatchError: All misfits, each with its path.

    Source: structured-merge-diff ``typed/validate.go``.
    """
    walk = _Walk(duplicates=duplicates)
    walk.check(value, atom)
    if walk.misfits:
        raise SchemaMismatchError(*walk.misfits, whose=whose)


@final
class _Walk:
    # Where the walk is; a text is made of it for misfits alone, which are rare.
    __slots__ = ("_duplicates", "_path", "misfits")

    def __init__(self, *, duplicates: bool) -> None:
        self._duplicates = duplicates
        self._path: list[str] = []
        self.misfits: list[str] = []

    def _note(self, text: str, *below: str) -> None:
        path = path_text((*self._path, *below))
        self.misfits.append(f"{path}: {text}" if path else text)

    def check(self, value: JSON, atom: Atom) -> None:
        if value is None or atom is DEDUCED:
            return  # the second has whatever shape there is, however deep
        shape = shape_of(value, atom)
        if shape == "map":
            if isinstance(value, dict):
                self._map(cast("dict[str, Any]", value), atom)
            else:
                self._note(f"expected map, got {_shown(value)}")
        elif shape == "list":
            if isinstance(value, list):
                self._list(cast("Sequence[Any]", value), atom)
            else:
                self._note(f"expected list, got {_shown(value)}")
        else:
            text = _scalar_misfit(value, atom)
            if text:
                self._note(text)

    def _map(self, fields: dict[str, Any], atom: Atom) -> None:
        undeclared = ""
        for name, item in fields.items():
            child = atom.field(name) or atom.entry()
            if child is not None:
                if item.__class__ is str and child.scalar == "string":
                    continue  # as most are: nothing can be wrong with it
                self._path.append(field_element(name))
                self.check(item, child)
                self._path.pop()
            elif not undeclared:
                undeclared = field_element(name)
        if undeclared:
            # One of them ends the server's walk of the map, which is in no order: it
            # is as if it had been the last.
            self._note("field not declared in schema", undeclared)

    def _list(self, items: Sequence[Any], atom: Atom) -> None:
        seen: set[str] = set()
        child = atom.item()
        for index, item in enumerate(items):
            element = index_element(index)
            if atom.associative:
                try:
                    element = item_element(item, atom)
                except SchemaMismatchError as error:
                    # Nobody knows what the rest of the list would be.
                    self._note(f"element {index}: {error}")
                    return
                if element in seen and not self._duplicates:
                    key = path_text((element,))
                    self._note(f"duplicate entries for key {key}")
                seen.add(element)
            self._path.append(element)
            self.check(item, child)
            self._path.pop()


def _scalar_misfit(value: JSON, atom: Atom) -> str:
    wanted = atom.scalar
    if wanted == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {_go_type(value)}"
    elif wanted == "string":
        if not isinstance(value, str):
            # This one message writes its value as Go source, the others as text.
            source = f"&value.valueUnstructured{{Value:{_go_source(value)}}}"
            return f"expected string, got {source}"
    elif wanted == "boolean":
        if not isinstance(value, bool):
            return f"expected boolean, got {_shown(value)}"
    elif isinstance(value, dict | list):
        return f"expected any scalar, got {_shown(value)}"
    return ""


def _go_type(value: JSON) -> str:
    names = {bool: "bool", str: "string", dict: "map[string]interface {}"}
    return names.get(value.__class__, "[]interface {}")


def _shown(value: JSON) -> str:
    return f"&{{{_go_value(value)}}}"


def _go_value(value: JSON) -> str:
    """Return a value as ``%v`` writes it."""
    if isinstance(value, dict):
        items = sorted(cast("dict[str, Any]", value).items())
        return f"map[{' '.join(f'{key}:{_go_value(item)}' for key, item in items)}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go_value, cast('Sequence[Any]', value)))}]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else value_text(value)


def _go_source(value: JSON) -> str:
    """Return a value as ``%#v`` writes it."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, dict):
        items = sorted(cast("dict[str, Any]", value).items())
        inner = ", ".join(f"{_quoted(key)}:{_go_source(item)}" for key, item in items)
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        inner = ", ".join(map(_go_source, cast("Sequence[Any]", value)))
        return f"[]interface {{}}{{{inner}}}"
    return _quoted(value) if isinstance(value, str) else value_text(value)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
