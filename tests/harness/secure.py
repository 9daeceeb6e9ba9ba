"""One API server over TLS, embedded or real, and whoever comes to it."""

import functools
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from homeostat._loop_thread import LoopThread
from homeostat.apiserver import (
    ApiServer,
    Attributes,
    Authentication,
    Decision,
    Rules,
    User,
    serve,
)
from homeostat.localcluster import (
    Credentials,
    LocalCluster,
    Pki,
    Profile,
    kubeconfig_for,
)
from tests.harness.http import HttpTransport
from tests.harness.kube import ADMIN, ControlPlane
from tests.harness.server import Server

__all__ = ["Secure", "SecureCluster", "secure"]

# As the real server reads them from its file, where jane has no groups.
_TOKENS = {
    "token-of-admin": User(name=ADMIN, uid=ADMIN, groups=("system:masters",)),
    "token-of-jane": User(name="jane", uid="jane", groups=("",)),
}


class _MastersOnly:
    """Lets those do everything whom both servers let, and others nothing."""

    def authorize(self, attributes: Attributes) -> Decision:
        return Decision(allowed="system:masters" in attributes.user.groups)

    def rules(self, user: User, namespace: str) -> Rules:
        del user, namespace
        return Rules(resources=(), paths=())


@functools.cache
def pki() -> Pki:
    """One authority for all tests."""
    return Pki()


class SecureCluster:
    """An embedded cluster over TLS, on a thread of its own, for clients that block.

    It has what clients need of ``ControlPlane``: the same users by the same tokens.

    Args:
        profile: ``apiserver`` runs no controllers.
    """

    def __init__(self, profile: Profile = "apiserver") -> None:
        self._profile: Profile = profile
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self.ca_file = self.folder / "ca.crt"
        self.ca_file.write_bytes(pki().ca)
        thread = self._stack.enter_context(LoopThread(name="secure-cluster"))
        self.url = thread.call(self._serve(thread))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def _serve(self, thread: LoopThread) -> str:
        known = Authentication(tokens=_TOKENS)
        cluster = LocalCluster(
            profile=self._profile, ca=pki().ca.decode(), authentication=known
        )
        running = thread.submit(cluster.run())
        manager = cluster.serve(tls=pki().tls())
        url = await manager.__aenter__()
        self._stack.callback(running.cancel)
        leave = manager.__aexit__
        self._stack.callback(lambda: thread.call(leave(None, None, None)))
        return url

    def kubeconfig(self, user: str = ADMIN, *, certificate: bool = False) -> Path:
        """Write a kubeconfig with a user's token, or a certificate, and return it."""
        who = Credentials(ca=pki().ca, token=f"token-of-{user}")
        if certificate:
            who = pki().credentials(user, ["system:masters"])
        path = self.folder / f"{user}-{certificate}"
        path.write_text(kubeconfig_for(self.url, who))
        return path


class Secure:
    """One API server over TLS.

    Args:
        kind: ``embedded`` or ``real``.
        url: Where it listens.
        contexts: Gives a context that trusts it, with the certificate of ``admin`` when
            it is asked to.
        stack: Closes what is opened here.
    """

    def __init__(
        self,
        kind: str,
        url: str,
        contexts: Callable[[bool], ssl.SSLContext],
        stack: AsyncExitStack,
    ) -> None:
        self.kind = kind
        self.url = url
        self._contexts = contexts
        self._stack = stack

    def who(self, token: str = "", *, certificate: bool = False) -> Server:
        """Return the server as somebody sees it; nobody in particular without both."""
        context = self._contexts(certificate)
        transport = HttpTransport(self.url, token=token, context=context)
        self._stack.push_async_callback(transport.close)
        return Server(self.kind, transport, "default")

    @property
    def admin(self) -> Server:
        """The server as its administrator sees it, by his token."""
        return self.who("token-of-admin")


@asynccontextmanager
async def secure(
    plane: ControlPlane | None, *, strict: bool = False
) -> AsyncGenerator[Secure]:
    """Serve until the block exits; with a plane, it is that one.

    Args:
        plane: The real one; None starts an embedded server.
        strict: The embedded one lets only administrators do anything, as the real one
            nearly does.
    """
    async with AsyncExitStack() as stack:
        if plane is not None:
            pem = plane._certificates

            def real(certificate: bool) -> ssl.SSLContext:
                context = plane.ssl_context()
                if certificate:
                    context.load_cert_chain(pem.admin, pem.admin_key)
                return context

            yield Secure("real", plane.url, real, stack)
            return
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = ApiServer(
            authentication=Authentication(tokens=_TOKENS, anonymous="all"),
            authorizer=_MastersOnly() if strict else None,
        )
        url = await stack.enter_async_context(serve(server, tls=pki().tls()))
        yield Secure("embedded", url, functools.partial(_context, folder), stack)


def _context(folder: Path, certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=pki().ca.decode())
    if certificate:
        admin = pki().credentials(ADMIN, ["system:masters"])
        path = folder / "admin.pem"
        path.write_bytes(admin.certificate + admin.key)
        context.load_cert_chain(path)
    return context
