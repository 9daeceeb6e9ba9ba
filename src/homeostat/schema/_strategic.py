"""Strategic merge patch: a merge that knows which lists have keys.

The patch of kubectl's ``apply``, ``edit`` and ``set``. A list whose schema gives it the
strategy ``merge`` is merged item by item; directives, members whose name begins with
``$``, say what a plain merge cannot:

- ``$patch`` in an object or an item: ``replace`` or ``delete`` it, in place of merging;
- ``$retainKeys``: the members that stay;
- ``$deleteFromPrimitiveList/NAME``: values to take from the list NAME;
- ``$setElementOrder/NAME``: the order of the list NAME.

Source: apimachinery ``pkg/util/strategicpatch/patch.go`` and ``meta.go``.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

from homeostat.api import JSON, Schema
from homeostat.schema._go import show_value
from homeostat.schema._json_patch import PatchError
from homeostat.schema._strategic_lists import (
    ListRules,
    check_order,
    failed,
    go_type_of,
    merge_items,
    order_merged,
    remove_items,
    unmergeable,
    wrong_type,
)

__all__ = ["strategic_merge"]

Value = dict[str, Any]

DIRECTIVE: Final = "$patch"
RETAIN: Final = "$retainKeys"
DELETE: Final = "$deleteFromPrimitiveList"
ORDER: Final = "$setElementOrder"

_MISSING: Final = object()


def strategic_merge(document: Value, patch: Value, schema: Schema) -> Value:
    """Return ``document`` with a strategic merge patch applied.

    Args:
        document: The object as it is; never changed.
        patch: The decoded patch; it is used up: what was carried out is taken out of
            it, in place, for the server's errors show what is left.
        schema: The object's, with its merge keys and strategies.

    Returns:
        A new document, which shares unchanged parts with the old one and new parts
        with the patch.

    Raises:
        PatchError: The patch is malformed (``BadRequest``), has lists of lists
            (``Invalid``), or does not fit the document or the schema (no reason, which
            the server reports as an internal error).
    """
    return _merged(document, patch, schema)


def _merged(current: Value, patch: Value, schema: Schema) -> Value:
    if DIRECTIVE in patch:
        return _directed(patch)
    merged = _retained(current, patch)
    _merge_ordered(merged, patch, schema)
    # What goes from a list goes before what is added: the server takes any order.
    for name in sorted(patch, key=lambda each: not each.startswith(DELETE)):
        _merge_member(merged, name, patch[name], schema)
    return merged


def _directed(patch: Value) -> Value:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        del patch[DIRECTIVE]
        return patch
    if directive == "delete":
        return {}
    raise unmergeable(directive, patch)


def _retained(current: Value, patch: Value) -> Value:
    """Return a copy of an object, without the members that the patch does not keep."""
    if RETAIN not in patch:
        return dict(current)
    listed = patch.pop(RETAIN)
    if not isinstance(listed, list):
        raise _malformed("retainKeys")
    kept = {name for name in cast("Iterable[Any]", listed) if isinstance(name, str)}
    for name, value in patch.items():
        rules = value is None or name.startswith((DELETE, ORDER))
        if not rules and name not in kept:
            raise _malformed("retainKeys")
    return {name: value for name, value in current.items() if name in kept}


def _malformed(what: str) -> PatchError:
    return PatchError(f"invalid patch format of {what}", reason="BadRequest")


def _merge_ordered(merged: Value, patch: Value, schema: Schema) -> None:
    """Merge the lists whose order the patch gives; both leave the patch."""
    for name in [name for name in patch if name.startswith(ORDER)]:
        order = patch.pop(name)
        places = _as_list(order)
        target = _target(name, ORDER, "setElementOrder list")
        current, given = _list_of(merged, target), _list_of(patch, target)
        rules = _list_rules(schema, target)
        check_order(given or [], places, rules.key)
        if current is None and given is None:
            continue
        result: list[Any]
        if given is None:
            result = current or []
        elif current is None:
            result = _as_list(_without_directives(given))
        else:
            result = _merged_list(current, given, rules)
        merged[target] = order_merged(
            result, places, current or [], given or [], rules.key
        )
        patch.pop(target, None)


def _list_of(value: Value, name: str) -> list[Any] | None:
    return _as_list(value[name]) if name in value else None


def _as_list(value: JSON) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type("[]interface {}", value)
    return list(cast("Iterable[Any]", value))


def _target(name: str, prefix: str, what: str) -> str:
    """Return the name of the list that a directive is about."""
    directive, slash, target = name.partition("/")
    if directive != prefix or not slash:
        raise _malformed(what)
    return target


def _merge_member(merged: Value, name: str, value: JSON, schema: Schema) -> None:
    deleting = name.startswith(DELETE)
    if deleting:
        name = _target(name, DELETE, "primitive list") or name
    if value is None:
        merged.pop(name, None)
        return
    current = merged.get(name, _MISSING)
    if go_type_of(current) != go_type_of(value):
        if not deleting:
            _drop_nulls(value)
            _set(merged, name, _without_directives(value))
    elif isinstance(value, dict):
        child, patch = _field(schema, name), cast("Value", value)
        if _strategy(child) != "replace":
            patch = _merged(cast("Value", current), patch, child)
        merged[name] = patch
    elif isinstance(value, list):
        rules = _list_rules(schema, name)
        items, given = _as_list(current), _as_list(value)
        merged[name] = _merged_list(items, given, rules, deleting=deleting)
    else:
        merged[name] = value


def _set(merged: Value, name: str, value: JSON) -> None:
    if value is _MISSING:
        merged.pop(name, None)
    else:
        merged[name] = value


def _merged_list(
    current: list[Any], given: list[Any], rules: ListRules, *, deleting: bool = False
) -> list[Any]:
    if deleting:
        return remove_items(current, given, rules, _merged)
    if rules.merges:
        return merge_items(current, given, rules, _merged)
    return given


def _drop_nulls(value: JSON) -> None:
    """Take the null members out of the objects in a value, in place."""
    if isinstance(value, dict):
        members = cast("Value", value)
        for name in [name for name, item in members.items() if item is None]:
            del members[name]
        value = list(members.values())
    if isinstance(value, list):
        for item in cast("Iterable[Any]", value):
            _drop_nulls(item)


def _without_directives(value: JSON) -> JSON:
    """Return a value without what the patch says of things that are not there.

    Returns:
        ``_MISSING`` when nothing is left: the value is a directive itself.
    """
    if isinstance(value, dict):
        members = cast("Value", value)
        if DIRECTIVE in members:
            return _MISSING
        for name in tuple(members):
            kept = _without_directives(members[name])
            if kept is _MISSING:
                del members[name]
            else:
                members[name] = kept
        return members
    if isinstance(value, list):
        found = [_without_directives(item) for item in cast("Iterable[Any]", value)]
        return [item for item in found if item is not _MISSING]
    return value


def _field(schema: Schema | None, name: str) -> Schema:
    """Return the schema of a field of a struct.

    Raises:
        PatchError: There is none: maps and free objects have no merge rules.
    """
    if schema is None or (schema.additional is not None and not schema.properties):
        raise failed(
            "merging an object in json but data type is not struct, instead is: map"
        )
    found = schema.properties.get(name)
    if found is None:
        struct = schema.cache.get("type", "").rpartition(".")[2]
        raise failed(
            f"unable to find api field in struct {struct} for the json field "
            f"{show_value(name, quoted=True)}"
        )
    return found


def _strategy(field: Schema) -> str:
    """Return how a field is patched: "merge", "replace" or ""."""
    return field.patch_strategy.replace("retainKeys", "").strip(",")


def _list_rules(schema: Schema, name: str) -> ListRules:
    field = _field(schema, name)
    if field.type != "array":
        raise failed("expected slice or array type, but got: struct")
    if field.items is not None and field.items.type == "array":
        raise failed("unexpected slice of slice")
    merges = _strategy(field) == "merge"
    return ListRules(key=field.patch_merge_key, merges=merges, items=field.items)
