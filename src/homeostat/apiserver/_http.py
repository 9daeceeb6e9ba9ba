"""The server on a socket."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, final

from homeostat._clock import SystemClock
from homeostat._tasks import Group, Threads
from homeostat.apiserver._connection import Connection
from homeostat.apiserver._http_write import http_date
from homeostat.apiserver._server import ApiServer
from homeostat.apiserver._tls import Tls

__all__ = ["serve"]

SHUTDOWN_SECONDS: Final = 1.0
_BACKLOG: Final = 128
# Of the loop, in which a connection that was cut off is closed, also one in the middle
# of a handshake, of which nobody else knows.
_ROUNDS: Final = 10


@asynccontextmanager
async def serve(
    server: ApiServer,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: Tls | None = None,
) -> AsyncGenerator[str]:
    """Serve until the block ends; yields ``https://HOST:PORT``.

    Args:
        server: What answers.
        host: Address to listen on.
        port: 0 takes a free one.
        tls: What to show to clients; they are who they prove to be. None serves over
            plain HTTP: ``http://HOST:PORT``, and everybody is the administrator.

    Cancellation: open watches end, connections are closed within a second.

    Raises:
        OSError: The address cannot be had.
        ValueError: The certificate cannot be used.
    """
    context = None
    if tls is not None:
        files = Threads(1, name="tls")
        context = await files.run(tls.context)
        files.close()
    # By hand: what fails in the block is no failure of a task, and raised as it is.
    tasks = Group()
    await tasks.__aenter__()
    listener = _Listener(server, tasks, secure=context is not None)
    try:
        listening = await asyncio.get_running_loop().create_server(
            listener, host, port, ssl=context, backlog=_BACKLOG
        )
        try:
            bound = listening.sockets[0].getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            yield f"{'http' if context is None else 'https'}://{shown}:{bound}"
        finally:
            listening.close()
            server.drop_watches(clean=True)
            await listener.close()
    finally:
        await tasks.__aexit__(None, None, None)


@final
class _Listener:
    """Makes a protocol for each connection to one server.

    Attributes:
        server: What answers.
        secure: Connections come over TLS, and clients are who they prove to be.
        closing: Nothing new is begun.
        connections: Those that are there.
    """

    def __init__(self, server: ApiServer, tasks: Group, *, secure: bool) -> None:
        self.server = server
        self.secure = secure
        self.closing = False
        self.connections: set[Connection] = set()
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._date = ""
        self._date_second = -1

    def __call__(self) -> Connection:
        """Return the protocol of a connection."""
        return Connection(self)

    def start(self, coro: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start what answers a request."""
        return self._tasks.start(coro, name="apiserver/answer")

    def date(self) -> str:
        """Return the present time, up to a second late, as headers have it."""
        second = int(self._loop.time())
        if second != self._date_second:
            self._date_second = second
            self._date = http_date(self._clock.now())
        return self._date

    async def close(self) -> None:
        """Let what is begun come to its end, and close the connections."""
        self.closing = True
        for connection in list(self.connections):
            connection.retire()
        running = [each.task for each in self.connections if each.task is not None]
        if running:
            await asyncio.wait(running, timeout=SHUTDOWN_SECONDS)
        # Over TLS a client that is told of the end may take half a minute to agree.
        for connection in list(self.connections):
            connection.abort()
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
