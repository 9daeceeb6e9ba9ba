"""Structs that nobody set: what typed objects leave out when they are sent."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    TypeAlias,
    Union,
    cast,
    final,
    get_args,
    get_origin,
)

import msgspec

from homeostat.api._kinds import JSON
from homeostat.api._model import Model

__all__ = ["StructPlan", "plan_of"]

Walk: TypeAlias = Callable[[JSON], None]
"""Takes out of a value of plain dicts, in place, the empty structs inside."""

Fields: TypeAlias = list[tuple[str, JSON, Walk | None]]
"""Wire name; the value that is left out, None when none is; what walks inside."""

_encode: Final = msgspec.json.Encoder().encode
_parse: Final = msgspec.json.Decoder().decode
_plans: Final[dict[type[Any], "StructPlan"]] = {}


@final
class StructPlan:
    """What may be left out of one struct as plain dicts, found out once per class.

    Go holds a struct inside another by value or by pointer. One that is held by value
    is there without being set, and ``omitempty`` does not leave it out: so Go sends
    ``strategy: {}``, and server-side apply owns it. Here such a field goes while its
    struct is empty; one that Go has a pointer for was set by somebody, and stays.

    Empty is, too, a struct of zeros that Go writes without ``omitempty``, as the
    ``replicas: 0`` of a ReplicaSet's status: the server reads an absent one alike.

    Fields without anything to leave out, at any depth, are not visited.

    Attributes:
        fields: What to visit.
        ready: Whether ``fields`` is complete.
    """

    __slots__ = ("fields", "ready")

    def __init__(self) -> None:
        self.fields: Fields = []
        self.ready = False

    def __call__(self, value: JSON) -> None:
        """Take empty structs out of ``value``, in place, the innermost first."""
        if type(value) is not dict:  # somebody's own value in the place of a struct
            return
        document = cast("dict[str, JSON]", value)
        for name, blank, walk in self.fields:
            found = document.get(name)
            if found is None:
                continue
            if walk is not None:
                walk(found)
            if found == blank:
                del document[name]


def plan_of(cls: type[Any]) -> StructPlan | None:
    """Return the plan of a class, None when nothing of it is ever left out."""
    plan = _plans.get(cls)
    if plan is None:
        # Threads may both do this; what they find is the same.
        made: dict[type[Any], StructPlan] = {}
        plan = _plan(cls, made)
        _plans.update(made)
    return plan if plan.fields else None


def _plan(cls: type[Any], made: dict[type[Any], StructPlan]) -> StructPlan:
    plan = _plans.get(cls) or made.get(cls)
    if plan is not None:
        return plan
    # Before its fields: a type may hold itself.
    made[cls] = plan = StructPlan()
    held: frozenset[str] = getattr(cls, "__value_structs__", frozenset[str]())
    fields: Fields = []
    for field in msgspec.structs.fields(cls):
        walk = _walk(field.type, made)
        blank = None
        if field.name in held:
            blank = _blank(field.default_factory) or {}
        if walk is not None or blank is not None:
            fields.append((field.encode_name, blank, walk))
    plan.fields, plan.ready = fields, True
    return plan


@cache
def _blank(cls: Callable[[], Any]) -> dict[str, JSON] | None:
    """Return what an unset struct is sent as, None when that is more than zeros."""
    unset = cls()
    value: dict[str, JSON] = _parse(_encode(unset))
    held: frozenset[str] = getattr(cls, "__value_structs__", frozenset[str]())
    for field in msgspec.structs.fields(unset):
        if field.name in held and _blank(field.default_factory) is not None:
            value.pop(field.encode_name, None)
    return None if any(value.values()) else value


def _walk(type_: object, made: dict[type[Any], StructPlan]) -> Walk | None:
    """Return what walks through values of a type, None when there is nothing to do."""
    while get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    origin, args = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType):
        return _of_union([arg for arg in args if arg is not NoneType], made)
    found: object = origin or type_
    if not isinstance(found, type):
        return None
    if issubclass(found, Model):
        plan = _plan(found, made)
        # One that is being made holds itself: what it will have is not known yet.
        return plan if plan.fields or not plan.ready else None
    if issubclass(found, Mapping) and len(args) == 2:
        return _of_values(_walk(args[1], made))
    if issubclass(found, Sequence | AbstractSet) and args:
        return _of_items(_walk(args[0], made))
    return None


def _of_union(options: list[Any], made: dict[type[Any], StructPlan]) -> Walk | None:
    walks = {option: _walk(option, made) for option in options}
    if len(walks) == 1:
        return next(iter(walks.values()))
    structs = [w for w in walks.values() if isinstance(w, StructPlan)]
    others = [w for w in walks.values() if w and not isinstance(w, StructPlan)]
    if len(structs) > 1 or len(others) > 1 or not structs + others:
        return None  # which of them a value is, its dicts do not say
    if not others:
        return structs[0]

    def walk(value: JSON) -> None:
        if isinstance(value, list):
            others[0](value)
        elif structs:
            structs[0](value)

    return walk


def _of_items(walk: Walk | None) -> Walk | None:
    if walk is None:
        return None

    def items(value: JSON) -> None:
        if type(value) is list:
            for item in cast("Sequence[JSON]", value):
                walk(item)

    return items


def _of_values(walk: Walk | None) -> Walk | None:
    if walk is None:
        return None

    def values(value: JSON) -> None:
        if type(value) is dict:
            for item in cast("dict[str, JSON]", value).values():
                walk(item)

    return values
