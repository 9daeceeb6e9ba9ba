"""The server on a socket, over aiohttp, which is imported when first used."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from homeostat._transport import HttpRequest
from homeostat.apiserver._decode import MAX_BODY_BYTES
from homeostat.apiserver._server import ApiServer, WholeAnswer
from homeostat.errors import TransportError

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["serve"]

SHUTDOWN_SECONDS = 1.0
MAX_HEADER_BYTES = 1 << 20


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
    from aiohttp import web  # noqa: PLC0415  # 120 ms that a socket alone needs

    gate = _Gate(server)
    runner = web.ServerRunner(
        web.Server(
            gate.handle,
            access_log=None,
            # As Go's server: a selector or a token may be long. Bodies are taken as
            # they come: kube-apiserver does not decompress them either.
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            auto_decompress=False,
        ),
        handle_signals=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
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


class _Gate:
    """Turns aiohttp's requests into ours, and our answers into aiohttp's."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    async def handle(self, request: "web.BaseRequest") -> "web.StreamResponse":
        from aiohttp import web  # noqa: PLC0415

        ours = HttpRequest(
            method=request.method,
            path=request.path,
            query=tuple(request.query.items()),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await _read(request),
        )
        async with self._server.stream(ours) as stream:
            if isinstance(stream, WholeAnswer):
                whole = stream.response
                return web.Response(
                    status=whole.status, headers=whole.headers, body=whole.body
                )
            return await self._pipe(
                request, stream.status, dict(stream.headers), stream.chunks()
            )

    async def _pipe(
        self,
        request: "web.BaseRequest",
        status: int,
        headers: dict[str, str],
        chunks: AsyncIterator[bytes],
    ) -> "web.StreamResponse":
        from aiohttp import web  # noqa: PLC0415

        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        try:
            async for chunk in chunks:
                await response.write(chunk)
        except TransportError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass
        return response


async def _read(request: "web.BaseRequest") -> bytes:
    """Read a body, but no more than tells that it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            break
    return b"".join(parts)
