"""What a controller declares, as data."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast, final

from homeostat.api import GroupVersionKind, Kind, Object, kind_of
from homeostat.controller._context import Context
from homeostat.controller._predicate import Predicate
from homeostat.controller._result import Result
from homeostat.controller._rule import Rule
from homeostat.controller._sync_context import SyncContext
from homeostat.controller._watch import Watch

__all__ = [
    "AsyncReconciler",
    "Declaration",
    "ErrorHandler",
    "Options",
    "Reconciler",
    "SyncReconciler",
    "is_async",
]

T = TypeVar("T", bound=Object | dict[str, Any])

AsyncReconciler: TypeAlias = Callable[[T, Context], Awaitable[Result | None]]
SyncReconciler: TypeAlias = Callable[[T, SyncContext], Result | None]
Reconciler: TypeAlias = AsyncReconciler[T] | SyncReconciler[T]

ErrorHandler: TypeAlias = (
    Callable[[T, Context, Exception], Awaitable[None]]
    | Callable[[T, SyncContext, Exception], None]
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a controller declares; see ``controller`` for each of them."""

    kind: Kind
    name: str
    owns: tuple[Kind, ...]
    watches: tuple[Watch, ...]
    reads: tuple[Kind, ...]
    predicate: Predicate
    permissions: tuple[Rule, ...]
    max_concurrent_reconciles: int
    deadline: float | None
    reconcile_deleting: bool
    strict: bool

    @property
    def gvk(self) -> GroupVersionKind:
        """The reconciled kind."""
        return kind_of(self.kind)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A controller's options and the functions that it calls.

    Attributes:
        options: What was declared.
        reconciler: The function that reconciles.
        finalizers: Clean-up functions by finalizer, in the order of their declaration.
        error_handlers: At most one: what is told of reconciles that failed.
    """

    options: Options
    reconciler: Reconciler[Any]
    finalizers: dict[str, Reconciler[Any]] = field(
        default_factory=dict[str, Reconciler[Any]]
    )
    error_handlers: list[ErrorHandler[Any]] = field(
        default_factory=list[ErrorHandler[Any]]
    )

    @property
    def name(self) -> str:
        """Name of the controller."""
        return self.options.name


def is_async(function: Reconciler[Any] | ErrorHandler[Any]) -> bool:
    """Return whether a function runs on the loop, callable objects included."""
    call = cast("object", getattr(function, "__call__", None))  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
