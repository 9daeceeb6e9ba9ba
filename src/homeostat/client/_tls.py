"""TLS contexts: who is trusted, and the client's own certificate."""

import os
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from homeostat.client._config import ClusterConfig
from homeostat.errors import ConfigError

__all__ = ["files_of", "make_context", "stamp"]


def files_of(config: ClusterConfig) -> tuple[str, ...]:
    """Return the files that a context is made of, which others may renew."""
    return tuple(
        path
        for path, data in (
            (config.certificate_authority, config.certificate_authority_data),
            (config.client_certificate, config.client_certificate_data),
            (config.client_key, config.client_key_data),
        )
        if path and not data
    )


def stamp(paths: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Return what changes when one of the files does."""
    stamps: list[tuple[int, int]] = []
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_mtime_ns, status.st_ino))
    return tuple(stamps)


def make_context(
    config: ClusterConfig, certificate: bytes = b"", key: bytes = b""
) -> ssl.SSLContext:
    """Return a context for ``config``.

    Args:
        config: The cluster; its files are read.
        certificate: Client certificate in place of the configuration's, PEM.
        key: Its key.

    Raises:
        ConfigError: A file is missing or is no PEM of its kind.
    """
    # Not ssl.create_default_context: from Python 3.13 on it demands extensions that the
    # certificates of many clusters lack (VERIFY_X509_STRICT).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust(context, config)
    if certificate:
        _present(context, certificate, key, "credential plugin")
    elif config.client_certificate or config.client_certificate_data:
        _present(
            context,
            config.client_certificate_data
            or _read("client-certificate", config.client_certificate),
            config.client_key_data or _read("client-key", config.client_key),
            config.source or config.server,
        )
    return context


def _trust(context: ssl.SSLContext, config: ClusterConfig) -> None:
    if config.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return
    data = config.certificate_authority_data or (
        _read("certificate-authority", config.certificate_authority)
        if config.certificate_authority
        else b""
    )
    if not data:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return
    try:
        context.load_verify_locations(cadata=data.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        where = config.certificate_authority or "certificate-authority-data"
        raise ConfigError(
            f"{config.source or config.server}: {where} holds no certificate in PEM: "
            f"{error}"
        ) from error


def _present(
    context: ssl.SSLContext, certificate: bytes, key: bytes, owner: str
) -> None:
    # ssl reads certificates from files alone.
    try:
        with _file_of(certificate + b"\n" + key) as path:
            # The empty password keeps OpenSSL from asking on the terminal.
            context.load_cert_chain(path, password=b"")
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"the client certificate of {owner} cannot be used: {error}; "
            "check that certificate and key are PEM, belong together, and that the key "
            "has no passphrase"
        ) from error


@contextmanager
def _file_of(data: bytes) -> Generator[str]:
    """Give ``data`` a path, in memory where the system can: it holds a private key."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("homeostat")
        try:
            os.write(handle, data)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    import tempfile  # noqa: PLC0415  # 3 ms that Linux never needs

    handle, path = tempfile.mkstemp()  # readable by its owner alone
    try:
        os.write(handle, data)
        os.close(handle)
        yield path
    finally:
        with suppress(FileNotFoundError):
            Path(path).unlink()


def _read(entry: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {entry} {path}: {error.strerror}") from error
