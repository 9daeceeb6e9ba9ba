"""Whether a value has the shape of its schema: the gate before structured merge."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from homeostat.api import JSON
from homeostat.schema._atoms import Atom
from homeostat.schema._elements import (
    field_element,
    index_element,
    path_text,
    value_text,
)
from homeostat.schema._items import SchemaMismatchError, item_element, located, shape_of

__all__ = ["check_shape"]


def check_shape(value: JSON, atom: Atom, *, duplicates: bool) -> None:
    """Refuse a value whose shape its schema does not allow.

    Args:
        value: A whole object.
        atom: Of its schema.
        duplicates: Allow repeated items in sets and map lists: stored objects may
            have them, an applied configuration may not.

    Raises:
        SchemaMismatchError: The first misfit, with its path.

    Source: structured-merge-diff ``typed/validate.go``.
    """
    shape = shape_of(value, atom)
    if shape == "map":
        _check_map(value, atom, duplicates=duplicates)
    elif shape == "list":
        _check_list(value, atom, duplicates=duplicates)
    elif value is not None:
        _check_scalar(value, atom)


def _check_map(value: JSON, atom: Atom, *, duplicates: bool) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise SchemaMismatchError(f"expected map, got {_shown(value)}")
    fields = cast("dict[str, Any]", value)
    for name, item in fields.items():
        child = atom.field(name)
        if child is None:
            child = atom.entry()
            if child is None:
                raise SchemaMismatchError(
                    f"{path_text((field_element(name),))}: field not declared in schema"
                )
        try:
            check_shape(item, child, duplicates=duplicates)
        except SchemaMismatchError as error:
            raise located(field_element(name), error) from None


def _check_list(value: JSON, atom: Atom, *, duplicates: bool) -> None:
    if value is None:
        return
    if not isinstance(value, list):
        raise SchemaMismatchError(f"expected list, got {_shown(value)}")
    seen: set[str] = set()
    child = atom.item()
    for index, item in enumerate(cast("Sequence[Any]", value)):
        element = index_element(index)
        if atom.associative:
            try:
                element = item_element(item, atom)
            except SchemaMismatchError as error:
                raise SchemaMismatchError(f"element {index}: {error}") from None
            if element in seen and not duplicates:
                raise SchemaMismatchError(
                    f"duplicate entries for key {path_text((element,))}"
                )
            seen.add(element)
        try:
            check_shape(item, child, duplicates=duplicates)
        except SchemaMismatchError as error:
            raise located(element, error) from None


def _check_scalar(value: JSON, atom: Atom) -> None:
    wanted = atom.scalar
    if wanted == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SchemaMismatchError(
                f"expected numeric (int or float), got {_go_type(value)}"
            )
    elif wanted == "string":
        if not isinstance(value, str):
            # This one message writes its value as Go source, the others as text.
            source = f"&value.valueUnstructured{{Value:{_go_source(value)}}}"
            raise SchemaMismatchError(f"expected string, got {source}")
    elif wanted == "boolean":
        if not isinstance(value, bool):
            raise SchemaMismatchError(f"expected boolean, got {_shown(value)}")
    elif isinstance(value, dict | list):
        raise SchemaMismatchError(f"expected any scalar, got {_shown(value)}")


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
