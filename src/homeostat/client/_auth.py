"""Who the client is: credentials that stay, and those that change under way."""

import asyncio
import base64
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from homeostat._clock import Clock
from homeostat._tasks import Threads
from homeostat.client._config import ClusterConfig
from homeostat.client._exec import ExecPlugin
from homeostat.errors import ConfigError

__all__ = [
    "Credential",
    "CredentialSource",
    "ExecSource",
    "StaticSource",
    "TokenFileSource",
    "credential_source",
]

logger = logging.getLogger(__name__)

# A token file is read anew after a minute, ten seconds early: client-go's
# transport/token_source.go. Kubelet renews projected tokens minutes ahead.
TOKEN_LIFETIME = timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class Credential:
    """What goes with a request.

    Attributes:
        authorization: Value of the ``Authorization`` header, "" for none.
        certificate: Client certificate chain, PEM; empty for the configuration's own.
        key: Its private key, PEM.
    """

    authorization: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


class CredentialSource(Protocol):
    """Where credentials come from."""

    async def current(self) -> Credential:
        """Return what to send now.

        Raises:
            ConfigError: There is none to be had.
        """
        ...

    async def rejected(self, credential: Credential) -> None:
        """Take note that the server answered 401 to ``credential``."""
        ...


class StaticSource:
    """Always the same credential."""

    __slots__ = ("_credential",)

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def current(self) -> Credential:
        """Return the one credential."""
        return self._credential

    async def rejected(self, credential: Credential) -> None:
        """Do nothing: there is no other."""


class TokenFileSource:
    """A bearer token in a file that others renew.

    The file is read once a minute at most. When reading fails the last token stays, for
    it may still be good.
    """

    __slots__ = (
        "_clock",
        "_credential",
        "_fallback",
        "_fresh_until",
        "_path",
        "_threads",
    )

    def __init__(
        self, path: str, *, fallback: str, clock: Clock, threads: Threads
    ) -> None:
        self._path = Path(path)
        self._fallback = fallback
        self._clock = clock
        self._threads = threads
        self._credential: Credential | None = None
        self._fresh_until: datetime | None = None

    async def current(self) -> Credential:
        """Return the token of the file, at most a minute old when it can be read."""
        now = self._clock.now()
        if (
            self._credential is not None
            and self._fresh_until is not None
            and now < self._fresh_until
        ):
            return self._credential
        try:
            text = await self._threads.run(self._path.read_text)
            token = text.strip()
            problem = "" if token else "it is empty"
        except (OSError, UnicodeDecodeError) as error:
            token, problem = "", str(error)
        if not token:
            if self._credential is None and not self._fallback:
                raise ConfigError(
                    f"cannot read a token from {self._path}: {problem}; "
                    "check the file and its permissions"
                )
            logger.warning("keeping the last token: %s: %s", self._path, problem)
            token = self._fallback
        if token and (bearer := _bearer(token)) != self._credential:
            self._credential = bearer
        self._fresh_until = now + TOKEN_LIFETIME
        return self._credential or Credential()

    async def rejected(self, credential: Credential) -> None:
        """Read the file anew before the next request."""
        if credential == self._credential:
            self._fresh_until = None


class ExecSource:
    """Credentials from a program; it runs once for all who wait."""

    __slots__ = ("_clock", "_credential", "_expires", "_lock", "_plugin")

    def __init__(self, plugin: ExecPlugin, *, clock: Clock) -> None:
        self._plugin = plugin
        self._clock = clock
        self._credential: Credential | None = None
        self._expires: datetime | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> Credential:
        """Return what the program gave, until it expires."""
        async with self._lock:
            expired = self._expires is not None and self._clock.now() > self._expires
            if self._credential is None or expired:
                await self._refresh()
            return self._credential or Credential()

    async def rejected(self, credential: Credential) -> None:
        """Run the program again, unless another request already did."""
        async with self._lock:
            if self._credential is credential:
                await self._refresh()

    async def _refresh(self) -> None:
        answer = await self._plugin.run()
        self._credential = Credential(
            _bearer(answer.token).authorization if answer.token else "",
            answer.certificate,
            answer.key,
        )
        self._expires = answer.expires


def _bearer(token: str) -> Credential:
    return Credential(f"Bearer {token}")


def credential_source(
    config: ClusterConfig, *, clock: Clock, threads: Threads
) -> CredentialSource:
    """Return where the credentials of ``config`` come from.

    Over plain http none are sent, as client-go has it: anybody could read them. A
    token, basic authentication or a client certificate keep a configured program from
    running.
    """
    if not config.server.startswith("https://"):
        return StaticSource(Credential())
    if config.token_file:
        return TokenFileSource(
            config.token_file, fallback=config.token, clock=clock, threads=threads
        )
    if config.token:
        return StaticSource(_bearer(config.token))
    if config.username or config.password:
        pair = f"{config.username}:{config.password}".encode()
        return StaticSource(Credential(f"Basic {base64.b64encode(pair).decode()}"))
    has_certificate = config.client_certificate or config.client_certificate_data
    if config.exec is not None and not has_certificate:
        return ExecSource(ExecPlugin(config, threads=threads), clock=clock)
    return StaticSource(Credential())
