"""The client of one API server."""

from types import TracebackType
from typing import Any, Self, final

from homeostat._clock import Clock, SystemClock
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._scope import WriteObserver
from homeostat._transport import HttpRequest, HttpResponse, Transport
from homeostat.client._calls import Calls
from homeostat.client._config import ClusterConfig
from homeostat.client._discovery import Discovery
from homeostat.client._mapper import RESTMapper
from homeostat.client._objects import parse_document
from homeostat.client._subresources import Subresources

__all__ = ["Client"]


@final
class Client(Subresources):
    """Talks to one API server: the API's verbs, typed or on plain dicts.

    A class of ``Object`` gives typed objects, a ``GroupVersionKind`` plain dicts.
    Nothing is sent and nothing heavy is imported before the first call. Calls may run
    at the same time; all of them belong to one event loop.

    Cancellation: a read is dropped. A write that may have been sent is reported to its
    observers as unknown. Timeouts are the caller's: ``async with asyncio.timeout(5)``.

    Args:
        target: A cluster to connect to, or a transport that leads to one.
        field_manager: Owner of what is written outside of any controller.
        user_agent: What the server's logs call this program.
        namespace: Where calls go that name none; "" for the one of ``target``, or
            ``default``.
        clock: Wall time, for tokens that expire.
        random: Chance, for the spread of retries.
        metrics: Where figures go.
    """

    def __init__(
        self,
        target: ClusterConfig | Transport,
        *,
        field_manager: str = "homeostat",
        user_agent: str = "homeostat",
        namespace: str = "",
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        headers = {"accept": "application/json", "user-agent": user_agent}
        host = ""
        if isinstance(target, ClusterConfig):
            from homeostat.client._http import HttpTransport  # noqa: PLC0415

            host = target.server.partition("://")[2]
            namespace = namespace or target.namespace
            transport: Transport = HttpTransport(
                target, clock=clock or SystemClock(), headers=headers
            )
        else:
            transport = target
        self._field_manager = field_manager
        self._namespace = namespace or "default"
        self._calls = Calls(
            transport,
            headers=headers,
            host=host,
            random=random or Random(),
            metrics=metrics,
        )
        self._mapper = RESTMapper(self._calls)

    @property
    def namespace(self) -> str:
        """Where calls go that name no namespace."""
        return self._namespace

    @property
    def observers(self) -> list[WriteObserver]:
        """Who learns of every write of this client, beside its scope's observers."""
        return self._calls.observers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; calls under way fail."""
        await self._calls.close()

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send any request, with authentication and retries, and return its answer.

        The answer's status is the caller's to judge. Observers of writes learn nothing.

        Raises:
            OutcomeUnknownError: Not a GET, sent, and no answer came back.
            TransportError: No answer.
        """
        return await self._calls.exchange(request)

    async def discover(self) -> Discovery:
        """Ask the server for everything that it serves.

        A group that does not answer, as that of a broken API service, is named in
        ``Discovery.failed`` and hides none of the others.
        """
        return await self._mapper.discover()

    async def version(self) -> dict[str, Any]:
        """Return the server's ``/version``: ``gitVersion``, ``major``, ``minor``."""
        request = HttpRequest(method="GET", path="/version")
        response = await self._calls.read(request, attempted="get /version")
        return parse_document(response.body, "get /version")
