"""On whose behalf a write is made.

A reconcile runs inside a ``WriteScope``; every write that the client sends from there
carries it. The scope's observers learn of the write before it is sent, after its
response, and when its outcome is unknown: the cache's read-your-writes, fencing and
the record of what a reconcile did all hang on that one place.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

__all__ = [
    "NO_SCOPE",
    "Epoch",
    "Write",
    "WriteObserver",
    "WriteScope",
    "current_scope",
    "pop_scope",
    "push_scope",
]

WriteVerb = Literal["create", "update", "patch", "apply", "delete", "deletecollection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write, as it goes to the server.

    Attributes:
        verb: What is done.
        group: API group; "" is the core group.
        version: API version, as ``v1``.
        resource: Plural name, as ``deployments``.
        namespace: "" for cluster-scoped resources.
        name: "" for a create by ``generateName`` and for a delete of a collection.
        subresource: As ``status``; "" for the object itself.
        uid: Uid precondition, "" when there is none.
        dry_run: The server persists nothing.
        body: The document that is sent, None when it was given as bytes or is absent.
    """

    verb: WriteVerb
    group: str
    version: str
    resource: str
    namespace: str
    name: str
    subresource: str = ""
    uid: str = ""
    dry_run: bool = False
    body: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return ``create apps/v1 deployments default/web``, without the body."""
        api = f"{self.group}/{self.version}" if self.group else self.version
        resource = "/".join(filter(None, (self.resource, self.subresource)))
        target = "/".join(filter(None, (self.namespace, self.name)))
        return f"{self.verb} {api} {resource} {target}".rstrip()


class WriteObserver(Protocol):
    """Learns of every write of a client or of a scope; called on the loop, never waits.

    One of ``responded``, ``failed`` and ``unknown`` follows each ``sending``.
    """

    def sending(self, write: Write) -> None:
        """Take note of a write that is about to be sent; raising refuses it."""
        ...

    def responded(self, write: Write, body: bytes) -> None:
        """Take the server's answer: the object's bytes, or those of a Status."""
        ...

    def failed(self, write: Write, error: Exception) -> None:
        """Take note that the server refused the write, or that it was never sent."""
        ...

    def unknown(self, write: Write) -> None:
        """Take note that the write was sent and that its fate is unknown."""
        ...


class Epoch:
    """A term of office. Once closed, it refuses writes for ever.

    Attributes:
        number: Ordinal of the term, for logs.
        closed: Whether the term is over.
        why: Why it is.
    """

    __slots__ = ("closed", "number", "why")

    def __init__(self, number: int = 0) -> None:
        self.number: int = number
        self.closed: bool = False
        self.why: str = ""

    def close(self, why: str = "another process may hold the lease") -> None:
        """End the term: writes of its scopes are refused from here on."""
        if not self.closed:
            self.closed = True
            self.why = why


# A struct, as each reconcile makes one.
class WriteScope(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf writes are made.

    Attributes:
        cluster: Name of the cluster, "" for the only one.
        controller: Name of the controller; its default field manager.
        subject: The key that is being reconciled; ``key`` is its text.
        reconcile_id: Id of this one reconcile.
        epoch: The term in which the writes are allowed.
        observers: Called for each write, in order.
        permit: Awaited before each try of a write; what it raises refuses the try. None
            for no condition.
    """

    cluster: str = ""
    controller: str = ""
    subject: object = ""
    reconcile_id: str = ""
    epoch: Epoch = msgspec.field(default_factory=Epoch)
    observers: tuple[WriteObserver, ...] = ()
    permit: Callable[[], Awaitable[None]] | None = None

    @property
    def key(self) -> str:
        """Text of the key that is being reconciled."""
        return str(self.subject)

    @contextmanager
    def active(self) -> Generator[None]:
        """Make this the scope of every write inside the block, in this context."""
        token = push_scope(self)
        try:
            yield
        finally:
            pop_scope(token)


NO_SCOPE = WriteScope()
_current: ContextVar[WriteScope] = ContextVar("homeostat_write_scope", default=NO_SCOPE)


def current_scope() -> WriteScope:
    """Return the scope of the calling context, ``NO_SCOPE`` outside of any."""
    return _current.get()


def push_scope(scope: WriteScope) -> Token[WriteScope]:
    """Make this the scope of every write that follows in this context."""
    return _current.set(scope)


def pop_scope(token: Token[WriteScope]) -> None:
    """Go back to the scope of before."""
    _current.reset(token)
