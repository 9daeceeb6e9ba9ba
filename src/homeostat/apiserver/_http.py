"""The server on a socket, over aiohttp, which is imported when first used."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeostat._tasks import Threads
from homeostat.apiserver._server import ApiServer
from homeostat.apiserver._tls import Tls

__all__ = ["serve"]

SHUTDOWN_SECONDS = 1.0


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
    # 120 ms that a socket alone needs.
    from aiohttp import web  # noqa: PLC0415

    from homeostat.apiserver._wire import Listener  # noqa: PLC0415

    context = None
    if tls is not None:
        files = Threads(1, name="tls")
        context = await files.run(tls.context)
        files.close()
    listener = Listener(server, secure=context is not None)
    runner = web.ServerRunner(
        listener, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=context)
        await site.start()
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"{'http' if context is None else 'https'}://{shown}:{bound}"
    finally:
        server.drop_watches(clean=True)
        await runner.cleanup()
        # Over TLS a client that is told of the end may take half a minute to agree.
        await listener.abort()
