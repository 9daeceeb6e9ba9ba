"""The transport over real sockets on the loopback."""

import asyncio
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from homeostat._clock import SystemClock
from homeostat._transport import HttpRequest
from homeostat.client import Client, ClusterConfig
from homeostat.client._http import HttpTransport
from homeostat.client._retry import PermanentTransportError
from homeostat.client._sockets import _make_socket
from homeostat.errors import TransportError
from tests.harness.certificates import Certificates, write_certificates
from tests.harness.processes import free_port

GET = HttpRequest(method="GET", path="/version")
POST = HttpRequest(method="POST", path="/api", body=b"{}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def transport(server: str, **options: object) -> HttpTransport:
    config = ClusterConfig(server=server, **options)  # type: ignore[arg-type]  # free
    return HttpTransport(config, clock=SystemClock())


@asynccontextmanager
async def serving(
    handler: Handler, context: ssl.SSLContext | None = None
) -> AsyncGenerator[str]:
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.01)  # type: ignore[arg-type]  # BaseRequest
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(connected: Connected) -> AsyncGenerator[str]:
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def failure(
    server: str, request: HttpRequest, **options: object
) -> TransportError:
    sender = transport(server, **options)
    try:
        with pytest.raises(TransportError) as caught:
            await sender.request(request)
    finally:
        await sender.close()
    return caught.value


async def test_request_and_answer_are_whole() -> None:
    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        bodies.append(await request.read())
        headers = [("Warning", '299 - "a"'), ("Warning", '299 - "b"')]
        return web.json_response({"ok": True}, status=201, headers=headers)

    seen: list[web.Request] = []
    bodies: list[bytes] = []
    request = HttpRequest(
        method="PATCH",
        path="/apis/rbac/v1/roles/system:a b+c",
        query=(("labelSelector", "a in (b,c)"), ("fieldManager", "x&y")),
        headers={"content-type": "application/merge-patch+json"},
        body=b'{"a":1}',
    )
    async with serving(handle) as server:
        sender = transport(f"{server}/prefix/")
        response = await sender.request(request)
        await sender.close()
    assert response.status == 201
    assert response.body == b'{"ok": true}'
    assert response.headers["warning"] == '299 - "a", 299 - "b"'
    assert seen[0].path == "/prefix/apis/rbac/v1/roles/system:a b+c"
    assert dict(seen[0].query) == dict(request.query)
    assert seen[0].headers["content-type"] == "application/merge-patch+json"
    assert "accept-encoding" not in seen[0].headers
    assert bodies == [b'{"a":1}']


async def test_header_names_are_in_lower_case_and_values_joined() -> None:
    async def handle(_: web.Request) -> web.Response:
        headers = [("X-One", "1"), ("X-Two", "a"), ("x-two", "b")]
        return web.Response(headers=headers)

    async with serving(handle) as server:
        sender = transport(server)
        headers = (await sender.request(GET)).headers
        await sender.close()
    assert "x-one" in headers
    assert "x-three" not in headers
    assert headers.get("x-three") is None
    assert len(headers) == len(list(headers))
    given = {name: value for name, value in headers.items() if name.startswith("x-")}
    assert given == {"x-one": "1", "x-two": "a, b"}


async def test_headers_of_all_requests_give_way_to_those_of_one() -> None:
    async def handle(request: web.Request) -> web.Response:
        names = ("accept", "user-agent", "authorization", "x-own", "accept-encoding")
        seen.append([",".join(request.headers.getall(name, ())) for name in names])
        return web.Response()

    seen: list[list[str]] = []
    common = {"accept": "a", "user-agent": "me"}
    own = {"accept": "b", "user-agent": "me", "x-own": "1"}
    async with serving(handle) as server:
        config = ClusterConfig(server=server, headers={"authorization": "c"})
        sender = HttpTransport(config, clock=SystemClock(), headers=common)
        for headers in (common, own, dict(common)):
            await sender.request(HttpRequest(method="GET", path="/", headers=headers))
        await sender.close()
    assert seen == [["a", "me", "c", "", ""], ["b", "me", "c", "1", ""], seen[0]]


@pytest.mark.parametrize("size", [0, 1, 1 << 20])
async def test_answer_of_any_size_is_whole_and_its_connection_serves_again(
    size: int,
) -> None:
    async def handle(request: web.Request) -> web.Response:
        ports.add(request.transport.get_extra_info("peername")[1])  # type: ignore[union-attr]  # connected
        return web.Response(body=b"x" * size)

    ports: set[int] = set()
    async with serving(handle) as server:
        sender = transport(server)
        for _ in range(3):
            assert (await sender.request(GET)).body == b"x" * size
        await sender.close()
    assert len(ports) == 1


async def test_refused_connection_was_not_sent() -> None:
    error = await failure(f"http://127.0.0.1:{free_port()}", POST)
    assert not error.sent
    assert "refused" in str(error).lower()


async def test_unknown_host_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await failure("http://nowhere.invalid", POST)
    assert not error.sent
    assert "http://nowhere.invalid is unknown" in str(error)


async def test_connection_closed_without_an_answer_was_sent() -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with listening(connected) as server:
        assert (await failure(server, POST)).sent


async def test_answer_that_breaks_off_was_sent() -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with listening(connected) as server:
        error = await failure(server, POST)
    assert error.sent
    assert "broke off" in str(error)


async def test_answer_that_is_no_http_was_sent() -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await reader.read()
        writer.close()

    async with listening(connected) as server:
        assert (await failure(server, POST)).sent


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "GET"])
async def test_request_on_a_used_connection_is_sent_once(method: str) -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    heads: list[bytes] = []
    async with listening(connected) as server:
        sender = transport(server)
        await sender.request(GET)
        with pytest.raises(TransportError) as caught:
            await sender.request(HttpRequest(method=method, path="/x"))
        await sender.close()
    assert caught.value.sent
    assert len(heads) == 2


async def test_broken_handshake_was_not_sent() -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(10)
        writer.close()

    async with listening(connected) as server:
        assert not (await failure(server.replace("http", "https"), POST)).sent


@pytest.fixture(scope="module", name="pki")
def _pki(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return write_certificates(tmp_path_factory.mktemp("pki"))


def server_context(pki: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server, pki.server_key)
    context.load_verify_locations(pki.ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def who(request: web.Request) -> web.Response:
    assert request.transport is not None
    certificate = request.transport.get_extra_info("peercert") or {}
    names = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return web.json_response({"cn": names.get("commonName", "")})


async def test_client_certificate_from_files_and_from_data(pki: Certificates) -> None:
    by_file = ClusterConfig(
        server="",
        certificate_authority=str(pki.ca),
        client_certificate=str(pki.admin),
        client_key=str(pki.admin_key),
    )
    contents = {
        name: await asyncio.to_thread(path.read_bytes)
        for name, path in (
            ("certificate_authority_data", pki.ca),
            ("client_certificate_data", pki.admin),
            ("client_key_data", pki.admin_key),
        )
    }
    context = await asyncio.to_thread(server_context, pki)
    async with serving(who, context) as server:
        answers: list[bytes] = []
        for options in (
            {
                "certificate_authority": by_file.certificate_authority,
                "client_certificate": by_file.client_certificate,
                "client_key": by_file.client_key,
            },
            contents,
        ):
            sender = transport(server, **options)
            answers.append((await sender.request(GET)).body)
            await sender.close()
    assert answers[0] == answers[1]
    assert answers[0] != b'{"cn": ""}'


async def test_certificate_that_is_not_trusted_is_final(pki: Certificates) -> None:
    context = await asyncio.to_thread(server_context, pki)
    async with serving(who, context) as server:
        error = await failure(server, GET)
        wrong = await failure(
            server, GET, certificate_authority=str(pki.ca), tls_server_name="x.invalid"
        )
    for one in (error, wrong):
        assert isinstance(one, PermanentTransportError)
        assert not one.sent
        assert "not trusted" in str(one)


async def test_server_name_and_insecure_change_the_check(pki: Certificates) -> None:
    context = await asyncio.to_thread(server_context, pki)
    async with serving(who, context) as server:
        insecure = transport(server, insecure_skip_tls_verify=True)
        assert (await insecure.request(GET)).status == 200
        await insecure.close()
        named = transport(
            server, certificate_authority=str(pki.ca), tls_server_name="localhost"
        )
        assert (await named.request(GET)).status == 200
        await named.close()


async def test_key_that_does_not_fit_was_not_sent(pki: Certificates) -> None:
    sender = transport(
        "https://127.0.0.1:1",
        client_certificate=str(pki.admin),
        client_key=str(pki.server_key),
    )
    with pytest.raises(TransportError, match="belong together") as caught:
        await sender.request(GET)
    assert not caught.value.sent
    await sender.close()


async def test_credentials_that_cannot_be_had_were_not_sent(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    error = await failure("https://127.0.0.1:1", POST, token_file=gone)
    assert not error.sent
    assert "cannot read a token" in str(error)


async def test_401_is_tried_again_with_a_renewed_token(
    pki: Certificates, tmp_path: Path
) -> None:
    async def handle(request: web.Request) -> web.Response:
        tokens.append(request.headers["authorization"])
        if tokens[-1] == "Bearer old":
            await asyncio.to_thread(path.write_text, "new")
            return web.Response(status=401)
        return web.Response()

    tokens: list[str] = []
    path = tmp_path / "token"
    await asyncio.to_thread(path.write_text, "old")
    context = await asyncio.to_thread(server_context, pki)
    async with serving(handle, context) as server:
        sender = transport(
            server, certificate_authority=str(pki.ca), token_file=str(path)
        )
        assert (await sender.request(GET)).status == 200
        async with sender.stream(GET) as stream:
            assert stream.status == 200
        await sender.close()
    assert tokens == ["Bearer old", "Bearer new", "Bearer new"]


async def endless(request: web.Request) -> web.StreamResponse:
    if "watch" not in request.query:
        return web.json_response({})
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b'{"type":')
    await response.write(b"1}\n")
    if request.query["watch"] == "break":
        assert request.transport is not None
        request.transport.close()
    elif request.query["watch"] == "stay":
        await asyncio.sleep(60)
    return response


def watch(how: str) -> HttpRequest:
    return HttpRequest(method="GET", path="/pods", query=(("watch", how),))


async def test_stream_gives_bytes_and_ends_with_the_server() -> None:
    async with serving(endless) as server:
        sender = transport(server)
        async with sender.stream(watch("end")) as stream:
            assert stream.status == 200
            body = b"".join([chunk async for chunk in stream.chunks()])
        await sender.close()
    assert body == b'{"type":1}\n'


async def drain(sender: HttpTransport, request: HttpRequest) -> None:
    async with sender.stream(request) as stream:
        async for _ in stream.chunks():
            pass


async def test_stream_that_breaks_is_an_error() -> None:
    async with serving(endless) as server:
        sender = transport(server)
        with pytest.raises(TransportError, match="broke"):
            await drain(sender, watch("break"))
        await sender.close()


async def test_any_number_of_watches_leaves_requests_their_way() -> None:
    async with serving(endless) as server, AsyncExitStack() as stack:
        sender = transport(server)
        stack.push_async_callback(sender.close)
        for _ in range(120):
            await stack.enter_async_context(sender.stream(watch("stay")))
        async with asyncio.timeout(5):
            assert (await sender.request(GET)).status == 200


async def test_closed_transport_sends_nothing() -> None:
    sender = transport("http://127.0.0.1:1")
    await sender.close()
    with pytest.raises(TransportError, match="closed") as caught:
        await sender.request(GET)
    assert not caught.value.sent


def test_sockets_notice_a_dead_peer() -> None:
    address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0))
    with _make_socket(address) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if sys.platform == "linux":
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            values = [made.getsockopt(socket.IPPROTO_TCP, option) for option in options]
            assert values == [30, 15, 3]


def test_importing_the_client_loads_no_http_library() -> None:
    code = (
        "import sys, homeostat.client as c;"
        "c.Client(c.ClusterConfig(server='https://c'));"
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'yaml')))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False)
    assert result.returncode == 0


def test_first_request_loads_the_http_library_beside_the_loop() -> None:
    code = """
import asyncio, sys, threading
from homeostat.client import Client, ClusterConfig

class Witness:
    thread = None
    def find_spec(self, name, path=None, target=None):
        if name == "aiohttp":
            self.thread = threading.current_thread()

async def ask():
    async with Client(ClusterConfig(server="http://127.0.0.1:1")) as client:
        asked = asyncio.create_task(client.version())
        async with asyncio.timeout(20):
            while witness.thread is None:
                await asyncio.sleep(0.001)
        asked.cancel()
        await asyncio.wait([asked])

witness = Witness()
sys.meta_path.insert(0, witness)
asyncio.run(ask())
sys.exit(witness.thread is threading.main_thread())
"""
    result = subprocess.run([sys.executable, "-c", code], check=False)
    assert result.returncode == 0


async def test_client_takes_a_configuration() -> None:
    async with (
        serving(endless) as server,
        Client(ClusterConfig(server=server)) as client,
    ):
        assert await client.version() == {}
