"""A cluster in this process, for ``local up`` and ``run --local``."""

import errno
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from homeostat._tasks import Group
from homeostat.api import CustomResource
from homeostat.apiserver import Tls
from homeostat.errors import ConfigError
from homeostat.localcluster import LocalCluster, kubeconfig_for

if TYPE_CHECKING:
    from homeostat.client import Client

__all__ = ["listening", "running_cluster"]

_PORT_ERRORS = {
    errno.EADDRINUSE: "is taken",
    errno.EACCES: "is for the administrator of this machine alone",
}


@asynccontextmanager
async def listening(
    cluster: LocalCluster,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: Tls | None = None,
) -> AsyncGenerator[str]:
    """Serve a cluster until the block exits; yields the URL.

    Raises:
        ConfigError: The port is taken, or not for everybody to take.
    """
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(
                cluster.serve(host=host, port=port, tls=tls)
            )
        except OSError as error:
            if error.errno not in _PORT_ERRORS:
                raise
            raise ConfigError(
                f"port {port} on {host} {_PORT_ERRORS[error.errno]}: leave out "
                "--port for a free one, or name another"
            ) from error
        yield url


@asynccontextmanager
async def running_cluster(
    resources: Sequence[type[CustomResource[Any, Any]]],
) -> AsyncGenerator["Client"]:
    """Run a cluster; yields a client of it that needs no socket.

    It is announced when it serves ``resources``: who is quick with kubectl finds them.
    """
    from homeostat.manager import install_crds  # noqa: PLC0415

    cluster = LocalCluster()
    async with Group() as tasks, cluster.client() as client:
        running = tasks.start(cluster.run(), name="local/cluster")
        await install_crds(client, resources)
        async with listening(cluster) as url:
            with TemporaryDirectory(prefix="homeostat-") as folder:
                path = Path(folder) / "kubeconfig"
                path.write_text(kubeconfig_for(url))
                click.echo(f"export KUBECONFIG={path}")
                yield client
        running.cancel()
