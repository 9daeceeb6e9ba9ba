"""``homeostat.run``: a manager in a process of its own."""

import logging
from collections.abc import Sequence

from homeostat._transport import Transport
from homeostat._until_signal import run_until_signal
from homeostat.client import ALL, AllNamespaces, Client, ClusterConfig, load_config
from homeostat.manager._controllers import AnyController, check_controllers
from homeostat.manager._logging import log_handler
from homeostat.manager._manager import Manager

__all__ = ["run"]


def run(
    *controllers: AnyController,
    config: ClusterConfig | Transport | None = None,
    kubeconfig: str | None = None,
    context: str | None = None,
    namespaces: Sequence[str] | AllNamespaces = ALL,
    health_address: str | None = None,
) -> None:
    """Run controllers until SIGINT or SIGTERM, then stop them in order.

    A second signal ends the process at once. Unless logging is set up already, lines
    for people go to stderr.

    Args:
        *controllers: What to run.
        config: Which cluster, or a transport that leads to one; None loads it from
            the two below.
        kubeconfig: File; None for ``$KUBECONFIG``, ``~/.kube/config``, then the
            service account of the pod.
        context: Of the kubeconfig; None for its current one.
        namespaces: Which to watch.
        health_address: Where to serve ``/healthz`` and ``/readyz``, as ``:8081``; None
            for nowhere.

    Raises:
        ConfigError: The configuration or an option is wrong.
    """
    logging.basicConfig(level=logging.INFO, handlers=[log_handler()])
    check_controllers(controllers)
    target = config or load_config(kubeconfig, context)

    async def main() -> None:
        async with Client(target) as client:
            manager = Manager(
                controllers=controllers,
                client=client,
                namespaces=namespaces,
                health_address=health_address,
            )
            await manager.run()

    run_until_signal(main)
