"""A ``kube-apiserver`` for envtest: the embedded server, with the flags of the real."""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from homeostat._until_signal import run_until_signal
from homeostat.apiserver import Authentication, Tls, read_tokens
from homeostat.cli._local import listening
from homeostat.errors import HomeostatError
from homeostat.localcluster import LocalCluster, Pki

__all__ = ["FLAGS"]

# What is heeded, and what is as it is here whatever is asked for.
_HEEDED = frozenset(
    {
        "anonymous-auth",
        "bind-address",
        "cert-dir",
        "client-ca-file",
        "secure-port",
        "service-account-issuer",
        "service-account-signing-key-file",
        "tls-cert-file",
        "tls-private-key-file",
        "token-auth-file",
    }
)
_TAKEN = frozenset(
    {
        "advertise-address",
        "allow-privileged",
        "authorization-mode",
        "disable-admission-plugins",
        "etcd-servers",
        "service-account-key-file",
        "service-cluster-ip-range",
        "v",
    }
)
FLAGS = _HEEDED | _TAKEN


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="kube-apiserver: %(message)s")
    flags = _parse(sys.argv[1:])
    for name in sorted(flags.keys() - FLAGS):
        logging.getLogger(__name__).warning("--%s has no effect here", name)
    try:
        tls, authentication = _tls(flags), _authentication(flags)
        run_until_signal(lambda: _serve(flags, tls, authentication))
    except (HomeostatError, OSError, ValueError) as error:
        sys.exit(f"kube-apiserver: {error}")


def _parse(arguments: Sequence[str]) -> dict[str, str]:
    """Return the flags by name, without dashes; one that is repeated counts last.

    ``--name=value``, ``--name value``, and ``--name`` for ``true``.
    """
    found: dict[str, str] = {}
    name = ""
    for argument in arguments:
        if argument.startswith("-"):
            name, equals, value = argument.lstrip("-").partition("=")
            found[name] = value if equals else "true"
            name = "" if equals else name
        elif name:
            found[name], name = argument, ""
    return found


async def _serve(
    flags: Mapping[str, str], tls: Tls, authentication: Authentication
) -> None:
    cluster = LocalCluster(profile="apiserver", authentication=authentication)
    host = flags.get("bind-address", "127.0.0.1")
    port = int(flags.get("secure-port", "6443"))
    async with listening(cluster, host=host, port=port, tls=tls):
        await asyncio.get_running_loop().create_future()


def _tls(flags: Mapping[str, str]) -> Tls:
    """Read the certificate of the server; where there is none, one is made."""
    folder = Path(flags.get("cert-dir", "/var/run/kubernetes"))
    certificate = Path(flags.get("tls-cert-file", folder / "apiserver.crt"))
    key = Path(flags.get("tls-private-key-file", folder / "apiserver.key"))
    clients = flags.get("client-ca-file")
    client_ca = Path(clients).read_bytes() if clients else b""
    if not certificate.exists():
        made = Pki(names=[flags.get("bind-address", "127.0.0.1")]).tls()
        folder.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.write_bytes(made.key)
        certificate.write_bytes(made.certificate)
    return Tls(
        certificate=certificate.read_bytes(),
        key=key.read_bytes(),
        client_ca=client_ca,
    )


def _authentication(flags: Mapping[str, str]) -> Authentication:
    tokens, key = flags.get("token-auth-file"), "service-account-signing-key-file"
    known = Authentication(
        tokens=read_tokens(Path(tokens)) if tokens else {},
        anonymous="none" if flags.get("anonymous-auth") == "false" else "public",
        account_key=Path(flags[key]).read_bytes if key in flags else None,
    )
    issuer = flags.get("service-account-issuer")
    return replace(known, issuer=issuer) if issuer else known


if __name__ == "__main__":
    main()
