"""Lists in a strategic merge patch: which items meet, and in which order they stand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from homeostat.api import JSON, Schema
from homeostat.schema._go import show_value
from homeostat.schema._json_patch import PatchError

__all__ = [
    "ListRules",
    "check_order",
    "failed",
    "go_type_of",
    "merge_items",
    "order_merged",
    "remove_items",
    "unmergeable",
    "wrong_type",
]

Value = dict[str, Any]
Merge: TypeAlias = Callable[[Value, Value, Any], Value]

_MAP: Final = "map[string]interface {}"
_LIST: Final = "[]interface {}"
_TYPES: Final[tuple[tuple[type[object], str], ...]] = (
    (str, "string"),
    (dict, _MAP),
    (list, _LIST),
    (bool, "bool"),
    (int, "int64"),
    (float, "float64"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules:
    """How a list is patched.

    Attributes:
        key: Name of the member that identifies an item; "" for values.
        merges: Items are merged; otherwise the patch's list replaces the other.
        items: Schema of the items.
    """

    key: str
    merges: bool
    items: Schema | None


def failed(text: str) -> PatchError:
    """Return the error of a patch that does not fit: the server names no reason."""
    return PatchError(text, reason="")


def wrong_type(expected: str, found: JSON) -> PatchError:
    """Return the error of a value of another type than a directive needs."""
    named = go_type_of(found) or "%!s(<nil>)"
    return failed(f"expected a {expected}, but received a {named}")


def unmergeable(directive: JSON, patch: Value) -> PatchError:
    """Return the error of a ``$patch`` that says something else."""
    said = directive
    if not isinstance(directive, str):
        said = f"%!s({go_type_of(directive)}={show_value(directive)})"
    return failed(f"unknown patch type: {said} in map: {show_value(patch)}")


def go_type_of(value: object) -> str:
    """Return what Go calls the type of a decoded value; "" for null and no value."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "")


def merge_items(
    current: list[Any], given: list[Any], rules: ListRules, merge: Merge
) -> list[Any]:
    """Return a list with the items of the patch's list merged into it.

    Args:
        current: The list as it is; afterwards it says where items stood, as far as
            the server remembers.
        given: The patch's list; its objects are used up.
        rules: The list's.
        merge: Merges two objects of a schema.
    """
    if not current and not given:
        return current
    if _element_type(current, given) != _MAP:
        merged = list({_identity(item): item for item in [*current, *given]}.values())
        return _arranged(merged, given, current, "")
    if not rules.key:
        raise failed("cannot merge lists without merge key for struct")
    live, given = _carry_out(current, given, rules.key)
    merged = _merge_objects(live, given, rules, merge)
    # Go's slices share their array: what is added takes the places of what went.
    added = merged[len(live) : len(current)]
    current[len(live) : len(live) + len(added)] = added
    return _arranged(merged, given, live, rules.key)


def remove_items(
    current: list[Any], given: list[Any], rules: ListRules, merge: Merge
) -> list[Any]:
    """Return a list without the values that the patch takes from it."""
    if not current and not given:
        return current
    if _element_type(current, given) == _MAP:
        return merge_items(current, given, rules, merge)
    gone = {_identity(item) for item in given}
    return [item for item in current if _identity(item) not in gone]


def check_order(given: list[Any], order: list[Any], key: str) -> None:
    """Check that the patch's items stand in the order that it gives, all of them.

    Raises:
        PatchError: They do not.
    """
    if not given or not order:
        return
    items = [item for item in given if not (key and _deletes(_object(item)))]
    at = 0
    for place in order:
        while at < len(items) and _is_directive(items[at]):
            at += 1
        if at == len(items):
            return
        if _same(items[at], place, key):
            at += 1
    # What is left is in none of the places.
    if at < len(items):
        raise failed(
            f"The order in patch list:\n{show_value(given)}\n doesn't match "
            f"$setElementOrder list:\n{show_value(order)}\n"
        )


def order_merged(
    merged: list[Any],
    order: list[Any],
    current: list[Any],
    given: list[Any],
    key: str,
) -> list[Any]:
    """Return a merged list in the order that the patch gives.

    Args:
        merged: The items.
        order: Their order, as far as the patch knows them.
        current: The list before the merge: the order of the others.
        given: The patch's list.
        key: The merge key, "" for values.
    """
    _element_type(current, given)
    for index, item in enumerate(order):
        if key and not isinstance(item, dict):
            raise failed(f"value for key {index} is not a map")
    return _arranged(merged, order, current, key)


def _element_type(*lists: Sequence[JSON]) -> str:
    """Return the type that all items have.

    Raises:
        PatchError: They have several, none, or are lists.
    """
    types = [go_type_of(item) for items in lists for item in items]
    if not types:
        raise failed("no elements in any of the given slices")
    if types[0] == _LIST:
        raise PatchError("lists of lists are not supported", reason="Invalid")
    if len(set(types)) > 1:
        shown = show_value([list(items) for items in lists])
        raise failed(f"list element types are not identical: {shown}")
    return types[0]


def _carry_out(
    current: list[Any], given: list[Any], key: str
) -> tuple[list[Any], list[Any]]:
    """Carry out the items that are directives; return both lists without them."""
    plain: list[Any] = []
    replaces = False
    live = list(current)
    for item in cast("list[Value]", given):
        directive = item.get("$patch")
        if "$patch" not in item:
            plain.append(item)
        elif directive == "delete":
            gone = _key_of(item, key)
            live = [each for each in live if _find_key(each, key) != gone]
            current[: len(live)] = live
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise failed("merging lists cannot yet be specified in the patch")
        else:
            raise unmergeable(directive, item)
    return (plain, []) if replaces else (live, plain)


def _merge_objects(
    current: list[Any], given: list[Any], rules: ListRules, merge: Merge
) -> list[Any]:
    merged = list(current)
    places: dict[Any, int] = {}
    for place, item in enumerate(merged):
        if rules.key in item:
            places.setdefault(_identity(item[rules.key]), place)
    for item in given:
        place = places.setdefault(_key_of(item, rules.key), len(merged))
        if place == len(merged):
            merged.append(item)
        else:
            merged[place] = merge(merged[place], item, rules.items)
    return merged


def _arranged(
    merged: list[Any], order: list[Any], before: list[Any], key: str
) -> list[Any]:
    """Return items in order: the patch's by ``order``, the others where they were.

    Args:
        merged: The items.
        order: The patch's items, or stand-ins with their keys.
        before: The order of the others.
        key: The merge key, "" for values.
    """

    def identity(item: JSON) -> object:
        return _key_of(item, key) if key else _identity(item)

    mine = _places(order, identity)
    ours = [item for item in merged if identity(item) in mine]
    others = [item for item in merged if identity(item) not in mine]
    live = _places(before, identity)
    ours = _sorted(ours, mine, identity)
    return _interleaved(_sorted(others, live, identity), ours, live, identity)


def _places(order: list[Any], identity: Callable[[Any], object]) -> dict[object, int]:
    places: dict[object, int] = {}
    for place, item in enumerate(order):
        places.setdefault(identity(item), place)
    return places


def _sorted(
    items: list[Any], places: dict[object, int], identity: Callable[[Any], object]
) -> list[Any]:
    """Sort items by their places; one without a place goes before what it follows."""
    found: list[tuple[int, Any]] = []
    for item in items:
        place = places.get(identity(item), -1)
        at = len(found)
        while at and (place < 0 or found[at - 1][0] < 0 or place < found[at - 1][0]):
            at -= 1
        found.insert(at, (place, item))
    return [item for _, item in found]


def _interleaved(
    left: list[Any],
    right: list[Any],
    live: dict[object, int],
    identity: Callable[[Any], object],
) -> list[Any]:
    """Put each item of ``left`` before the first of ``right`` that came after it."""
    merged: list[Any] = []
    at = 0
    for item in right:
        place = live.get(identity(item), -1)
        while at < len(left) and live.get(identity(left[at]), place) < place:
            merged.append(left[at])
            at += 1
        merged.append(item)
    return merged + left[at:]


def _identity(value: JSON) -> object:
    """Return what is equal for values that are equal in Go."""
    if isinstance(value, dict | list):
        kind = go_type_of(cast("JSON", value))
        raise failed(f"runtime error: hash of unhashable type {kind}")
    return (go_type_of(value), value)


def _object(item: JSON) -> Value:
    if not isinstance(item, dict):
        raise wrong_type(_MAP, item)
    return cast("Value", item)


def _key_of(item: JSON, key: str) -> object:
    found = _object(item)
    if key not in found:
        raise failed(
            f"map: {show_value(found)} does not contain declared merge key: {key}"
        )
    return _identity(found[key])


def _find_key(item: JSON, key: str) -> object:
    found = _object(item)
    return _identity(found[key]) if key in found else None


def _same(left: JSON, right: JSON, key: str) -> bool:
    if key:
        return _key_of(left, key) == _key_of(right, key)
    return _identity(left) == _identity(right)


def _is_directive(item: JSON) -> bool:
    return isinstance(item, dict) and "$patch" in item


def _deletes(item: Value) -> bool:
    return item.get("$patch") == "delete"
