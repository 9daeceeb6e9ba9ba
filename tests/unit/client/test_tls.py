import asyncio
from pathlib import Path

import pytest

from homeostat.client._config import ClusterConfig
from homeostat.client._http import HttpTransport
from homeostat.client._tls import files_of, make_context, stamp
from homeostat.errors import ConfigError
from tests.harness.certificates import Certificates, write_certificates
from tests.unit.client.test_auth import Wall


@pytest.fixture(scope="module", name="pki")
def _pki(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return write_certificates(tmp_path_factory.mktemp("pki"))


def test_files_are_those_without_data() -> None:
    config = ClusterConfig(
        server="https://c",
        certificate_authority="ca",
        certificate_authority_data=b"ca",
        client_certificate="crt",
        client_key="key",
    )
    assert files_of(config) == ("crt", "key")


def test_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    absent = stamp((str(path),))
    path.write_text("1")
    assert stamp((str(path),)) != absent


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"certificate_authority": "/no/ca"}, "certificate-authority /no/ca: No such"),
        ({"certificate_authority_data": b"x"}, "authority-data holds no certificate"),
        (
            {"client_certificate_data": b"x", "client_key_data": b"y"},
            "cannot be used.*belong together",
        ),
    ],
)
def test_what_is_no_certificate_is_a_config_error(
    config: dict[str, bytes], match: str
) -> None:
    cluster = ClusterConfig(server="https://c", **config)  # type: ignore[arg-type]  # ok
    with pytest.raises(ConfigError, match=match):
        make_context(cluster)


async def test_renewed_certificate_gives_a_new_context(
    pki: Certificates, tmp_path: Path
) -> None:
    path = tmp_path / "ca.crt"
    content = await asyncio.to_thread(pki.ca.read_bytes)
    await asyncio.to_thread(path.write_bytes, content)
    wall = Wall()
    config = ClusterConfig(server="https://c", certificate_authority=str(path))
    transport = HttpTransport(config, clock=wall)
    credential = await transport._source.current()
    first = await transport._tls(credential)
    await asyncio.to_thread(path.unlink)
    await asyncio.to_thread(path.write_bytes, content + b"\n")
    assert await transport._tls(credential) is first
    wall.advance(301)
    second = await transport._tls(credential)
    assert second is not first
    wall.advance(301)
    assert await transport._tls(credential) is second
    await transport.close()
