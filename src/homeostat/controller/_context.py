"""What a reconciler works with: the cache to read, the API server to write."""

import builtins
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import (
    Any,
    Literal,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    final,
    overload,
)

from homeostat._clock import Clock
from homeostat._tasks import Threads
from homeostat.api import GroupVersionKind, Kind, Object, Request, Unstructured, kind_of
from homeostat.cache import IndexQuery
from homeostat.client import Client, LabelsLike, NamespaceLike, Propagation
from homeostat.controller._matcher import ApplyMatcher
from homeostat.controller._reading import CacheView
from homeostat.controller._writing import ApplyResult, Writing
from homeostat.errors import NotFoundError, ReconcileEndedError

__all__ = ["ENDED", "Context", "Emit", "Emitted", "EventType"]

P = ParamSpec("P")
T = TypeVar("T")
ObjectT = TypeVar("ObjectT", bound=Object)
AnyObjectT = TypeVar("AnyObjectT", bound=Object | dict[str, Any])

EventType: TypeAlias = Literal["Normal", "Warning"]

ENDED = (
    "the reconcile of {} has ended: use the Context that the function was called with, "
    "and await within it what it starts"
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """An event that a reconcile recorded.

    Attributes:
        type: ``Normal`` or ``Warning``.
        reason: Short, in CamelCase.
        message: For people.
    """

    type: EventType
    reason: str
    message: str


class Emit(Protocol):
    """Records an event about an object."""

    def __call__(self, obj: Object | Unstructured, event: Emitted, /) -> None:
        """Record ``event``; never waits, never raises."""
        ...


@final
class Context:
    """Everything one reconcile needs; made by the controller, gone with the reconcile.

    One that is kept raises ``ReconcileEndedError``: what it would read, write and
    record belongs to no reconcile.

    Reads come from the cache: plain calls, no await, and each returns a copy of your
    own. They see every write of this controller at once. Writes go to the API server
    and are awaited. ``client`` reads live.

    Fields that a type does not know survive: the Context keeps every object that it
    handed out, by uid and resourceVersion, and an update is that object plus your
    changes.

    Attributes:
        request: Namespace and name of the reconciled object.
        client: The live client; its writes count as this controller's, too.
        clock: Wall time; in a test it may stand still or jump.
        logger: Its records carry controller, namespace, name and reconcile id.
        reconcile_id: Id of this reconcile in logs.
    """

    def __init__(  # noqa: PLR0913 - the parts of a reconcile, all keyword-only
        self,
        *,
        request: Request,
        client: Client,
        clock: Clock,
        reconcile_id: str,
        logger: logging.Logger,
        obj: Callable[[], Unstructured],
        view: CacheView,
        matcher: ApplyMatcher,
        emit: Emit,
        events: builtins.list[Emitted],
        threads: Threads,
    ) -> None:
        self.request = request
        self.client = client
        self.clock = clock
        self.reconcile_id = reconcile_id
        self.logger = logger
        self._object = obj
        self._view = view
        self._matcher = matcher
        self._writing: Writing | None = None  # most reconciles write nothing
        self._emit = emit
        self._events = events
        self._threads = threads

    @overload
    def get(
        self, kind: type[ObjectT], name: str, *, namespace: str | None = ...
    ) -> ObjectT: ...
    @overload
    def get(
        self, kind: GroupVersionKind, name: str, *, namespace: str | None = ...
    ) -> Unstructured: ...
    def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Any:
        """Return an object of the cache.

        Args:
            kind: A class gives an object of it, a GroupVersionKind plain dicts.
            name: Its name.
            namespace: None for that of the reconciled object.

        Raises:
            NotFoundError: There is no such object.
            UndeclaredKindError: The controller does not declare the kind.
            InvalidObjectError: The type cannot hold the object.
        """
        found = self._read().find(kind, name, namespace)
        if found is None:
            gvk = kind_of(kind)
            raise NotFoundError(
                f"{gvk} {name!r} not found in the cache",
                code=404,
                reason="NotFound",
                details={"name": name, "group": gvk.group, "kind": gvk.kind},
                attempted=f"get {gvk} {name}",
            )
        return found

    @overload
    def find(
        self, kind: type[ObjectT], name: str, *, namespace: str | None = ...
    ) -> ObjectT | None: ...
    @overload
    def find(
        self, kind: GroupVersionKind, name: str, *, namespace: str | None = ...
    ) -> Unstructured | None: ...
    def find(self, kind: Kind, name: str, *, namespace: str | None = None) -> Any:
        """Return an object of the cache, None when there is none; see ``get``."""
        return self._read().find(kind, name, namespace)

    @overload
    def list(
        self,
        kind: type[ObjectT],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
    ) -> Sequence[ObjectT]: ...
    @overload
    def list(
        self,
        kind: GroupVersionKind,
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
    ) -> Sequence[Unstructured]: ...
    @overload
    def list(
        self,
        kind: IndexQuery[T],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
    ) -> Sequence[T]: ...
    def list(
        self,
        kind: Kind | IndexQuery[Any],
        *,
        namespace: NamespaceLike = None,
        labels: LabelsLike = None,
    ) -> Sequence[Any]:
        """Return objects of the cache, each decoded when it is reached.

        Args:
            kind: A class, a GroupVersionKind, or a query as ``by_node["n1"]``.
            namespace: None for that of the reconciled object, ``ALL`` for all.
            labels: Which labels the objects must have.

        Raises:
            UndeclaredKindError: The controller does not declare the kind.
        """
        if isinstance(kind, IndexQuery):
            query: IndexQuery[Any] = kind
            return self._read().list(
                query.index.kind, namespace=namespace, labels=labels, index=query
            )
        return self._read().list(kind, namespace=namespace, labels=labels, index=None)

    async def caught_up(self, kind: Kind | None = None, deadline: float = 5.0) -> None:
        """Go on only when the watches have shown all that was written for this object.

        Reads see this controller's writes at once, but what others wrote meanwhile only
        as the watches bring it. Before what cannot be undone, make sure that they have
        brought everything up to the last write of this object's reconciles.

        When they have not, this ends the reconcile, as ``Requeue`` does: no failure is
        counted, and it runs anew as soon as they have. Past the deadline a live list
        takes their place. So call it before writing what a run must not repeat, and
        let its exception pass.

        Args:
            kind: Of a declared kind alone; None for all that are declared.
            deadline: Seconds to wait in all; 0 lists at once.

        Raises:
            UndeclaredKindError: The controller does not declare the kind.
            ValueError: The deadline is negative.
        """
        if deadline < 0:
            raise ValueError(f"deadline is {deadline}, must be >= 0")
        await self._read().caught_up(self.request, kind, deadline)

    async def apply(
        self, obj: AnyObjectT, *, owned: bool = False, force: bool = True
    ) -> ApplyResult[AnyObjectT]:
        """Make an object be as ``obj`` says (server-side apply), whatever is there.

        No request is sent when the last apply said the same and nobody has touched
        what it owns since.

        Args:
            obj: The fields to own and no others; a field that an earlier apply had and
                this one has not is removed. Without a namespace it goes to that of the
                reconciled object.
            owned: Make the reconciled object its controlling owner, so that its changes
                trigger and it goes with its owner.
            force: Take fields that other managers own.

        Returns:
            The object as it is now, and what was done.

        Raises:
            ConflictError: ``force`` is off, and another manager owns a field.
            AlreadyOwnedError: ``owned``, and ``obj`` names another controlling owner.
        """
        return await self._write().apply(obj, owned=owned, force=force)

    async def create(self, obj: AnyObjectT, *, owned: bool = False) -> AnyObjectT:
        """Create an object and return it as the server stored it.

        Prefer ``apply``: it can be repeated after a crash.

        Args:
            obj: Without a namespace it goes to that of the reconciled object.
            owned: Make the reconciled object its controlling owner.

        Raises:
            AlreadyExistsError: The name is taken.
        """
        return await self._write().create(obj, owned=owned)

    async def update(self, obj: AnyObjectT) -> AnyObjectT:
        """Replace an object that was read, and bring ``obj`` itself up to date.

        No request is sent when nothing was changed.

        Raises:
            ConflictError: The object has changed since it was read.
        """
        return await self._write().update(obj)

    async def update_status(self, obj: AnyObjectT) -> AnyObjectT:
        """Send what changed in an object's status, and bring ``obj`` up to date.

        A merge patch of the difference, with the uid, and with the resourceVersion when
        a list changed. No request is sent when nothing did.

        Raises:
            ConflictError: Another object has taken the name, or a list was changed by
                somebody else meanwhile.
        """
        return await self._write().update_status(obj)

    async def delete(
        self,
        obj: Object | Unstructured,
        *,
        unchanged: bool = False,
        propagation: Propagation | None = None,
    ) -> bool:
        """Delete an object that was read, and no successor of its name.

        Args:
            obj: The object. Its uid is a precondition; without one that under which
                this reconcile read it, if it did.
            unchanged: Its resourceVersion is a precondition, too: what it says is why
                it may go.
            propagation: What becomes of its dependents; None for the kind's default.

        Returns:
            False when it was gone already.

        Raises:
            ConflictError: Another object has taken the name, or ``unchanged`` does not
                hold.
            ValueError: ``unchanged``, of an object without a resourceVersion.
        """
        return await self._write().delete(
            obj, unchanged=unchanged, propagation=propagation
        )

    def event(
        self,
        reason: str,
        message: str,
        *,
        type: EventType = "Normal",  # noqa: A002 - the API's own word
        obj: Object | Unstructured | None = None,
    ) -> None:
        """Record an Event, as ``kubectl describe`` shows it; sent in the background.

        Args:
            reason: Short, in CamelCase, as ``Synced``.
            message: For people.
            type: ``Normal`` or ``Warning``.
            obj: What it is about; None for the reconciled object.
        """
        self._check()
        event = Emitted(type=type, reason=reason, message=message)
        self._events.append(event)
        self._emit(self._object() if obj is None else obj, event)

    async def in_thread(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a blocking call in a thread, so that the loop goes on meanwhile.

        Cancellation: the call is not interrupted; its result is dropped.
        """
        return await self._threads.run(function, *args, **kwargs)

    def _check(self) -> None:
        if self._view.closed:
            raise ReconcileEndedError(ENDED.format(self.request))

    def _read(self) -> CacheView:
        self._check()
        return self._view

    def _write(self) -> Writing:
        self._check()
        if self._writing is None:
            self._writing = Writing(
                client=self.client,
                view=self._view,
                ledger=self._view.ledger,
                matcher=self._matcher,
                owner=self._object,
            )
        return self._writing
