"""``@controller``: what to reconcile, what triggers it, and with what."""

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Generic, TypeVar, final, overload

from homeostat.api import (
    GroupVersionKind,
    Kind,
    NamespacedName,
    Object,
    Request,
    Unstructured,
)
from homeostat.controller._checks import (
    check_kind,
    check_predicate,
    checked_kinds,
    checked_list,
)
from homeostat.controller._declaration import (
    Declaration,
    ErrorHandler,
    Options,
    Reconciler,
)
from homeostat.controller._once import ClusterLike, Outcome, reconcile_once
from homeostat.controller._predicate import DEFAULT_FOR_RECONCILED, Predicate
from homeostat.controller._rule import Rule, derive_rules, merge_rules, resource_of
from homeostat.controller._watch import Watch

__all__ = ["KindController", "controller"]

T = TypeVar("T", bound=Object | dict[str, Any])
ObjectT = TypeVar("ObjectT", bound=Object)


@final
class KindController(Generic[T]):
    """A controller of one kind, as declared; a ``Manager`` runs it.

    Holds no state of a run: one definition may run in several managers and tests.

    Attributes:
        declaration: What was declared.
    """

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.__doc__ = declaration.reconciler.__doc__ or self.__doc__

    def __repr__(self) -> str:
        return f"<KindController {self.name!r} of {self.declaration.options.gvk}>"

    @property
    def name(self) -> str:
        """Name in logs and metrics, and the field manager of its writes."""
        return self.declaration.name

    def finalizer(self, name: str) -> Callable[[Reconciler[T]], Reconciler[T]]:
        """Declare what to clean up before an object may go.

        Guarantee: if the reconciler ever started for an object, this function has
        returned without an error before the object disappears. The finalizer is added
        before the first reconcile, never to an object that is being deleted, and is
        removed only after the function returned None. It may run several times, so it
        must be repeatable; a ``Result`` with ``requeue_after`` says "not done yet".

        Clean-ups run in the reverse order of their declaration.

        Args:
            name: The finalizer, with a domain: ``example.com/cleanup``.

        Raises:
            ValueError: The name has no domain, or is taken.
        """
        domain, _, rest = name.partition("/")
        if not domain or not rest:
            raise ValueError(
                f"finalizer {name!r} needs a domain, as in 'example.com/cleanup'"
            )
        finalizers = self.declaration.finalizers
        if name in finalizers:
            raise ValueError(f"finalizer {name!r} is declared twice")

        def register(function: Reconciler[T]) -> Reconciler[T]:
            _check_parameters(function)
            finalizers[name] = function
            return function

        return register

    def on_error(self, function: ErrorHandler[T]) -> ErrorHandler[T]:
        """Declare what to do about reconciles that failed, as to say so in a condition.

        It is called with the object as it is by then, a context and the error, be it
        one of the reconciler, of a clean-up, or of what the controller does itself:
        a finalizer that it may not write ends a reconcile before any function of
        yours is called. What is no failure is not told: ``Requeue``, a lost
        optimistic lock, a 429; nor is a reconcile that ran past its deadline, within
        which this function has to end, too.

        It changes nothing about the error, which is logged and tried again as ever.
        What it raises itself is logged, too; a ``Requeue``, a lost lock or a 429 decide
        when to try again. It runs after every failed try, so it should write what is
        not there yet and nothing else. The finalizer may be missing: make nothing that
        would have to be cleaned up.

        Raises:
            TypeError: The function does not take three arguments.
            ValueError: There is one already.
        """
        handlers = self.declaration.error_handlers
        if handlers:
            raise ValueError(f"controller {self.name!r} has its on_error already")
        _check_parameters(function, "obj", "ctx", "error")
        handlers.append(function)
        return function

    async def reconcile_once(
        self,
        cluster: ClusterLike,
        obj: T | Object | Unstructured | Request | NamespacedName,
    ) -> Outcome:
        """Fill the declared caches, reconcile one object as it is there, and stop.

        For tests, and to look at what the controller would do. Finalizers count.

        Args:
            cluster: A client, a local cluster, or an embedded API server.
            obj: The object, of which only the name matters, or its name.

        Raises:
            Exception: Whatever the reconciler raises, but ``Requeue``.
        """
        return await reconcile_once(self.declaration, cluster, obj)

    def rules(self) -> list[Rule]:
        """Return the permissions that the controller needs: derived and declared.

        It does without one of them: ``get`` of the namespace ``kube-system``, the only
        derived rule that names an object. Without it a server that lost its data is
        known by its versions alone, when they have gone back. An operator that may do
        nothing cluster-wide gets it by a Role in that namespace.
        """
        options = self.declaration.options
        read = [watch.kind for watch in options.watches] + list(options.reads)
        derived = derive_rules(
            resource_of(options.kind),
            owned=[resource_of(kind) for kind in options.owns],
            read=[resource_of(kind) for kind in read],
            finalizers=bool(self.declaration.finalizers),
        )
        return merge_rules([*derived, *options.permissions])


@overload
def controller(
    kind: type[ObjectT],
    *,
    name: str = ...,
    owns: Iterable[Kind] = ...,
    watches: Iterable[Watch] = ...,
    reads: Iterable[Kind] = ...,
    predicate: Predicate = ...,
    permissions: Iterable[Rule] = ...,
    max_concurrent_reconciles: int = ...,
    deadline: float | None = ...,
    reconcile_deleting: bool = ...,
    strict: bool = ...,
) -> Callable[[Reconciler[ObjectT]], KindController[ObjectT]]: ...
@overload
def controller(
    kind: GroupVersionKind,
    *,
    name: str = ...,
    owns: Iterable[Kind] = ...,
    watches: Iterable[Watch] = ...,
    reads: Iterable[Kind] = ...,
    predicate: Predicate = ...,
    permissions: Iterable[Rule] = ...,
    max_concurrent_reconciles: int = ...,
    deadline: float | None = ...,
    reconcile_deleting: bool = ...,
    strict: bool = ...,
) -> Callable[[Reconciler[Unstructured]], KindController[Unstructured]]: ...
def controller(  # noqa: PLR0913 - one keyword per thing that can be declared
    kind: Kind,
    *,
    name: str = "",
    owns: Iterable[Kind] = (),
    watches: Iterable[Watch] = (),
    reads: Iterable[Kind] = (),
    predicate: Predicate = DEFAULT_FOR_RECONCILED,
    permissions: Iterable[Rule] = (),
    max_concurrent_reconciles: int = 1,
    deadline: float | None = None,
    reconcile_deleting: bool = False,
    strict: bool = False,
) -> Callable[[Reconciler[Any]], KindController[Any]]:
    """Make a controller of a function that reconciles one object.

    The function gets the object and a ``Context``, or, when it is a plain ``def``, a
    ``SyncContext`` in a thread of its own. It returns None or a ``Result``, and may
    raise anything: the object is tried again with backoff.

    Args:
        kind: What is reconciled: a class, or a GroupVersionKind for plain dicts.
        name: In logs, metrics, and as field manager; the function's name, with ``-``
            for ``_``, when left out.
        owns: Kinds of children: a change of one reconciles its controlling owner.
        watches: Other kinds that trigger.
        reads: Kinds that are kept in the cache to be read, and trigger nothing.
        predicate: Which changes of the object itself trigger.
        permissions: What it needs beyond what follows from the above.
        max_concurrent_reconciles: How many objects are reconciled at once; one object
            never is.
        deadline: Seconds after which a reconcile is cancelled and counted as failed.
        reconcile_deleting: Reconcile objects that are being deleted, too; else they
            only get their clean-up.
        strict: Reconcile an object only when the watches have shown all that was
            written for it, as if each reconcile began with ``ctx.caught_up()``. What
            other processes wrote before that is then seen as well.

    Raises:
        TypeError: A kind is no kind, or an option holds what it does not take.
        ValueError: An option is out of its range.
    """
    check_kind(kind, "@controller")
    if max_concurrent_reconciles < 1:
        raise ValueError("max_concurrent_reconciles must be at least 1")
    if deadline is not None and deadline <= 0:
        raise ValueError("deadline must be above 0 s, or None for none")
    check_predicate(predicate)
    options = Options(
        kind=kind,
        name=name,
        owns=checked_kinds(owns, "owns="),
        watches=checked_list(watches, Watch, "watches="),
        reads=checked_kinds(reads, "reads="),
        predicate=predicate,
        permissions=checked_list(permissions, Rule, "permissions="),
        max_concurrent_reconciles=max_concurrent_reconciles,
        deadline=deadline,
        reconcile_deleting=reconcile_deleting,
        strict=strict,
    )

    def decorate(function: Reconciler[Any]) -> KindController[Any]:
        _check_parameters(function)
        named = replace(options, name=_checked_name(name or _name_of(function)))
        return KindController(Declaration(options=named, reconciler=function))

    return decorate


# What a field manager, a metric's label and an event's component can all be.
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"controller name {name!r} must be up to 63 letters, digits, '-', '_' and "
            "'.', and begin and end with a letter or digit"
        )
    return name


_NUMERALS = {2: "two", 3: "three"}


def _check_parameters(function: Callable[..., Any], *parameters: str) -> None:
    names = parameters or ("obj", "ctx")
    try:
        inspect.signature(function).bind(*names)
    except TypeError as error:
        name = getattr(function, "__name__", repr(function))
        raise TypeError(
            f"{name} must take {_NUMERALS[len(names)]} arguments, "
            f"({', '.join(names)}): {error}"
        ) from None


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return name.strip("_").replace("_", "-").lower()
