"""The server behind TLS: what a client of ours sees, and what strangers meet."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from homeostat._transport import HttpRequest
from homeostat.api import ObjectMeta
from homeostat.apiserver import ApiServer, Authentication, serve
from homeostat.client import Client, ClusterConfig
from homeostat.errors import UnauthorizedError
from homeostat.k8s import core_v1
from homeostat.localcluster import Credentials, LocalCluster, Pki

PKI = Pki()


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """An API server."""
    async with serve(ApiServer(), tls=PKI.tls()) as found:
        yield found


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=PKI.ca.decode())


async def opened(
    url: str, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, ssl=context)


def client(url: str, who: Credentials) -> Client:
    config = ClusterConfig(
        server=url,
        certificate_authority_data=who.ca,
        client_certificate_data=who.certificate,
        client_key_data=who.key,
    )
    return Client(config)


async def test_client_writes_and_watches() -> None:
    cluster = LocalCluster(profile="apiserver")
    async with (
        cluster.serve(tls=PKI.tls()) as url,
        client(url, PKI.credentials()) as found,
    ):
        made = core_v1.ConfigMap(metadata=ObjectMeta(name="a"), data={"x": "y"})
        await found.create(made)
        async with found.watch(core_v1.ConfigMap) as events:
            async for event in events:
                assert event.object.metadata.name == "a"
                break


async def test_nobody_in_particular_sees_the_version_alone(url: str) -> None:
    async with client(url, Credentials(ca=PKI.ca)) as found:
        await found.version()
        with pytest.raises(UnauthorizedError):
            await found.list(core_v1.Namespace)


async def test_nobody_in_particular_can_be_kept_out() -> None:
    nobody = Authentication(anonymous="none")
    async with (
        serve(ApiServer(authentication=nobody), tls=PKI.tls()) as url,
        client(url, Credentials(ca=PKI.ca)) as found,
    ):
        with pytest.raises(UnauthorizedError):
            await found.version()


async def test_client_that_wants_http_2_gets_http_1(url: str) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await opened(url, context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    writer.transport.abort()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b""])
async def test_what_is_no_handshake_ends_without_a_word(
    url: str, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await opened(url, None)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(5):
        assert not (await reader.read()).startswith(b"HTTP")
    writer.close()
    async with client(url, PKI.credentials()) as found:
        await found.version()
    assert [each for each in caplog.records if each.name != "homeostat.client"] == []


async def test_certificate_of_a_stranger_is_refused(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stranger = Pki().credentials()
    path = tmp_path / "stranger.pem"
    path.write_bytes(stranger.certificate + stranger.key)
    context = trusting()
    context.load_cert_chain(path)
    answer = b""
    # A client of TLS 1.3 learns of it when it first reads.
    reader, writer = await opened(url, context)
    with suppress(ssl.SSLError, ConnectionError):
        writer.write(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(5):
            answer = await reader.read()
    writer.transport.abort()
    assert answer == b""
    assert caplog.records == []


async def test_idle_client_is_not_waited_for() -> None:
    async with serve(ApiServer(), tls=PKI.tls()) as url:
        reader, writer = await opened(url, trusting())
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.transport.abort()


async def test_plain_http_and_in_process_are_the_administrators() -> None:
    request = HttpRequest(
        method="POST",
        path="/apis/authentication.k8s.io/v1/selfsubjectreviews",
        headers={"content-type": "application/json"},
        body=b"{}",
    )
    server = ApiServer()
    async with serve(server) as url:
        reader, writer = await opened(url, None)
        head = f"POST {request.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: 2\r\n\r\n{{}}".encode())
        plain = await reader.read()
        writer.close()
    inside = (await server.handle(request)).body
    for answer in (plain, inside):
        assert b'"username":"system:admin","groups":["system:masters",' in answer
