"""``local up``: one cluster, in the foreground or behind the shell's back."""

import asyncio
import logging
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat.cli._home import RESET, Home, Record, birth_of, home_of, option
from homeostat.cli._local import listening
from homeostat.errors import ConfigError, HomeostatError
from homeostat.localcluster import LocalCluster, Profile, kubeconfig_for
from homeostat.manager import log_handler, run_until_signal

__all__ = ["UpOptions", "up"]

_READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The options of ``homeostat local up``, as click parsed them."""

    name: str
    port: int
    profile: Profile
    detach: bool


def up(options: UpOptions) -> None:
    """Run a cluster: until a signal, or with ``detach`` in a process of its own.

    Raises:
        ConfigError: It runs already, or cannot be started.
    """
    home = home_of(options.name)
    home.take()
    if options.detach:
        _in_background(home, options)
        return

    def ready(url: str) -> None:
        _announce(home)
        click.echo(f"cluster on {url}, {_what(options)}; Ctrl-C ends it", err=True)

    _run(home, options, ready)


def _announce(home: Home) -> None:
    click.echo(f"export KUBECONFIG={shlex.quote(str(home.kubeconfig))}")


def _what(options: UpOptions) -> str:
    return f"profile {options.profile}"


def _in_background(home: Home, options: UpOptions) -> None:
    """Fork a process that runs the cluster; returns when that answers requests.

    A fork is a third of a new interpreter's start; there is one thread, and no loop.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _detach(home.log)
        _run_for_parent(home, options, writer)
        return
    os.close(writer)
    try:
        with open(reader) as answers:
            answer = answers.read()
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        raise
    if answer != _READY:
        raise ConfigError(answer or _last_words(home))
    _announce(home)
    record = home.record()
    url = record.url if record else ""
    click.echo(
        f"cluster on {url}, {_what(options)}, in the background (process {child}); "
        f"`homeostat local down{option(home.name)}` ends it",
        err=True,
    )


def _run_for_parent(home: Home, options: UpOptions, writer: int) -> None:
    """Run a cluster; tell the parent how that begins, and nothing after it."""
    with open(writer, "w") as parent:

        def tell(text: str) -> None:
            parent.write(text)
            parent.close()

        try:
            _run(home, options, lambda _: tell(_READY))
        except (HomeostatError, OSError) as error:
            if not parent.closed:
                tell(str(error))
            raise


def _last_words(home: Home) -> str:
    lines = home.log.read_text(errors="replace").split("\n")
    said = next((line for line in reversed(lines) if line.strip()), "it said nothing")
    return f"the cluster ended before it was ready: {said.strip()} (log: {home.log})"


def _detach(log: Path) -> None:
    """Leave the terminal and the folder that this process was started from."""
    os.setsid()
    os.chdir("/")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    with log.open("wb") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _run(home: Home, options: UpOptions, ready: Callable[[str], None]) -> None:
    logging.basicConfig(level=logging.WARNING, handlers=[log_handler("text")])
    number = os.getpid()
    record = Record(
        pid=number,
        birth=birth_of(number),
        since=SystemClock().now().isoformat(timespec="seconds"),
        profile=options.profile,
    )
    home.write(record)
    try:
        run_until_signal(lambda: _serve(home, options, record, ready))
    finally:
        home.leave(None)


async def _serve(
    home: Home, options: UpOptions, record: Record, ready: Callable[[str], None]
) -> None:
    """Serve one cluster after the other on one port: a reset is a new one."""
    reset = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(RESET, reset.set)
    port = options.port
    while True:
        async with _cluster(options, port) as url:
            home.write_kubeconfig(kubeconfig_for(url))
            home.write(replace(record, url=url))
            if not record.resets:
                ready(url)
            await reset.wait()
        reset.clear()
        port = urlsplit(url).port or 0
        record = replace(record, resets=record.resets + 1)


@asynccontextmanager
async def _cluster(options: UpOptions, port: int) -> AsyncGenerator[str]:
    cluster = LocalCluster(profile=options.profile)
    async with listening(cluster, port=port) as url, Group() as tasks:
        running = tasks.start(cluster.run(), name="local/cluster")
        yield url
        running.cancel()
