"""Which server it is that answers."""

import asyncio
import logging
from typing import Final, final

from homeostat.api import GroupVersionKind, Resource
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
    reflector starts, and after a failure; one request serves all who doubt.

    Args:
        client: Asks; it needs the verb get for that namespace, and without it a server
            that comes back with another history is noticed by its versions alone.
    """

    __slots__ = (
        "_answer",
        "_asked_at",
        "_client",
        "_failed_at",
        "_lock",
        "_told",
        "_uid",
    )

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._answer: Identified = Identified()
        self._asked_at: float | None = None
        self._failed_at = float("-inf")
        self._uid = ""
        self._told = False

    async def ask(self, since: float) -> Identified:
        """Return which server answered after a moment, or why none did.

        Args:
            since: Of the loop's time; "-inf" takes any earlier answer.

        Cancellation: another one who waits asks in its stead.
        """
        loop = asyncio.get_running_loop()
        came = loop.time()
        async with self._lock:
            # Who waited for a request that failed would only wait for another one.
            if not self._counts(since) and self._failed_at < came:
                asked_at = loop.time()
                self._answer = await self._read()
                self._asked_at = asked_at
                if self._answer.error is not None:
                    self._failed_at = loop.time()
            return self._answer

    def _counts(self, since: float) -> bool:
        if self._asked_at is None or self._answer.error is not None:
            return False
        return self._asked_at > since

    async def _read(self) -> Identified:
        try:
            body = await self._client.get_raw(_NAMESPACES, _NAME)
            uid = Record.read(body, gvk=_NAMESPACES.gvk).uid
        except (ApiError, TransportError) as error:
            if not isinstance(error, ApiError) or error.code not in {403, 404}:
                return Identified(error=error)
            if error.code == 404:
                self._note("")
                return Identified(missing=True)
            self._tell_once(error)
            return Identified()
        except InvalidObjectError:
            return Identified()
        self._note(uid)
        return Identified(uid)

    def _note(self, uid: str) -> None:
        before, self._uid = self._uid, uid
        if before and before != uid:
            logger.error(
                "the server lost its data, or is another one: its namespace %s had the "
                "uid %s and has %s; everything is taken anew",
                _NAME,
                before,
                uid or "none yet",
            )

    def _tell_once(self, error: ApiError) -> None:
        if not self._told:
            self._told = True
            logger.info(
                "may not get namespace %s, by whose uid a server that lost its data is "
                "known at once: allow it in a role: %s",
                _NAME,
                error.message[:256],
            )
