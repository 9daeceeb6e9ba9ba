"""Liveness and readiness over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeostat.errors import ConfigError
from homeostat.manager._health import Health

__all__ = ["parse_address", "serve_health"]

_ENDPOINTS = {"/healthz": "live", "/livez": "live", "/readyz": "ready"}


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; ``:8081`` is every interface.

    Raises:
        ConfigError: Not an address.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(
            f"health address {address!r} is not host:port, as '127.0.0.1:8081'"
        )
    return host.strip("[]"), int(port)


@asynccontextmanager
async def serve_health(health: Health, address: str) -> AsyncGenerator[str]:
    """Serve ``/healthz``, ``/livez`` and ``/readyz`` while inside the block.

    They answer 200 or 503; ``?verbose`` lists every check, and a failure always does.

    Args:
        health: What to report.
        address: ``host:port``; port 0 takes a free one.

    Yields:
        The address that it listens on.

    Raises:
        ConfigError: The address is in use, or not one of this machine.
    """
    # The modules beneath aiohttp.web: all of it would be another 1.4 MB.
    from aiohttp.web_request import BaseRequest  # noqa: PLC0415 - costs 190 ms
    from aiohttp.web_response import Response  # noqa: PLC0415
    from aiohttp.web_server import Server  # noqa: PLC0415

    host, port = parse_address(address)

    async def answer(request: BaseRequest) -> Response:
        which = _ENDPOINTS.get(request.path)
        if which is None:
            return Response(text="404: Not Found", status=404)
        if request.method not in {"GET", "HEAD"}:
            return Response(
                text="405: Method Not Allowed",
                status=405,
                headers={"Allow": "GET,HEAD"},
            )
        well, text = health.report(which)
        if well and "verbose" not in request.query:
            text = "ok"
        return Response(text=text, status=200 if well else 503)

    server = Server(answer, access_log=None)
    try:
        listening = await asyncio.get_running_loop().create_server(
            server, host or None, port
        )
    except OSError as error:
        raise ConfigError(f"cannot listen on {address}: {error}") from error
    try:
        bound = listening.sockets[0].getsockname()
        yield f"{host or bound[0]}:{bound[1]}"
    finally:
        listening.close()
        await server.shutdown(1.0)
