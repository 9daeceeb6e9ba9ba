"""One request to its answer: pauses, retries, warnings, figures, observers."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from homeostat._metrics import Metrics
from homeostat._random import Random
from homeostat._scope import Write, WriteObserver, current_scope
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.client._answers import (
    is_object,
    is_status,
    is_unknown_path,
    response_error,
    warning_texts,
)
from homeostat.client._report import Report, await_permit, refuse_closed_epoch
from homeostat.client._retry import Retry, decide
from homeostat.errors import (
    ApiError,
    FencedError,
    OutcomeUnknownError,
    TransportError,
)

__all__ = ["Calls"]

logger = logging.getLogger(__name__)

MAX_WARNINGS = 1000  # distinct texts that are remembered as logged
MAX_ERROR_BODY = 1 << 20  # bytes of a refused watch's answer that are read


class Calls:
    """Sends requests over one transport, again when that is safe.

    Attributes:
        observers: Learn of every write.
        not_served: Called with a resource, as ``apps/v1 deployments``, whose path the
            server does not know.
    """

    __slots__ = (
        "_headers",
        "_host",
        "_metrics",
        "_random",
        "_resume_at",
        "_transport",
        "_warned",
        "not_served",
        "observers",
    )

    def __init__(
        self,
        transport: Transport,
        *,
        headers: Mapping[str, str],
        host: str,
        random: Random,
        metrics: Metrics,
    ) -> None:
        self._transport = transport
        self._headers = headers  # that very object: the transport knows it
        self._host = host
        self._random = random
        self._metrics = metrics
        self._resume_at = 0.0  # loop time; a 429 moves it ahead
        self._warned: set[str] = set()
        self.observers: list[WriteObserver] = []
        self.not_served: Callable[[str], None] = lambda _: None

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()

    async def read(
        self, request: HttpRequest, *, attempted: str, resource: str = ""
    ) -> HttpResponse:
        """Send what changes nothing and return its 2xx answer.

        Raises:
            ApiError: The server refused.
            TransportError: No answer, after the retries that are due.
        """
        request = self._complete(request)
        try:
            response = await self._tries(request, attempted=attempted)
        except TransportError as error:
            raise _explained(error, attempted) from error
        if response.status >= 300:
            raise self._refusal(response, attempted, resource)
        return response

    async def write(self, request: HttpRequest, write: Write) -> HttpResponse:
        """Send a write in the current scope, its observers told, and return its answer.

        Cancellation: observers learn that the outcome is unknown when the request may
        have been sent.

        Raises:
            ApiError: The server refused.
            OutcomeUnknownError: It was sent and no answer came back.
            TransportError: It was surely not sent.
            FencedError: It was not sent, for the scope's term is over.
        """
        request = self._complete(request)
        scope = current_scope()
        attempted = str(write)
        refuse_closed_epoch(scope, attempted)
        await self._resumed()
        refuse_closed_epoch(scope, attempted)
        with Report(write, (*self.observers, *scope.observers)) as report:
            report.sending()
            try:
                response = await self._tries(
                    request, attempted=attempted, report=report, safe=write.dry_run
                )
            except (TransportError, FencedError) as error:
                if report.doubt:
                    raise _unknown(attempted, str(error)) from error
                if isinstance(error, FencedError):
                    raise
                raise _explained(error, attempted) from error
            if response.status < 300:
                if not is_object(response.body):
                    report.sent()
                    raise _unknown(attempted, "the answer is no JSON object")
                report.responded(response.body)
                return response
            if (
                report.doubt
                and response.status in {502, 504}
                and not is_status(response)
            ):
                raise _unknown(attempted, f"a proxy answered {response.status}")
            raise self._refusal(response, attempted, _served(write))

    async def exchange(self, request: HttpRequest) -> HttpResponse:
        """Send any request and return its answer, whatever its status."""
        attempted = f"{request.method.lower()} {request.path}"
        safe = request.method == "GET"
        if not safe:
            await await_permit(current_scope(), attempted)
        request = self._complete(request)
        try:
            return await self._tries(request, attempted=attempted, safe=safe)
        except TransportError as error:
            if error.sent and not safe:
                raise _unknown(attempted, str(error)) from error
            raise _explained(error, attempted) from error

    @asynccontextmanager
    async def stream(
        self, request: HttpRequest, *, attempted: str, resource: str = ""
    ) -> AsyncGenerator[HttpStream]:
        """Open a stream, 2xx surely.

        A connection that fails is not tried again: whoever watches backs off itself.
        """
        request = self._complete(request)
        tries = 0
        while True:
            await self._resumed()
            tries += 1
            async with AsyncExitStack() as stack:
                try:
                    opened = self._transport.stream(request)
                    stream = await stack.enter_async_context(opened)
                    status, headers = stream.status, stream.headers
                    body = b"" if status < 300 else await _read_bounded(stream)
                except TransportError as error:
                    self._count(request.method, "<error>", tries)
                    raise _explained(error, attempted) from error
                self._count(request.method, str(status), tries)
                self._log_warnings(headers)
                if status < 300:
                    # Outside of the try: what the caller's block raises is not ours.
                    yield stream
                    return
            again = decide(safe=True, tries=tries, status=status, headers=headers)
            if again is None:
                response = HttpResponse(status=status, headers=headers, body=body)
                raise self._refusal(response, attempted, resource)
            await self._wait(again, attempted)

    def _refusal(
        self, response: HttpResponse, attempted: str, resource: str
    ) -> ApiError:
        if resource and is_unknown_path(response):
            self.not_served(resource)
        return response_error(response, attempted=attempted, resource=resource)

    async def _tries(
        self,
        request: HttpRequest,
        *,
        attempted: str,
        report: Report | None = None,
        safe: bool = True,
    ) -> HttpResponse:
        tries = 0
        while True:
            await self._resumed()
            if report is not None:
                await await_permit(current_scope(), attempted)
                report.sent()
            tries += 1
            try:
                response = await self._transport.request(request)
            except TransportError as error:
                self._count(request.method, "<error>", tries)
                if report is not None and not error.sent:
                    report.not_sent()
                again = decide(safe=safe, tries=tries, error=error)
                if again is None:
                    raise
            else:
                status, headers = response.status, response.headers
                self._count(request.method, str(status), tries)
                if report is not None:
                    report.answered(status)
                again = None
                if status >= 300:
                    again = decide(
                        safe=safe, tries=tries, status=status, headers=headers
                    )
                if again is None:
                    self._log_warnings(headers)
                    return response
            await self._wait(again, attempted)

    async def _wait(self, retry: Retry, attempted: str) -> None:
        logger.debug("retrying: %s, in %s s: %s", attempted, retry.after, retry.reason)
        if retry.pause:
            now = asyncio.get_running_loop().time()
            if self._resume_at <= now:
                logger.info(
                    "pausing every request for %s s: %s", retry.after, retry.reason
                )
            self._resume_at = max(self._resume_at, now + retry.after)
        else:
            await asyncio.sleep(retry.after)

    async def _resumed(self) -> None:
        if not self._resume_at:
            return  # no server was ever overloaded
        loop = asyncio.get_running_loop()
        while (left := self._resume_at - loop.time()) > 0:  # noqa: ASYNC110
            # Spread by a tenth: waiters that wake as one would be throttled as one.
            await asyncio.sleep(self._random.jitter(left, 0.1))

    def _complete(self, request: HttpRequest) -> HttpRequest:
        own = request.headers
        return HttpRequest(
            method=request.method,
            path=request.path,
            query=request.query,
            headers={**self._headers, **own} if own else self._headers,
            body=request.body,
        )

    def _count(self, method: str, code: str, tries: int) -> None:
        count, host = self._metrics.count, self._host
        count("rest_client_requests_total", code=code, method=method, host=host)
        if tries > 1:
            name = "rest_client_request_retries_total"
            count(name, code=code, method=method, host=host)

    def _log_warnings(self, headers: Mapping[str, str]) -> None:
        if "warning" not in headers:
            return
        for text in warning_texts(headers):
            if text not in self._warned and len(self._warned) < MAX_WARNINGS:
                self._warned.add(text)
                logger.warning("the server warns: %s", text)


def _served(write: Write) -> str:
    api = f"{write.group}/{write.version}" if write.group else write.version
    return f"{api} {write.resource}"


def _unknown(attempted: str, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{attempted}: sent, but its outcome is unknown: {why}; read before retrying"
    )


def _explained(error: TransportError, attempted: str) -> TransportError:
    text = str(error)
    if not text.startswith(attempted):
        text = f"{attempted}: {text}"
    return TransportError(text, sent=error.sent)


async def _read_bounded(stream: HttpStream) -> bytes:
    body = bytearray()
    async for chunk in stream.chunks():
        body += chunk
        if len(body) > MAX_ERROR_BODY:
            break
    return bytes(body)
