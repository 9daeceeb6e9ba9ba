"""The Context of a reconciler that is a plain function in a thread."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar, final, overload

from homeostat._clock import Clock
from homeostat.api import GroupVersionKind, Kind, Object, Request, Unstructured
from homeostat.cache import IndexQuery
from homeostat.client import Client, LabelsLike, NamespaceLike, Propagation
from homeostat.controller._context import ENDED, Context, EventType
from homeostat.controller._portal import Portal
from homeostat.controller._writing import ApplyResult
from homeostat.errors import ReconcileEndedError

__all__ = ["SyncContext"]

P = ParamSpec("P")
T = TypeVar("T")
ObjectT = TypeVar("ObjectT", bound=Object)
AnyObjectT = TypeVar("AnyObjectT", bound=Object | dict[str, Any])


@final
class SyncContext:
    """The same as ``Context``, blocking, for ``def`` reconcilers.

    Every call runs on the loop, where the cache and the connections live, and blocks
    the calling thread alone; the items of a list are decoded in the thread. When the
    reconcile is cancelled, the next call raises ``concurrent.futures.CancelledError``.

    Attributes:
        request: Namespace and name of the reconciled object.
        client: The live client; its calls are awaitables for ``wait``.
        clock: Wall time; in a test it may stand still or jump.
        logger: Its records carry controller, namespace, name and reconcile id.
        reconcile_id: Id of this reconcile in logs.
    """

    def __init__(self, context: Context, portal: Portal) -> None:
        self.request: Request = context.request
        self.client: Client = context.client
        self.clock: Clock = context.clock
        self.logger: logging.Logger = context.logger
        self.reconcile_id: str = context.reconcile_id
        self._context = context
        self._portal = portal

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait for a call of ``client``: ``ctx.wait(ctx.client.get(Pod, "web"))``."""

        async def run() -> T:
            return await awaitable

        try:
            return self._hop(run)
        finally:
            # After a cancellation nobody has awaited it, which Python would report.
            if isinstance(awaitable, Coroutine):
                awaitable.close()

    @overload
    def get(
        self, kind: type[ObjectT], name: str, *, namespace: str | None = ...
    ) -> ObjectT: ...
    @overload
    def get(
        self, kind: GroupVersionKind, name: str, *, namespace: str | None = ...
    ) -> Unstructured: ...
    def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Any:
        """Return an object of the cache; see ``Context.get``."""
        return self._call(lambda: self._context.get(kind, name, namespace=namespace))

    @overload
    def find(
        self, kind: type[ObjectT], name: str, *, namespace: str | None = ...
    ) -> ObjectT | None: ...
    @overload
    def find(
        self, kind: GroupVersionKind, name: str, *, namespace: str | None = ...
    ) -> Unstructured | None: ...
    def find(self, kind: Kind, name: str, *, namespace: str | None = None) -> Any:
        """Return an object of the cache, None when there is none."""
        return self._call(lambda: self._context.find(kind, name, namespace=namespace))

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
        """Return objects of the cache; see ``Context.list``."""
        return self._call(
            lambda: self._context.list(kind, namespace=namespace, labels=labels)
        )

    def caught_up(self, kind: Kind | None = None, deadline: float = 5.0) -> None:
        """Go on only when the watches have caught up; see ``Context.caught_up``."""
        self.wait(self._context.caught_up(kind, deadline))

    def apply(
        self, obj: AnyObjectT, *, owned: bool = False, force: bool = True
    ) -> ApplyResult[AnyObjectT]:
        """Make an object be as ``obj`` says; see ``Context.apply``."""
        return self.wait(self._context.apply(obj, owned=owned, force=force))

    def create(self, obj: AnyObjectT, *, owned: bool = False) -> AnyObjectT:
        """Create an object; see ``Context.create``."""
        return self.wait(self._context.create(obj, owned=owned))

    def update(self, obj: AnyObjectT) -> AnyObjectT:
        """Replace an object that was read; see ``Context.update``."""
        return self.wait(self._context.update(obj))

    def update_status(self, obj: AnyObjectT) -> AnyObjectT:
        """Send what changed in an object's status; see ``Context.update_status``."""
        return self.wait(self._context.update_status(obj))

    def delete(
        self,
        obj: Object | Unstructured,
        *,
        unchanged: bool = False,
        propagation: Propagation | None = None,
    ) -> bool:
        """Delete an object that was read; see ``Context.delete``."""
        return self.wait(
            self._context.delete(obj, unchanged=unchanged, propagation=propagation)
        )

    def event(
        self,
        reason: str,
        message: str,
        *,
        type: EventType = "Normal",  # noqa: A002 - the API's own word
        obj: Object | Unstructured | None = None,
    ) -> None:
        """Record an Event; see ``Context.event``."""
        self._call(lambda: self._context.event(reason, message, type=type, obj=obj))

    def in_thread(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call ``function``: this is a thread already; see ``Context.in_thread``."""
        return function(*args, **kwargs)

    def _call(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return self._hop(run)

    def _hop(self, function: Callable[[], Awaitable[T]]) -> T:
        if self._portal.ended:
            raise ReconcileEndedError(ENDED.format(self.request))
        return self._portal.call(function)
