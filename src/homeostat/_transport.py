"""Where client and API server meet: one request, one answer, or a stream of bytes.

Sockets carry it in production, a direct call in process, and a test may stand in
between. Paths and queries are unquoted text; quoting is the business of whoever puts
them on a wire.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

__all__ = ["HttpRequest", "HttpResponse", "HttpStream", "Transport"]


# Structs, for a frozen dataclass takes two microseconds to make. Text and bytes make no
# cycles: the collector need not look at them.
class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request.

    Attributes:
        method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
        path: Absolute path, unquoted, as ``/api/v1/namespaces/default/pods/web``.
        query: Pairs in order, unquoted.
        headers: Names in lower case.
        body: The bytes to send; empty for none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answer, read to its end.

    Attributes:
        status: HTTP status code.
        headers: Names in lower case; the values of a repeated one joined by ``", "``.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""


class HttpStream(Protocol):
    """An answer whose body arrives over time: a watch."""

    @property
    def status(self) -> int:
        """HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names in lower case."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the body as it arrives; chunks do not respect lines.

        Ends when the server closes the stream cleanly.

        Raises:
            TransportError: The connection broke.
        """
        ...


class Transport(Protocol):
    """Carries requests to one API server."""

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the whole answer.

        Cancellation: the request may have been sent.

        Raises:
            TransportError: No answer; its ``sent`` says whether the server may have
                seen the request.
        """
        ...

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        """Open a stream; leaving the block closes it.

        Raises:
            TransportError: No answer.
        """
        ...

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        ...
