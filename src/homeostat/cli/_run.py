"""``run``: controllers from files, on a local cluster or on a real one."""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from homeostat._until_signal import run_until_signal
from homeostat.cli._load import Found, load
from homeostat.client import ALL, Client, load_config
from homeostat.errors import ConfigError
from homeostat.manager import (
    LogFormat,
    Manager,
    check_controllers,
    definition_of,
    install_crds,
    log_handler,
)

__all__ = ["RunOptions", "run_files"]

logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of ``homeostat run``, as click parsed them."""

    local: bool
    kubeconfig: str | None
    context: str | None
    namespaces: tuple[str, ...]
    install_crds: bool
    workers: int | None
    health_address: str | None
    log_level: str
    log_format: LogFormat


def run_files(files: Sequence[Path], options: RunOptions) -> None:
    """Run what the files define until a signal.

    Raises:
        ConfigError: A file or an option is wrong, or nothing is there to run.
    """
    handler = log_handler(options.log_format)
    logging.basicConfig(level=options.log_level.upper(), handlers=[handler], force=True)
    found = _checked(load(files), files, options)
    if options.local and options.log_level != "debug":
        handler.addFilter(_OwnAlone({each.name for each in found.controllers}))
    config = None if options.local else load_config(options.kubeconfig, options.context)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            if config is None:
                # The cluster costs memory that an operator of a real one must not pay.
                from homeostat.cli._local import running_cluster  # noqa: PLC0415

                local = running_cluster(found.resources)
                client = await stack.enter_async_context(local)
            else:
                client = await stack.enter_async_context(Client(config))
                if options.install_crds:
                    waiting = f"waiting for {config.server} to take the definitions"
                    with _patience(waiting):
                        await install_crds(client, found.resources)
            await _manager(found, client, options).run()

    run_until_signal(main)


def _checked(found: Found, files: Sequence[Path], options: RunOptions) -> Found:
    """Find what is wrong before anything is started.

    Raises:
        ConfigError: There is nothing to run, or something of it cannot be.
    """
    if not found.controllers:
        names = ", ".join(map(str, files))
        raise ConfigError(
            f"no controller at the top level of {names}: decorate a function with "
            "@controller"
        )
    check_controllers(found.controllers)
    if options.local or options.install_crds:
        for resource in found.resources:
            definition_of(resource)
    return found


@contextmanager
def _patience(message: str) -> Generator[None]:
    """Tell the user what takes so long, when it does."""
    loop = asyncio.get_running_loop()
    timer = loop.call_later(PATIENCE, logger.info, message)
    try:
        yield
    finally:
        timer.cancel()


class _OwnAlone(logging.Filter):
    """Leaves out the daily work of the local cluster's own controllers."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names

    def filter(self, record: logging.LogRecord) -> bool:
        controller = getattr(record, "controller", None)
        return (
            controller is None
            or controller in self._names
            or record.levelno >= logging.WARNING
        )


def _manager(found: Found, client: Client, options: RunOptions) -> Manager:
    return Manager(
        controllers=found.controllers,
        client=client,
        max_concurrent_reconciles=options.workers,
        namespaces=options.namespaces or ALL,
        health_address=options.health_address,
    )
