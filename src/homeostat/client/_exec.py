"""Credential plugins: programs that print an ExecCredential.

Source: client-go ``plugin/pkg/client/auth/exec/exec.go``.
"""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from homeostat._tasks import Threads
from homeostat.client._config import ClusterConfig, ExecConfig
from homeostat.errors import ConfigError

__all__ = ["API_VERSIONS", "ExecAnswer", "ExecPlugin", "exec_info", "parse_answer"]

API_VERSIONS = (
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
)


@dataclass(frozen=True, slots=True)
class ExecAnswer:
    """What a program handed out.

    Attributes:
        token: Bearer token, "" for none.
        certificate: Client certificate chain, PEM.
        key: Its private key, PEM.
        expires: When to ask again; None for when the server refuses.
    """

    token: str = field(repr=False)
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    expires: datetime | None


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


def exec_info(
    config: ExecConfig, cluster: ClusterConfig, *, interactive: bool, ca: bytes
) -> str:
    """Return the ``KUBERNETES_EXEC_INFO`` that a program gets."""
    spec: dict[str, Any] = {"interactive": interactive}
    if config.provide_cluster_info:
        spec["cluster"] = _cluster_info(config, cluster, ca)
    document = {
        "apiVersion": config.api_version,
        "kind": "ExecCredential",
        "spec": spec,
    }
    return msgspec.json.encode(document).decode()


def _cluster_info(
    config: ExecConfig, cluster: ClusterConfig, ca: bytes
) -> dict[str, Any]:
    info: dict[str, Any] = {"server": cluster.server}
    if cluster.tls_server_name:
        info["tls-server-name"] = cluster.tls_server_name
    if cluster.insecure_skip_tls_verify:
        info["insecure-skip-tls-verify"] = True
    if ca:
        info["certificate-authority-data"] = ca  # msgspec writes bytes as base64
    if config.extension is not None:
        info["config"] = config.extension
    return info


def parse_answer(output: bytes, config: ExecConfig) -> ExecAnswer:
    """Return the credentials that a program printed.

    Raises:
        ConfigError: It printed something else. What it printed stays out of the text.
    """
    name = f"credential plugin {config.command!r}"
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} printed no ExecCredential: {error}") from error
    if answer.kind != "ExecCredential" or answer.api_version != config.api_version:
        raise ConfigError(
            f"{name} is configured for {config.api_version} and answered with "
            f"{answer.api_version or 'no apiVersion'} {answer.kind}: "
            "set its apiVersion in the kubeconfig to what it speaks"
        )
    status = answer.status
    if status is None:
        raise ConfigError(f"{name} gave no status")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise ConfigError(f"{name} gave only one of certificate and key")
    if not status.token and not status.client_certificate_data:
        raise ConfigError(f"{name} gave neither a token nor a certificate")
    if status.expiration_timestamp and status.expiration_timestamp.tzinfo is None:
        raise ConfigError(f"{name} gave an expirationTimestamp without a time zone")
    return ExecAnswer(
        status.token,
        status.client_certificate_data.encode(),
        status.client_key_data.encode(),
        status.expiration_timestamp,
    )


class ExecPlugin:
    """Runs the program of one configuration.

    Cancellation: the program is killed.
    """

    __slots__ = ("_cluster", "_config", "_threads")

    def __init__(self, cluster: ClusterConfig, *, threads: Threads) -> None:
        if cluster.exec is None:
            raise ValueError("the configuration names no program")
        self._config: ExecConfig = cluster.exec
        self._cluster = cluster
        self._threads = threads

    async def run(self) -> ExecAnswer:
        """Run the program and return what it hands out.

        Raises:
            ConfigError: It is missing, failed, or printed something else.
        """
        config = self._config
        interactive = self._interactive()
        info = exec_info(
            config,
            self._cluster,
            interactive=interactive,
            ca=await self._threads.run(self._authorities),
        )
        environment = {**os.environ, **dict(config.env), "KUBERNETES_EXEC_INFO": info}
        try:
            process = await asyncio.create_subprocess_exec(
                config.command,
                *config.args,
                env=environment,
                stdin=None if interactive else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            hint = f"; {config.install_hint}" if config.install_hint else ""
            owner = self._cluster.source or self._cluster.server
            raise ConfigError(
                f"cannot run credential plugin {config.command!r} of {owner}: "
                f"{error.strerror}{hint}"
            ) from error
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise ConfigError(
                f"credential plugin {config.command!r} failed with exit code "
                f"{process.returncode}; what it said is on stderr"
            )
        return parse_answer(output, config)

    def _interactive(self) -> bool:
        mode = self._config.interactive_mode
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not terminal:
            raise ConfigError(
                f"credential plugin {self._config.command!r} needs a terminal "
                "(interactiveMode: Always) and there is none"
            )
        return mode != "Never" and terminal

    def _authorities(self) -> bytes:
        if not self._config.provide_cluster_info:
            return b""
        if self._cluster.certificate_authority_data:
            return self._cluster.certificate_authority_data
        if not self._cluster.certificate_authority:
            return b""
        try:
            return Path(self._cluster.certificate_authority).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"cannot read certificate-authority {error.filename}: {error.strerror}"
            ) from error
