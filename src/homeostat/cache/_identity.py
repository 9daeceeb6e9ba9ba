"""Which server it is that answers."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, final

from homeostat.api import GroupVersionKind, Resource
from homeostat.cache._history import History, learned, lost
from homeostat.cache._inputs import Identified
from homeostat.cache._record import Record
from homeostat.client import Client
from homeostat.errors import ApiError, InvalidObjectError, TransportError

__all__ = ["ServerIdentity"]

logger = logging.getLogger(__name__)

_NAMESPACES: Final = Resource(
    gvk=GroupVersionKind("", "v1", "Namespace"), plural="namespaces", namespaced=False
)
# Made once with the data, and cannot be deleted: other tools, too, take its uid for the
# identity of a cluster.
_NAME: Final = "kube-system"


@final
class ServerIdentity:
    """Tells the reflectors of one client whether the server is still the one it was.

    The answer is the uid of the namespace ``kube-system``. It is read when the first
    reflector starts, and after whatever a server that lost its data may cause: a broken
    connection, a watch that ends before its time or is silent, a version that has
    expired or is ahead of the server's or goes back, an answer 401 or 5xx. One request
    serves all who doubt.

    Guarantee: once another history is known, ``number`` has changed, and everybody has
    been told before anything else happens on the loop.

    What is left is the time between the server's change and the first of those signs.
    A change that breaks no connection and ends no watch, as behind a balancer that
    holds on to them, may be seen only after the silence that a watch is allowed. Where
    the namespace may not be read, versions alone tell: a history whose versions have
    passed the lost one's is not told from it.

    Args:
        client: Asks; it needs the verb get for that namespace.

    Attributes:
        listeners: Called without arguments when ``number`` has changed, and when a
            reflector has taken the state of another history; must not raise.
    """

    __slots__ = (
        "_answer",
        "_asked_at",
        "_cleared",
        "_client",
        "_doubts",
        "_failures",
        "_history",
        "_lock",
        "_suspected_at",
        "_told",
        "listeners",
    )

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._history = History()
        self._answer = Identified()
        self._asked_at: float | None = None
        self._failures = 0
        # Counted, for in virtual time a doubt and its answer may be of one moment.
        self._doubts = self._cleared = 0
        self._suspected_at = float("-inf")
        self._told = False
        self.listeners: list[Callable[[], None]] = []

    @property
    def number(self) -> int:
        """How many other histories were met before this one."""
        return self._history.number

    @property
    def is_sure(self) -> bool:
        """Whether every sign of another server has been followed by an answer."""
        return self._cleared == self._doubts

    async def ask(self, since: float) -> Identified:
        """Return which server answered after a moment, or why none did.

        Args:
            since: Of the loop's time; "-inf" takes any earlier answer.

        Cancellation: another one who waits asks in its stead.
        """
        failures = self._failures
        async with self._lock:
            # Who waited for a request that failed would only wait for another one.
            if not self._counts(since) and self._failures == failures:
                await self._ask()
            return self._answer

    def suspect(self) -> None:
        """Take note of a sign that the server may be another one."""
        self._doubts += 1
        self._suspected_at = asyncio.get_running_loop().time()

    async def confirm(self) -> None:
        """Wait until it is known which server answers, when that is in doubt.

        Raises:
            TransportError: It does not answer, or does not say.
        """
        while not self.is_sure:
            error = (await self.ask(self._suspected_at)).error
            if error is not None:
                raise TransportError(
                    f"it cannot be told whether the server is still the one it was: "
                    f"{error}",
                    sent=False,
                ) from error

    def lose(self) -> None:
        """Take note that versions went back: the history is another one."""
        self._history = lost(self._history)
        self.suspect()
        self.announce()

    def announce(self) -> None:
        """Call the listeners."""
        for listener in tuple(self.listeners):
            listener()

    def _counts(self, since: float) -> bool:
        if self._asked_at is None or self._answer.error is not None:
            return False
        return self._asked_at > since

    async def _ask(self) -> None:
        doubts, asked_at = self._doubts, asyncio.get_running_loop().time()
        answer = await self._read()
        self._asked_at = asked_at
        if answer.error is not None:
            self._failures += 1
        else:
            self._cleared = doubts
        self._answer = answer

    async def _read(self) -> Identified:
        try:
            body = await self._client.get_raw(_NAMESPACES, _NAME)
            return self._learn(Record.read(body, gvk=_NAMESPACES.gvk).uid)
        except (ApiError, TransportError) as error:
            if not isinstance(error, ApiError) or error.code not in {403, 404}:
                return Identified(error=error)
            if error.code == 404:
                return self._learn("")
            self._tell_once(error)
            return self._learn(None)
        except InvalidObjectError:
            return self._learn(None)

    def _learn(self, name: str | None) -> Identified:
        before = self._history
        after = self._history = learned(before, name)
        if before.number != after.number:
            if before.name:
                logger.error(
                    "the server lost its data, or is another one: its namespace %s had "
                    "the uid %s and has %s; everything is taken anew",
                    _NAME,
                    before.name,
                    after.name or "none yet",
                )
            self.announce()
        # Its right to ask may have gone with the old server; and one that has only just
        # begun cannot say yet who it is.
        unsaid = not name and bool(after.name or before.name or after.number)
        return Identified(after.number, unsaid=unsaid)

    def _tell_once(self, error: ApiError) -> None:
        if not self._told:
            self._told = True
            logger.info(
                "may not get namespace %s, by whose uid a server that lost its data is "
                "known at once: allow it in a role: %s",
                _NAME,
                error.message[:256],
            )
