"""``homeostat.run``: own the loop and the signals, and block."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from homeostat._tasks import only_error
from homeostat._transport import Transport
from homeostat.client import ALL, AllNamespaces, Client, ClusterConfig, load_config
from homeostat.manager._controllers import AnyController, check_controllers
from homeostat.manager._logging import log_handler
from homeostat.manager._manager import Manager
from homeostat.manager._watchdog import watchdog

__all__ = ["run", "run_until_signal"]

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


def run_until_signal(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on a loop of its own; SIGINT or SIGTERM cancels it.

    A second signal ends the process at once. Handlers that were there before are there
    again after it. uvloop is used where it is installed.

    Raises:
        BaseException: What ``main`` raises, out of any groups that hold nothing else.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        loop = runner.get_loop()
        try:
            with suppress(asyncio.CancelledError):
                runner.run(_until_signal(loop, main))
        except BaseExceptionGroup as group:
            raise only_error(group) from None


async def _until_signal(
    loop: asyncio.AbstractEventLoop, main: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    task = asyncio.current_task()
    assert task is not None  # a coroutine that runs has a task

    def stop(number: int) -> None:
        name = signal.Signals(number).name
        logger.info("stopping on %s; a second one ends at once", name)
        task.cancel()

    def handle(number: int, _frame: object) -> None:
        # Not add_signal_handler: its handlers wait for the loop, and a second signal
        # must end the process also when the loop is blocked.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop, number)

    before = {each: signal.signal(each, handle) for each in _SIGNALS}
    try:
        async with watchdog():
            await main()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an extra that need not be there
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
