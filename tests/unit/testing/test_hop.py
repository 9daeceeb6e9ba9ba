"""Requests that go from a test's loop to that of its cluster."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from homeostat._loop_thread import LoopThread
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.errors import TransportError
from homeostat.testing import eventually
from homeostat.testing._hop import Hop

REQUEST = HttpRequest(method="GET", path="/version")


class Chunks:
    """A stream of three parts, which may then fail, or wait for ever."""

    status = 200
    headers: Mapping[str, str] = {"kind": "test"}

    def __init__(self, then: BaseException | None, *, wait: bool) -> None:
        self._then = then
        self._wait = wait

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in (b"a", b"b", b"c"):
            yield chunk
        if self._then:
            raise self._then
        if self._wait:
            await asyncio.get_running_loop().create_future()


class Target:
    """A transport that does as it is told, and counts what is open."""

    def __init__(self) -> None:
        self.refusal: BaseException | None = None
        self.failure: BaseException | None = None
        self.answers = True
        self.open = 0
        self.entered = asyncio.Event()

    async def request(self, request: HttpRequest) -> HttpResponse:
        async with self._answer():
            return HttpResponse(status=200, body=request.path.encode())

    @asynccontextmanager
    async def stream(self, _request: HttpRequest) -> AsyncGenerator[HttpStream]:
        async with self._answer():
            yield Chunks(self.failure, wait=not self.failure)

    async def close(self) -> None: ...

    @asynccontextmanager
    async def _answer(self) -> AsyncGenerator[None]:
        if self.refusal:
            raise self.refusal
        self.open += 1
        self.entered.set()
        try:
            if not self.answers:
                await asyncio.get_running_loop().create_future()
            yield
        finally:
            self.open -= 1


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    with LoopThread(name="target") as thread:
        yield thread


async def stop(thread: LoopThread) -> None:
    """End the other loop, from a thread: this one must not wait."""
    await asyncio.to_thread(thread.__exit__, None, None, None)


async def entered(target: Target, thread: LoopThread) -> None:
    """Wait until the request has arrived on the other loop."""
    await asyncio.wrap_future(thread.submit(_wait(target.entered)))


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def test_answers_and_errors_come_over(thread: LoopThread) -> None:
    target = Target()
    hop = Hop(target, thread)
    assert (await hop.request(REQUEST)).body == b"/version"
    target.refusal = TransportError("refused")
    with pytest.raises(TransportError, match="refused"):
        await hop.request(REQUEST)


async def test_request_of_a_cluster_that_stops_fails() -> None:
    thread = LoopThread(name="stopping").__enter__()
    target = Target()
    target.answers = False
    asked = asyncio.create_task(Hop(target, thread).request(REQUEST))
    await asyncio.sleep(0)
    await entered(target, thread)
    await stop(thread)
    with pytest.raises(TransportError, match="the cluster has stopped"):
        await asked


async def test_cancelled_request_is_cancelled(thread: LoopThread) -> None:
    target = Target()
    target.answers = False
    asked = asyncio.create_task(Hop(target, thread).request(REQUEST))
    await asyncio.sleep(0)
    await entered(target, thread)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await closed(target)


async def read(stream: HttpStream, count: int) -> list[bytes]:
    found: list[bytes] = []
    async for chunk in stream.chunks():
        found.append(chunk)
        if len(found) == count:
            break
    return found


async def closed(target: Target) -> None:
    async def is_closed() -> bool:
        return target.open == 0

    await eventually(is_closed)


async def test_chunks_come_in_order_and_leaving_closes(thread: LoopThread) -> None:
    target = Target()
    async with Hop(target, thread).stream(REQUEST) as stream:
        assert (stream.status, stream.headers) == (200, {"kind": "test"})
        assert await read(stream, 3) == [b"a", b"b", b"c"]
        assert target.open == 1
    await closed(target)


async def test_failure_comes_after_the_chunks(thread: LoopThread) -> None:
    target = Target()
    target.failure = TransportError("reset by peer")
    async with Hop(target, thread).stream(REQUEST) as stream:
        assert await read(stream, 3) == [b"a", b"b", b"c"]
        with pytest.raises(TransportError, match="reset"):
            await read(stream, 1)


async def test_refused_stream_is_refused_here(thread: LoopThread) -> None:
    target = Target()
    target.refusal = TransportError("refused")
    with pytest.raises(TransportError, match="refused"):
        async with Hop(target, thread).stream(REQUEST):
            pytest.fail("it was opened")


async def test_stream_of_a_cluster_that_stops_fails() -> None:
    thread = LoopThread(name="stopping").__enter__()
    async with Hop(Target(), thread).stream(REQUEST) as stream:
        assert len(await read(stream, 3)) == 3
        await stop(thread)
        with pytest.raises(TransportError, match="the cluster has stopped"):
            await read(stream, 1)


async def test_leaving_before_it_opens_leaves_nothing_open(thread: LoopThread) -> None:
    target = Target()
    target.answers = False

    async def open_it() -> None:
        async with Hop(target, thread).stream(REQUEST):
            pytest.fail("it was opened")

    opening = asyncio.create_task(open_it())
    await asyncio.sleep(0)
    await entered(target, thread)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await closed(target)
