"""``local up``, and what ``run --local`` shares with it."""

import asyncio
import errno
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from homeostat._tasks import Group
from homeostat.api import CustomResource
from homeostat.client import Client
from homeostat.errors import ConfigError
from homeostat.localcluster import LocalCluster, Profile, kubeconfig_for
from homeostat.manager import install_crds, run_until_signal

__all__ = ["run_local", "running_cluster"]


@asynccontextmanager
async def announced(cluster: LocalCluster, *, port: int = 0) -> AsyncGenerator[str]:
    """Serve a cluster, print the line that points kubectl at it; yields the URL.

    The kubeconfig is removed when the block exits: nothing answers there any more.

    Raises:
        ConfigError: The port is taken.
    """
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(cluster.serve(port=port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise ConfigError(
                f"port {port} on 127.0.0.1 is taken: leave out --port for a free one, "
                "or name another"
            ) from error
        folder = stack.enter_context(TemporaryDirectory(prefix="homeostat-"))
        path = Path(folder) / "kubeconfig"
        path.write_text(kubeconfig_for(url))
        click.echo(f"export KUBECONFIG={path}")
        yield url


@asynccontextmanager
async def running_cluster(
    resources: Sequence[type[CustomResource[Any, Any]]],
) -> AsyncGenerator[Client]:
    """Run a cluster; yields a client of it that needs no socket.

    It is announced when it serves ``resources``: who is quick with kubectl finds them.
    """
    cluster = LocalCluster()
    async with Group() as tasks, cluster.client() as client:
        running = tasks.start(cluster.run(), name="local/cluster")
        await install_crds(client, resources)
        async with announced(cluster):
            yield client
        running.cancel()


def run_local(*, port: int, profile: Profile) -> None:
    """Run a cluster in the foreground until a signal."""

    async def main() -> None:
        cluster = LocalCluster(profile=profile)
        async with announced(cluster, port=port) as url, Group() as tasks:
            tasks.start(cluster.run(), name="local/cluster")
            click.echo(f"cluster on {url}, profile {profile}; Ctrl-C ends it", err=True)
            await asyncio.get_running_loop().create_future()

    run_until_signal(main)
