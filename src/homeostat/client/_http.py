"""The transport over sockets."""

from contextlib import AbstractAsyncContextManager

from homeostat._clock import Clock
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.client._config import ClusterConfig

__all__ = ["HttpTransport"]


class HttpTransport:
    """Carries requests to one API server over HTTP/1.1."""

    def __init__(self, config: ClusterConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the whole answer."""
        raise NotImplementedError

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        """Open a stream; leaving the block closes it."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
