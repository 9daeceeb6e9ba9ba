"""Typed changes on top of the object that they were made to."""

from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from typing import Any, Final, cast

from homeostat.api._kinds import JSON, Unstructured
from homeostat.api._schema import Schema

__all__ = ["overlay"]

_ABSENT: Final[Any] = object()


def _list_of(*keys: str) -> Schema:
    items = Schema("object", properties={key: Schema(default="") for key in keys})
    return Schema("array", list_type="map", list_map_keys=keys, items=items)


# The lists of ObjectMeta: the metadata of every object, whatever its schema says.
_METADATA: Final = Schema(
    "object",
    properties={
        "ownerReferences": _list_of("uid"),
        # Atomic to server-side apply; this is what tells its entries apart.
        "managedFields": _list_of("manager", "operation", "apiVersion", "subresource"),
        "finalizers": Schema("array", list_type="set", items=Schema("string")),
    },
)


def overlay(
    base: Unstructured,
    before: Unstructured,
    after: Unstructured,
    schema: Schema | None = None,
) -> Unstructured:
    """Return ``base`` with the changes that lead from ``before`` to ``after``.

    A typed view drops the fields that its type does not know. What a user changed in
    the view is the difference between the view as it was read and as it is now; applied
    to the object as it was read, the unknown fields survive.

    Items of a list are matched by the list-map keys of the schema, where it has them,
    else by equality of their views: an item that was changed is then a new one and
    inherits nothing. The lists of metadata have keys where a schema says nothing of
    them, as those of custom resources do: owner references their uid.

    Args:
        base: The whole object as the server sent it.
        before: The typed view of ``base``, as plain dicts.
        after: The same view after the changes.
        schema: Schema of the object, for the keys of its lists; without it the items of
            lists are matched by equality alone.

    Returns:
        A new object; the arguments stay as they are.
    """
    result = _object(base, before, after, schema)
    known = None if schema is None else schema.child("metadata")
    if "metadata" in after and (known is None or not known.properties):
        own, was = base.get("metadata", _ABSENT), before.get("metadata", _ABSENT)
        result["metadata"] = _value(own, was, after["metadata"], _METADATA)
    return result


def _value(base: JSON, before: JSON, after: JSON, schema: Schema | None) -> JSON:
    # What was not touched stays as the server had it, in its own spelling too: a view
    # may write a number as a text, and a default where there was nothing.
    if before is not _ABSENT and before == after:
        return _ABSENT if base is _ABSENT else deepcopy(base)
    values: tuple[JSON, JSON, JSON] = (base, before, after)
    if all(isinstance(value, dict) for value in values):
        return _object(*values, schema)
    if all(isinstance(value, list) for value in values):
        return _list(*values, schema)
    return deepcopy(after)


def _object(
    base: Mapping[str, JSON],
    before: Mapping[str, JSON],
    after: Mapping[str, JSON],
    schema: Schema | None,
) -> dict[str, JSON]:
    result: dict[str, JSON] = {}
    for name in [*base, *(name for name in after if name not in base)]:
        was, now = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if now is not _ABSENT:
            child = None if schema is None else schema.child(name)
            value = _value(base.get(name, _ABSENT), was, now, child)
        elif was is _ABSENT:
            value = deepcopy(base[name])  # the type does not know this field
        else:
            value = _ABSENT  # removed in the view
        if value is not _ABSENT:
            result[name] = value
    return result


def _list(
    base: list[JSON], before: list[JSON], after: list[JSON], schema: Schema | None
) -> list[JSON]:
    items = None if schema is None else schema.items
    if len(base) != len(before):
        return deepcopy(after)  # items were lost in reading: which is which is unknown
    key_of = _key(schema)
    if key_of is not None:
        matched = _by_key(base, before, after, key_of)
        if matched is not None:
            return [_value(*triple, items) for triple in matched]
    # Each item of before is taken once: of equal items the first goes to the first.
    free = list(range(len(before)))
    result: list[JSON] = []
    for item in after:
        found = next((at for at in free if before[at] == item), None)
        if found is None:
            result.append(deepcopy(item))
        else:
            free.remove(found)
            result.append(deepcopy(base[found]))
    return result


def _by_key(
    base: list[JSON],
    before: list[JSON],
    after: list[JSON],
    key_of: Callable[[JSON], Hashable],
) -> list[tuple[JSON, JSON, JSON]] | None:
    """Pair items by their keys; None when keys are absent or not unique."""
    old, new = [key_of(item) for item in before], [key_of(item) for item in after]
    if any(None in keys or len(set(keys)) < len(keys) for keys in (old, new)):
        return None
    places = {key: at for at, key in enumerate(old)}
    return [
        (base[places[key]], before[places[key]], item)
        if key in places
        else (_ABSENT, _ABSENT, item)
        for key, item in zip(new, after, strict=True)
    ]


def _key(schema: Schema | None) -> Callable[[JSON], Hashable] | None:
    """Return what tells the items of a list apart, None when nothing does."""
    if schema is None or schema.items is None:
        return None
    names = schema.list_map_keys if schema.list_type == "map" else ()
    if not names and schema.patch_merge_key and "merge" in schema.patch_strategy:
        names = (schema.patch_merge_key,)
    if not names:
        return None
    defaults = {
        name: child.default if (child := schema.items.child(name)) else None
        for name in names
    }

    def key(item: JSON) -> Hashable:
        if not isinstance(item, dict):
            return None
        fields = cast("dict[str, JSON]", item)
        # An absent key is its default (a port's protocol is TCP), or nothing at all.
        values = tuple(repr(fields.get(name, defaults[name])) for name in names)
        return values if any(name in fields for name in names) else None

    return key
