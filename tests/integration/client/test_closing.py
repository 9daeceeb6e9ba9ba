"""A closed client leaves nothing behind, whatever was under way."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from homeostat._clock import SystemClock
from homeostat._transport import HttpRequest
from homeostat.client import ClusterConfig
from homeostat.client._http import HttpTransport
from homeostat.client._sockets import MAX_CONNECTIONS
from homeostat.errors import TransportError
from tests.harness.certificates import Certificates, write_certificates
from tests.harness.relay import Relay

GET = HttpRequest(method="GET", path="/version")
HALF = HttpRequest(method="GET", path="/half")
SLOW = HttpRequest(method="GET", path="/slow")
WATCH = HttpRequest(method="GET", path="/watch")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return write_certificates(tmp_path_factory.mktemp("pki"))


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    if request.path == "/slow":
        await asyncio.sleep(60)
    response = web.StreamResponse()
    if request.path == "/half":
        response.content_length = 100
    await response.prepare(request)
    await response.write(b"{}\n")
    if request.path in {"/watch", "/half"}:
        await asyncio.sleep(60)
    return response


@pytest.fixture
async def relay(pki: Certificates) -> AsyncIterator[Relay]:
    """A server with TLS, on a line that can fall silent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server, pki.server_key)
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    async with Relay(f"https://127.0.0.1:{runner.addresses[0][1]}") as relay:
        yield relay
    await runner.cleanup()


@pytest.fixture
def sender(relay: Relay, pki: Certificates) -> HttpTransport:
    config = ClusterConfig(server=relay.url, certificate_authority=str(pki.ca))
    return HttpTransport(config, clock=SystemClock())


def connections(sender: HttpTransport) -> int:
    """Return how many sockets of a client are open."""
    if sender._sockets is None:
        return 0
    return sum(line.fileno() >= 0 for line in sender._sockets._lines._open)


async def follow(sender: HttpTransport, opened: asyncio.Event) -> None:
    async with sender.stream(WATCH) as stream:
        async for _ in stream.chunks():
            opened.set()


async def comes(relay: Relay, count: int) -> None:
    async with asyncio.timeout(5):
        while relay.opened < count:  # noqa: ASYNC110  # a server's side
            await asyncio.sleep(0.001)


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def send(sender: HttpTransport, request: HttpRequest) -> None:
    await sender.request(request)


async def test_cancelled_watch_waits_for_no_goodbye(
    sender: HttpTransport, relay: Relay
) -> None:
    opened = asyncio.Event()
    watching = asyncio.create_task(follow(sender, opened))
    await opened.wait()
    relay.silence()
    await cancel(watching)
    await sender.close()
    assert connections(sender) == 0


async def test_cancelled_request_waits_for_no_goodbye(
    sender: HttpTransport, relay: Relay
) -> None:
    await sender.request(GET)
    waiting = asyncio.create_task(send(sender, SLOW))
    await asyncio.sleep(0.02)
    relay.silence()
    await cancel(waiting)
    await sender.close()
    assert connections(sender) == 0


@pytest.mark.parametrize("rounds", range(0, 12, 2))
async def test_request_cancelled_in_the_handshake_leaves_nothing(
    sender: HttpTransport, relay: Relay, rounds: int
) -> None:
    waiting = asyncio.create_task(send(sender, GET))
    await comes(relay, 1)
    relay.silence()
    for _ in range(rounds):
        await asyncio.sleep(0)
    await cancel(waiting)
    await sender.close()
    assert connections(sender) == 0


async def test_requests_under_way_fail_when_the_client_is_closed(
    sender: HttpTransport, relay: Relay
) -> None:
    """Also those that wait for their turn: nobody cancelled them."""
    count = MAX_CONNECTIONS + 5
    opened = asyncio.Event()
    watching = asyncio.create_task(follow(sender, opened))
    await opened.wait()
    slow = [asyncio.create_task(send(sender, SLOW)) for _ in range(count)]
    await comes(relay, MAX_CONNECTIONS + 1)
    await sender.close()
    assert connections(sender) == 0
    async with asyncio.timeout(5):
        await asyncio.wait([watching, *slow])
    for task in (watching, *slow):
        assert isinstance(task.exception(), TransportError)


async def test_request_fails_whose_answer_is_half_read_when_the_client_is_closed(
    sender: HttpTransport, relay: Relay
) -> None:
    waiting = asyncio.create_task(send(sender, HALF))
    await comes(relay, 1)
    while sender._sockets is None or not sender._sockets._reading:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await sender.close()
    assert connections(sender) == 0
    async with asyncio.timeout(5):
        await asyncio.wait([waiting])
    assert isinstance(waiting.exception(), TransportError)


async def test_closing_ends_what_waits_for_a_file(
    relay: Relay, pki: Certificates, tmp_path: Path
) -> None:
    """The first use reads files in a thread: closing amid it is an error of ours."""
    token = tmp_path / "token"
    token.write_text("t")
    config = ClusterConfig(
        server=relay.url, certificate_authority=str(pki.ca), token_file=str(token)
    )
    for rounds in range(0, 30, 3):
        sender = HttpTransport(config, clock=SystemClock())
        waiting = asyncio.create_task(send(sender, GET))
        for _ in range(rounds):
            await asyncio.sleep(0)
        await sender.close()
        async with asyncio.timeout(5):
            [ended] = await asyncio.gather(waiting, return_exceptions=True)
        # After many rounds the server may have been quicker.
        assert isinstance(ended, TransportError) or rounds > 0
        assert not isinstance(ended, BaseException) or isinstance(ended, TransportError)
        assert connections(sender) == 0
