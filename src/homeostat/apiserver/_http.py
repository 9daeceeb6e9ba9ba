"""The server on a socket, over aiohttp, which is imported when first used."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeostat.apiserver._server import ApiServer

__all__ = ["serve"]

SHUTDOWN_SECONDS = 1.0


@asynccontextmanager
async def serve(
    server: ApiServer, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[str]:
    """Serve over plain HTTP until the block ends; yields ``http://HOST:PORT``.

    Args:
        server: What answers.
        host: Address to listen on.
        port: 0 takes a free one.

    Cancellation: open watches end, connections are closed within a second.

    Raises:
        OSError: The address cannot be had.
    """
    # 120 ms that a socket alone needs.
    from aiohttp import web  # noqa: PLC0415

    from homeostat.apiserver._wire import Listener  # noqa: PLC0415

    runner = web.ServerRunner(
        Listener(server), handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{bound}"
    finally:
        server.drop_watches(clean=True)
        await runner.cleanup()
