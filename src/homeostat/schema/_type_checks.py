"""Checks of what users declare, in their own words rather than the API server's."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["check_constraints", "check_list_keys"]

_NUMBERS: Final = ("minimum", "maximum", "multipleOf")
_TEXTS: Final = ("minLength", "maxLength", "pattern")
_LISTS: Final = (
    "minItems",
    "maxItems",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_OBJECTS: Final = ("minProperties", "maxProperties", "x-kubernetes-map-type")
_FITS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_NUMBERS, ("integer", "number")),
    **dict.fromkeys(_TEXTS, ("string",)),
    **dict.fromkeys(_LISTS, ("array",)),
    **dict.fromkeys(_OBJECTS, ("object",)),
}


def check_constraints(
    where: str, schema: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    """Check that every constraint fits the type that it was written for.

    Raises:
        TypeError: The server would ignore it, or refuse the definition.
    """
    type_ = schema.get("type", "")
    for name in given:
        fits = _FITS.get(name)
        if fits is None or not type_ or type_ in fits:
            continue
        hint = ""
        if type_ == "array":
            hint = "; for its items write list[Annotated[X, Field(...)]]"
        raise TypeError(f"{where}: {name} is for type {fits[0]}, not {type_}{hint}")


def check_list_keys(where: str, schema: Mapping[str, Any]) -> None:
    """Check that the keys of a list-map are there in every item.

    Raises:
        ValueError: The server would refuse the definition.
    """
    items = schema.get("items")
    if schema.get("x-kubernetes-list-type") != "map" or items is None:
        return
    properties: Mapping[str, Any] = items.get("properties", {})
    for key in schema.get("x-kubernetes-list-map-keys", ()):
        if key not in properties:
            known = ", ".join(properties) or "no fields"
            raise ValueError(
                f"{where}: list_map_keys names {key!r}; its items have {known}"
            )
        if key not in items.get("required", ()) and "default" not in properties[key]:
            raise ValueError(
                f"{where}: the list-map key {key!r} must be required or have a default"
            )
