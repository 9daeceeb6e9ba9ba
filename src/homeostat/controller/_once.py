"""One reconcile by itself, for tests and for looking at what a controller would do."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, final

from homeostat._guard import Failed, call_async
from homeostat._random import Random
from homeostat._scope import Epoch, Write
from homeostat._tasks import Group
from homeostat._transport import Transport
from homeostat.api import NamespacedName, Object, Request, Unstructured
from homeostat.cache import InformerFactory
from homeostat.client import Client
from homeostat.controller._binding import Binding
from homeostat.controller._context import Emitted
from homeostat.controller._declaration import Declaration
from homeostat.controller._ledger import identity
from homeostat.controller._reading import Read
from homeostat.controller._reconciling import Session
from homeostat.controller._result import Behind, Requeue, Result
from homeostat.controller._run import Run
from homeostat.workqueue import Item

__all__ = ["ClusterLike", "HasClient", "HasTransport", "Outcome", "reconcile_once"]


class HasClient(Protocol):
    """A cluster that gives clients, as a local cluster does."""

    def client(self) -> Client:
        """Return a client."""
        ...


class HasTransport(Protocol):
    """A server that gives transports, as the embedded API server does."""

    def transport(self) -> Transport:
        """Return a transport."""
        ...


ClusterLike: TypeAlias = Client | HasClient | HasTransport


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one reconcile did.

    Attributes:
        writes: Its writes, in order, without those that the server refused.
        reads: Its reads of the cache, in order.
        result: What it returned; a raised ``Requeue`` as the ``Result`` it stands for.
        events: The events it recorded; they are not sent.
    """

    writes: tuple[Write, ...]
    reads: tuple[Read, ...]
    result: Result | None
    events: tuple[Emitted, ...]


async def reconcile_once(
    declaration: Declaration,
    cluster: ClusterLike,
    obj: Object | Unstructured | Request | NamespacedName,
) -> Outcome:
    """Fill the declared caches, reconcile one object as it is there, and stop.

    Raises:
        Exception: Whatever the reconciler raises, but ``Requeue``.
    """
    if not isinstance(cluster, Client):
        async with _client_of(cluster) as made:
            return await reconcile_once(declaration, made, obj)
    informers = InformerFactory(cluster)
    binding = Binding(
        declaration, client=cluster, informers=informers, emit=lambda _obj, _event: None
    )
    request = _request_of(obj)
    run = Run(item=Item(key=request, reasons=("once",)), reconcile_id=Random().uuid())
    session = Session()
    async with Group() as tasks:
        caches = tasks.start(informers.run(), name="once/caches")
        try:
            await binding.wait_synced()
            with run.scope(declaration.name, Epoch()).active():
                answer = await call_async(
                    lambda: binding.reconcile_one(request, run, session)
                )
        finally:
            caches.cancel()
            binding.close()
    return Outcome(
        writes=run.writes.writes,
        reads=tuple(session.reads),
        result=_result_of(answer),
        events=tuple(session.events),
    )


def _request_of(obj: Object | Unstructured | Request | NamespacedName) -> Request:
    if isinstance(obj, Request | NamespacedName):
        return Request(obj.namespace, obj.name)
    namespace, name, _, _ = identity(obj)
    return Request(namespace, name)


def _result_of(answer: Result | Failed | None) -> Result | None:
    if not isinstance(answer, Failed):
        return answer
    if isinstance(answer.error, Requeue | Behind):
        return Result(requeue_after=answer.error.after)
    raise answer.error


def _client_of(cluster: HasClient | HasTransport) -> Client:
    make = getattr(cluster, "client", None)
    if callable(make):
        made = make()
        assert isinstance(made, Client)
        return made
    transport: HasTransport = cluster  # type: ignore[assignment]  # the third kind
    return Client(transport.transport())
