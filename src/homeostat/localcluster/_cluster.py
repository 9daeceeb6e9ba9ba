"""The cluster in the box."""

import asyncio
import base64
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Literal, TypeAlias, final

import msgspec

from homeostat._clock import Clock, SystemClock
from homeostat._random import Random
from homeostat._tasks import Threads
from homeostat.apiserver import ApiServer, Authentication, Tls, serve
from homeostat.localcluster._pki import Credentials
from homeostat.localcluster._pod_life import PodLives
from homeostat.localcluster._processes import SimulatedProcesses

if TYPE_CHECKING:
    from homeostat.client import Client

__all__ = ["LocalCluster", "Profile", "kubeconfig_for"]

Profile: TypeAlias = Literal["cluster", "apiserver"]

NAME = "homeostat"
ALL = "*"
_LIFE = "homeostat.localcluster._life"
# Texts of these, but for the words, are not taken for anything else in YAML.
_PLAIN = frozenset(f"{ascii_letters}{digits}-./:=+")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


@final
class LocalCluster:
    """An API server in this process, with the controllers that make it a cluster.

    The server answers from the moment it is constructed; ``run`` brings the built-in
    controllers, the nodes and the pods to life. All of it belongs to one event loop.

    Args:
        profile: ``cluster`` runs the built-in controllers, a scheduler and simulated
            nodes. ``apiserver`` runs none, as the API server under envtest.
        controllers: Which of the built-in controllers, as kube-controller-manager's
            flag takes them: ``*`` for all, ``*,-job-controller`` for all but one.
            Without ``serviceaccount-controller`` pods need no service account.
        ca: The root CA that each namespace is told of, PEM; "" for none.
        nodes: How many simulated nodes.
        start_delay: Seconds from the binding of a pod until it is ready.
        data_dir: Folder that keeps the cluster across restarts, made where it is
            missing; None keeps it in memory.
        authentication: Who may come over TLS, besides those with a certificate.
        pods: Gives pods their lives; see ``PodLife``. Their annotations do, too.
        clock: Wall time of the timestamps.
        random: Source of uids, names and jitter.

    Attributes:
        server: The API server.

    Raises:
        ConfigError: No built-in controller has a name that is selected, or ``data_dir``
            cannot be used.
    """

    def __init__(  # noqa: PLR0913  # a cluster's options, all keyword-only
        self,
        *,
        profile: Profile = "cluster",
        controllers: str = ALL,
        ca: str = "",
        nodes: int = 2,
        start_delay: float = 0.02,
        data_dir: Path | None = None,
        authentication: Authentication | None = None,
        pods: PodLives | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self._profile: Profile = profile
        self._controllers = controllers
        has_accounts = profile == "cluster"
        if controllers != ALL:
            from homeostat.localcluster._controllers import (  # noqa: PLC0415
                SERVICE_ACCOUNTS,
                select,
            )

            has_accounts &= SERVICE_ACCOUNTS in select(controllers)
        self._ca = ca
        self._node_count = nodes
        self._start_delay = start_delay
        self._pods = pods
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self.server: ApiServer = ApiServer(
            data_dir=data_dir,
            processes=SimulatedProcesses(pods) if profile == "cluster" else None,
            authentication=authentication,
            clock=self._clock,
            random=self._random,
            accounts=has_accounts,
        )

    def close(self) -> None:
        """Let go of ``data_dir``, after ``run`` and ``serve`` have ended.

        Waits for the disk. Without it nothing is lost, and the folder is free when the
        process has ended.
        """
        self.server.close()

    def client(self, *, user_agent: str = "homeostat", namespace: str = "") -> "Client":
        """Return a client of this cluster that needs no socket; the caller closes it.

        Args:
            user_agent: What the server takes for the name of the program.
            namespace: Where calls go that name none; "" for ``default``.
        """
        from homeostat.client import Client  # noqa: PLC0415

        return Client(
            self.server.transport(),
            user_agent=user_agent,
            namespace=namespace,
            clock=self._clock,
            random=self._random,
        )

    @staticmethod
    def load() -> None:
        """Import the built-in controllers now, in this thread: ``run`` begins at once.

        Blocks for a tenth of a second, once in a process. Whoever replays a cluster
        from a seed calls it first: when a thread is ready is no matter of seeds.
        """
        import_module(_LIFE)

    async def run(self) -> None:
        """Run the built-in controllers until cancelled; what is stored stays.

        Their code loads in a thread, if it has not: the server answers all the while.
        """
        if self._profile == "apiserver":
            await asyncio.get_running_loop().create_future()
        # No import here: another thread may be about it, and hold the lock.
        live = getattr(sys.modules.get(_LIFE), "live", None)
        if live is None:
            threads = Threads(1, name="localcluster-load")
            live = (await threads.run(import_module, _LIFE)).live
            threads.close()
        await live(
            self.server,
            controllers=self._controllers,
            ca=self._ca,
            nodes=self._node_count,
            start_delay=self._start_delay,
            pods=self._pods,
            clock=self._clock,
            random=self._random,
        )

    @asynccontextmanager
    async def serve(
        self, *, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None
    ) -> AsyncGenerator[str]:
        """Serve until the block exits; yields the URL.

        Args:
            host: Address to listen on.
            port: 0 takes a free one.
            tls: What to show to clients, as ``Pki`` makes it. None serves over plain
                HTTP, where whoever can reach the address is the administrator.

        Raises:
            OSError: The address cannot be had.
            ValueError: The certificate cannot be used.
        """
        async with serve(self.server, host=host, port=port, tls=tls) as url:
            yield url


def kubeconfig_for(
    url: str, credentials: Credentials | None = None, *, name: str = NAME
) -> str:
    """Return a kubeconfig, as YAML, whose current context is the server at ``url``.

    Args:
        url: Where it listens.
        credentials: Who asks, and whom he trusts; None for a server without TLS.
        name: Of the cluster, the user and the context.
    """
    who = credentials or Credentials()
    cluster = {"certificate-authority-data": _text(who.ca), "server": url}
    user = {
        "client-certificate-data": _text(who.certificate),
        "client-key-data": _text(who.key),
        "token": who.token,
    }
    context = {"cluster": name, "namespace": "default", "user": name}
    # By hand, as a start has no time to load what writes YAML.
    return (
        "apiVersion: v1\n"
        f"clusters:\n{_named('cluster', cluster, name)}"
        f"contexts:\n{_named('context', context, name)}"
        f"current-context: {_quoted(name)}\n"
        "kind: Config\n"
        f"users:\n{_named('user', user, name)}"
    )


def _named(kind: str, values: dict[str, str], name: str) -> str:
    lines = [f"    {key}: {_quoted(text)}" for key, text in values.items() if text]
    head = [f"- {kind}:", *lines] if lines else [f"- {kind}: {{}}"]
    return "\n".join([*head, f"  name: {_quoted(name)}", ""])


def _quoted(text: str) -> str:
    known = text[:1].isalpha() and _PLAIN.issuperset(text)
    if known and text.lower() not in _WORDS and not text.endswith(":"):
        return text
    # A string of JSON is one of YAML.
    return msgspec.json.encode(text).decode()


def _text(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
