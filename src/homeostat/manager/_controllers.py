"""Whether what a manager is given is what it can run."""

from collections.abc import Callable, Iterable, Sequence
from inspect import unwrap
from typing import Any, TypeAlias, cast

from homeostat.controller import Controller, KindController
from homeostat.errors import ConfigError

__all__ = ["AnyController", "check_controllers"]

AnyController: TypeAlias = KindController[Any] | Controller[Any]


def check_controllers(
    controllers: Iterable[AnyController],
) -> tuple[AnyController, ...]:
    """Return the controllers that a manager is given.

    Raises:
        ConfigError: Not a list, something else in it, none at all, or two of one name;
            says what to write.
    """
    given: object = controllers
    if isinstance(given, KindController | Controller):
        raise ConfigError(f"controllers= takes a list: put {given.name} into brackets")
    if not isinstance(given, Iterable):
        raise ConfigError(f"controllers= takes a list, not {_named(given)}")
    found = tuple(controllers)
    if len(set(map(id, found))) < len(found):
        raise ConfigError("a controller is given twice")
    for each in found:
        if not isinstance(cast("object", each), KindController | Controller):
            raise ConfigError(
                f"{_named(each)} is no controller: decorate a function with "
                "@controller(Kind)"
            )
    if not found:
        raise ConfigError("a Manager needs at least one controller")
    _check_names(found)
    return found


def _check_names(controllers: Sequence[AnyController]) -> None:
    known: dict[str, AnyController] = {}
    for each in controllers:
        other = known.setdefault(each.name, each)
        if other is each:
            continue
        raise ConfigError(
            f"two controllers are named {each.name!r}, {_place(other)} and "
            f"{_place(each)}: names tell them apart in logs, metrics and field "
            "managers; give one of them name="
        )


def _place(controller: AnyController) -> str:
    """Say where a controller comes from."""
    if isinstance(controller, Controller):
        return "an engine of your own"
    function: Callable[..., Any] = unwrap(controller.declaration.reconciler)
    code = getattr(function, "__code__", None)
    if code is None:
        return f"a {type(function).__name__}"
    return f"{code.co_name} in {code.co_filename}:{code.co_firstlineno}"


def _named(value: object) -> str:
    name = getattr(value, "__name__", "")
    return f"{type(value).__name__} {name}" if name else f"a {type(value).__name__}"
