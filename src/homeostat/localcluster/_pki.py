"""Certificates of a local cluster: an authority, and what it signs.

Keys are elliptic (P-256): one is made in a tenth of a millisecond, where RSA takes a
tenth of a second, and a handshake costs the server less. ``cryptography`` is imported
when something has to be made, for that takes longer than all else here: a cluster whose
folder has what it needs never does.
"""

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias, final

from homeostat._clock import Clock, SystemClock
from homeostat.apiserver import Tls

__all__ = ["Credentials", "Pki"]

Pair: TypeAlias = tuple[bytes, bytes]  # certificate and key, PEM

ADMIN = "kubernetes-admin"
ADMIN_GROUPS = ("system:masters",)
# What the authority signs ends when it does: one date tells all.
RENEW = timedelta(days=30)
# The address of the service ``default/kubernetes``, and every name of it.
NAMES = (
    "localhost",
    "127.0.0.1",
    "::1",
    "10.96.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How a client comes to a server: whom it trusts, and who it is. PEM.

    Attributes:
        ca: Authority of the server's certificate; empty for plain HTTP.
        certificate: Of the client; empty for none.
        key: Its private key.
        token: Bearer token; "" for none.
    """

    ca: bytes = b""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""


@final
class Pki:
    """The authority of one cluster.

    Everything is made when it is first asked for. With a folder it is kept there, and
    is the same the next time; private keys can be read by their owner alone. An
    authority that ends within a month is replaced, and what it signed with it.

    Belongs to one process at a time.

    Args:
        folder: Where to keep all; it is made when it is absent. None keeps nothing.
        names: Further names and addresses that the server is reached by.
        clock: Wall time, of the dates in certificates.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        names: Sequence[str] = (),
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._more_names = tuple(names)
        self._clock = clock or SystemClock()
        self._pairs: dict[str, Pair] = {}
        self._account_key = b""

    @property
    def ca(self) -> bytes:
        """The authority's certificate."""
        return self._authority()[0]

    def tls(self) -> Tls:
        """Return what a server of this cluster shows, and whom it believes.

        Raises:
            OSError: The folder cannot be read or written.
        """
        more = self._more_names
        kept = "" if more else "apiserver"  # what is kept does not tell its names
        names = (*NAMES, *more)
        certificate, key = self._leaf(kept, "kube-apiserver", names=names)
        return Tls(certificate=certificate, key=key, client_ca=self.ca)

    def credentials(
        self, user: str = ADMIN, groups: Sequence[str] = ADMIN_GROUPS
    ) -> Credentials:
        """Return credentials of a user; those of the administrator are kept.

        Raises:
            OSError: The folder cannot be read or written.
        """
        admin = (user, tuple(groups)) == (ADMIN, ADMIN_GROUPS)
        kept = "admin" if admin else ""
        certificate, key = self._leaf(kept, user, groups=groups)
        return Credentials(ca=self.ca, certificate=certificate, key=key)

    def account_key(self) -> bytes:
        """Return the private key that signs tokens of service accounts.

        Raises:
            OSError: The folder cannot be read or written.
        """
        if not self._account_key:
            path = self._folder / "sa.key" if self._folder else None
            if path is not None and path.exists():
                self._account_key = path.read_bytes()
            else:
                self._account_key = self._new_key()
                self._keep("sa.key", self._account_key)
        return self._account_key

    def _authority(self) -> Pair:
        found = self._pairs.get("ca") or self._read("ca")
        if found is None or self._ends_soon(found[0]):
            # What the old one signed is worth nothing any more.
            self._pairs.clear()
            if self._folder is not None:
                for old in self._folder.glob("*.crt"):
                    old.unlink()
            found = self._sign("homeostat", None)
            self._write("ca", found)
        self._pairs["ca"] = found
        return found

    def _leaf(
        self,
        kept: str,
        name: str,
        *,
        groups: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> Pair:
        """Return a certificate of the authority's; "" for ``kept`` makes a new one."""
        authority = self._authority()
        found = (self._pairs.get(kept) or self._read(kept)) if kept else None
        if found is None:
            found = self._sign(name, authority, groups=groups, names=names)
            if kept:
                self._write(kept, found)
        if kept:
            self._pairs[kept] = found
        return found

    def _new_key(self) -> bytes:
        from homeostat.localcluster._certificates import new_key  # noqa: PLC0415

        return new_key()

    def _ends_soon(self, certificate: bytes) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_verify_locations(cadata=certificate.decode("ascii", "ignore"))
            end = ssl.cert_time_to_seconds(str(context.get_ca_certs()[0]["notAfter"]))
        except (ssl.SSLError, ValueError, LookupError):
            return True  # it is none
        return end < (self._clock.now() + RENEW).timestamp()

    def _sign(
        self,
        name: str,
        authority: Pair | None,
        *,
        groups: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> Pair:
        from homeostat.localcluster._certificates import sign  # noqa: PLC0415

        now = self._clock.now()
        return sign(name, authority, groups=groups, names=names, now=now)

    def _read(self, name: str) -> Pair | None:
        if self._folder is None:
            return None
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        try:
            return certificate.read_bytes(), key.read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, name: str, pair: Pair) -> None:
        # The key first: a certificate that is there has its key.
        self._keep(f"{name}.key", pair[1])
        self._keep(f"{name}.crt", pair[0])

    def _keep(self, name: str, data: bytes) -> None:
        """Write a file as a whole or not at all, for its owner alone to read."""
        if self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f".{name}"
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(data)
        path.replace(self._folder / name)
