"""Checks of what a controller declares, in the words of who wrote the declaration."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from homeostat.api import GroupVersionKind, Kind
from homeostat.controller._predicate import Predicate

__all__ = ["check_kind", "check_predicate", "checked_kinds", "checked_list"]

T = TypeVar("T")


def check_kind(kind: object, option: str) -> None:
    """Check that something is a kind: a class of objects, or a GroupVersionKind.

    Args:
        kind: What was given.
        option: Where, as ``owns=``.

    Raises:
        TypeError: It is no kind; says what to write.
    """
    if isinstance(kind, GroupVersionKind):
        return
    if isinstance(kind, type):
        if getattr(cast("Any", kind), "__resource__", None) is None:
            raise TypeError(
                f"{option} takes kinds, and {kind.__name__} is none: decorate it with "
                "@custom_resource(...)"
            )
        return
    raise TypeError(f"{option} takes a class or a GroupVersionKind, not {_named(kind)}")


def check_predicate(predicate: object) -> None:
    """Check that something is a predicate.

    Raises:
        TypeError: It is none, as a plain function.
    """
    if not isinstance(predicate, Predicate):
        raise TypeError(
            f"predicate= takes a Predicate, not {_named(predicate)}: take "
            "generation_changed, or make one of a function with @predicate"
        )


def checked_kinds(kinds: Iterable[Kind], option: str) -> tuple[Kind, ...]:
    """Return the kinds of a declaration.

    Raises:
        TypeError: Not a list, or one of them is no kind.
    """
    if isinstance(cast("Any", kinds), type | GroupVersionKind | str):
        check_kind(kinds, option)
        raise TypeError(f"{option} takes a list: {option}[{_named(kinds)}]")
    found = tuple(kinds)
    for kind in found:
        check_kind(kind, option)
    return found


def checked_list(values: Iterable[T], cls: type[T], option: str) -> tuple[T, ...]:
    """Return the values of a declaration, all of them of one class.

    Raises:
        TypeError: Not a list, or something else in it.
    """
    if isinstance(values, cls):
        raise TypeError(f"{option} takes a list: {option}[{cls.__name__}(...)]")
    found = tuple(values)
    for value in found:
        if not isinstance(cast("Any", value), cls):
            raise TypeError(f"{option} takes {cls.__name__}(...), not {_named(value)}")
    return found


def _named(value: object) -> str:
    """Name a value briefly; an object may be long, and hold secrets."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, str | int | GroupVersionKind | None):
        return repr(value)
    name = getattr(value, "__name__", "")
    return f"{type(value).__name__} {name}" if name else f"a {type(value).__name__}"
