"""``local up``: one cluster, in the foreground or behind the shell's back."""

import asyncio
import logging
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import click

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat._until_signal import run_until_signal
from homeostat.apiserver import Authentication, Tls, erase
from homeostat.cli._home import DEFAULT, RESET, Home, Record, birth_of, home_of, option
from homeostat.cli._local import listening
from homeostat.errors import ConfigError, HomeostatError
from homeostat.localcluster import (
    Credentials,
    LocalCluster,
    Pki,
    Profile,
    kubeconfig_for,
)

__all__ = ["UpOptions", "up"]

_READY = "ready"
_LINE = "%(asctime)s %(levelname)-7s %(message)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The options of ``homeostat local up``, as click parsed them."""

    name: str
    port: int
    profile: Profile
    controllers: str
    data_dir: Path | None
    tls: bool
    detach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """Of a cluster: what it shows, and who its users are; nothing without TLS."""

    tls: Tls | None = None
    admin: Credentials = field(default_factory=Credentials)
    authentication: Authentication | None = None

    @classmethod
    def of(cls, home: Home) -> Self:
        """Read what is kept for the next start, or make it."""
        pki = Pki(home.pki)
        return cls(
            tls=pki.tls(),
            admin=pki.credentials(),
            # Tokens of service accounts are good after a restart, too.
            authentication=Authentication(account_key=pki.account_key),
        )


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
    if sys.stderr.isatty():
        click.echo(err=True)  # the terminal has left the line at ^C


def _announce(home: Home) -> None:
    click.echo(f"export KUBECONFIG={shlex.quote(str(home.kubeconfig))}")


def _what(options: UpOptions) -> str:
    kept = f", data in {options.data_dir}" if options.data_dir else ""
    return f"profile {options.profile}{kept}"


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
        f"cluster on {url}, {_what(options)}; "
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
    logging.basicConfig(level=logging.WARNING, format=_LINE)
    number = os.getpid()
    record = Record(
        pid=number,
        birth=birth_of(number),
        since=SystemClock().now().isoformat(timespec="seconds"),
        profile=options.profile,
        data_dir=str(options.data_dir or ""),
    )
    before = home.record()
    home.write(record)
    try:
        identity = _Identity.of(home) if options.tls else _Identity()
        run_until_signal(lambda: _serve(home, options, record, identity, ready))
    finally:
        home.leave(_left(home, before))


def _left(home: Home, before: Record | None) -> Record | None:
    """Return what is to be known of a cluster that has ended: where its data are."""
    record = home.record()
    if record is None or not record.url:
        return before  # it never served: all is as it was
    return replace(record, pid=0) if record.data_dir else None


async def _serve(
    home: Home,
    options: UpOptions,
    record: Record,
    identity: _Identity,
    ready: Callable[[str], None],
) -> None:
    """Serve one cluster after the other on one port: a reset is a new one."""
    reset = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(RESET, reset.set)
    port = options.port
    context = f"homeostat{'' if home.name == DEFAULT else f'-{home.name}'}"
    while True:
        async with _cluster(options, port, identity) as url:
            text = kubeconfig_for(url, identity.admin, name=context)
            home.write_kubeconfig(text)
            home.write(replace(record, url=url))
            if not record.resets:
                ready(url)
            await reset.wait()
        reset.clear()
        if options.data_dir:
            erase(options.data_dir)
        port = urlsplit(url).port or 0
        record = replace(record, resets=record.resets + 1)


@asynccontextmanager
async def _cluster(
    options: UpOptions, port: int, identity: _Identity
) -> AsyncGenerator[str]:
    cluster = LocalCluster(
        profile=options.profile,
        controllers=options.controllers,
        ca=identity.admin.ca.decode(),
        data_dir=options.data_dir,
        authentication=identity.authentication,
    )
    try:
        async with (
            listening(cluster, port=port, tls=identity.tls) as url,
            Group() as tasks,
        ):
            running = tasks.start(cluster.run(), name="local/cluster")
            yield url
            running.cancel()
    finally:
        cluster.close()
