"""Liveness and readiness over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeostat.errors import ConfigError
from homeostat.manager._health import Health

__all__ = ["parse_address", "serve_health"]


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
    from aiohttp import web  # noqa: PLC0415 - 190 ms that only who serves pays

    host, port = parse_address(address)

    def answer(request: web.Request, which: str) -> web.Response:
        well, text = health.report(which)
        if well and "verbose" not in request.query:
            text = "ok"
        return web.Response(text=text, status=200 if well else 503)

    async def live(request: web.Request) -> web.Response:
        return answer(request, "live")

    async def ready(request: web.Request) -> web.Response:
        return answer(request, "ready")

    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", live),
            web.get("/livez", live),
            web.get("/readyz", ready),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host or None, port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError(f"cannot listen on {address}: {error}") from error
        bound = runner.addresses[0]
        yield f"{host or bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()
