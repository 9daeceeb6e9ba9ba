import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from homeostat._tasks import Threads
from homeostat.client._auth import Credential, CredentialSource, credential_source
from homeostat.client._config import ClusterConfig, ExecConfig
from homeostat.client._exec import exec_info, parse_answer
from homeostat.errors import ConfigError


class Wall:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture(name="threads")
def _threads() -> Iterator[Threads]:
    threads = Threads(1, name="test")
    yield threads
    threads.close()


@pytest.fixture(name="wall")
def _wall() -> Wall:
    return Wall()


async def bearer(source: CredentialSource) -> str:
    return (await source.current()).authorization


@pytest.mark.parametrize(
    ("config", "authorization"),
    [
        ({}, ""),
        ({"token": "t"}, "Bearer t"),
        ({"username": "me", "password": "pw"}, "Basic bWU6cHc="),
        ({"token": "t", "exec": ExecConfig(command="x")}, "Bearer t"),
    ],
)
async def test_static_credentials(
    config: dict[str, Any], authorization: str, threads: Threads, wall: Wall
) -> None:
    cluster = ClusterConfig(server="https://c", **config)
    source = credential_source(cluster, clock=wall, threads=threads)
    assert await bearer(source) == authorization


async def test_nothing_secret_goes_over_plain_http(
    threads: Threads, wall: Wall
) -> None:
    cluster = ClusterConfig(server="http://c", token="t")
    source = credential_source(cluster, clock=wall, threads=threads)
    assert await source.current() == Credential()


@pytest.fixture(name="token_file")
def _token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("one\n")
    return path


def renew(path: Path, token: str | None) -> None:
    if token is None:
        path.unlink()
    else:
        path.write_text(token)


def from_file(path: Path, wall: Wall, threads: Threads) -> CredentialSource:
    cluster = ClusterConfig(server="https://c", token_file=str(path))
    return credential_source(cluster, clock=wall, threads=threads)


async def test_token_file_is_read_again_after_a_minute(
    token_file: Path, wall: Wall, threads: Threads
) -> None:
    source = from_file(token_file, wall, threads)
    assert await bearer(source) == "Bearer one"
    renew(token_file, "two")
    wall.advance(40)
    assert await bearer(source) == "Bearer one"
    wall.advance(20)
    assert await bearer(source) == "Bearer two"


async def test_token_stays_while_its_file_cannot_be_read(
    token_file: Path, wall: Wall, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    source = from_file(token_file, wall, threads)
    await source.current()
    renew(token_file, None)
    wall.advance(100)
    assert await bearer(source) == "Bearer one"
    assert "keeping the last token" in caplog.text


async def test_401_drops_the_token(
    token_file: Path, wall: Wall, threads: Threads
) -> None:
    source = from_file(token_file, wall, threads)
    refused = await source.current()
    renew(token_file, "two")
    await source.rejected(refused)
    assert await bearer(source) == "Bearer two"


async def test_token_file_that_never_could_be_read_is_an_error(
    tmp_path: Path, wall: Wall, threads: Threads
) -> None:
    source = from_file(tmp_path / "gone", wall, threads)
    with pytest.raises(ConfigError, match=r"cannot read a token from .*/gone"):
        await source.current()


SCRIPT = """
import json, os, pathlib, sys
log = pathlib.Path(sys.argv[1])
count = len(log.read_text()) + 1 if log.exists() else 1
log.write_text("x" * count)
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
status = {"token": f"{os.environ['PREFIX']}{count}"}
if len(sys.argv) > 2:
    status["expirationTimestamp"] = sys.argv[2]
print(json.dumps(info | {"status": status}))
"""


def plugin(tmp_path: Path, *more: str, command: str = sys.executable) -> ExecConfig:
    script = tmp_path / "plugin.py"
    script.write_text(SCRIPT)
    return ExecConfig(
        command=command,
        args=(str(script), str(tmp_path / "runs"), *more),
        env=(("PREFIX", "tok"),),
        interactive_mode="Never",
        install_hint="brew install it",
    )


def executed(config: ExecConfig, wall: Wall, threads: Threads) -> CredentialSource:
    cluster = ClusterConfig(server="https://c", exec=config, source="context 'dev'")
    return credential_source(cluster, clock=wall, threads=threads)


async def test_plugin_runs_once_until_its_answer_expires(
    tmp_path: Path, wall: Wall, threads: Threads
) -> None:
    source = executed(plugin(tmp_path, "2026-01-01T01:00:00Z"), wall, threads)
    assert await bearer(source) == "Bearer tok1"
    wall.advance(3000)
    assert await bearer(source) == "Bearer tok1"
    wall.advance(601)
    assert await bearer(source) == "Bearer tok2"


async def test_plugin_runs_once_for_all_who_were_refused(
    tmp_path: Path, wall: Wall, threads: Threads
) -> None:
    source = executed(plugin(tmp_path), wall, threads)
    refused = await source.current()
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(source.rejected(refused))
    assert await bearer(source) == "Bearer tok2"


async def test_missing_plugin_says_how_to_get_it(
    tmp_path: Path, wall: Wall, threads: Threads
) -> None:
    source = executed(plugin(tmp_path, command="no-such-plugin"), wall, threads)
    with pytest.raises(ConfigError, match=r"'no-such-plugin' of context 'dev'.*brew"):
        await source.current()


async def test_plugin_that_fails_is_an_error(
    tmp_path: Path, wall: Wall, threads: Threads
) -> None:
    config = ExecConfig(command="false", interactive_mode="Never")
    with pytest.raises(ConfigError, match="failed with exit code 1"):
        await executed(config, wall, threads).current()


def test_plugin_is_told_of_its_cluster_when_it_asks() -> None:
    config = ExecConfig(command="x", provide_cluster_info=True, extension={"a": 1})
    cluster = ClusterConfig(server="https://c", tls_server_name="n")
    info = msgspec.json.decode(exec_info(config, cluster, interactive=False, ca=b"CA"))
    assert info == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://c",
                "tls-server-name": "n",
                "certificate-authority-data": "Q0E=",
                "config": {"a": 1},
            },
        },
    }


def output(version: str = "client.authentication.k8s.io/v1", **status: Any) -> bytes:
    document = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return msgspec.json.encode(document)


def test_answer_may_hold_a_certificate() -> None:
    pair = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    found = parse_answer(output(**pair), ExecConfig(command="x"))
    assert (found.certificate, found.key) == (b"CERT", b"KEY")
    assert "KEY" not in repr(found)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"token: s3cret", "no ExecCredential"),
        (
            output("client.authentication.k8s.io/v1beta1", token="t"),
            "set its apiVersion",
        ),
        (output(), "neither a token nor a certificate"),
        (output(clientKeyData="k"), "only one of certificate and key"),
        (
            output(token="t", expirationTimestamp="2026-01-01T00:00:00"),
            "without a time zone",
        ),
    ],
)
def test_answer_that_is_none_is_an_error(text: bytes, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        parse_answer(text, ExecConfig(command="x"))
    assert "s3cret" not in str(caught.value)
