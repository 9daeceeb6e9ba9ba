"""``local down`` and ``local reset``: what is asked of a cluster that runs."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import click

from homeostat.cli._home import RESET, Home, option, pause
from homeostat.errors import ConfigError

__all__ = ["down", "reset"]

# Pauses between two looks.
_PATIENCE = 500  # ten seconds, with whoever is asked to end
_RESET_PATIENCE = 1500  # half a minute


def down(home: Home) -> None:
    """End a cluster and wait until its process is gone; nothing to do when it is.

    Raises:
        ConfigError: It is there still.
    """
    number = home.process()
    if number is None and not home.held():
        if home.state() == "crashed":
            _tidy(home)
        click.echo(f"cluster {home.name!r} is not running", err=True)
        return
    for each in (signal.SIGTERM, signal.SIGKILL):
        number = home.process()
        if number is not None:
            # It may end by itself, between the look and the signal.
            with suppress(ProcessLookupError):
                os.kill(number, each)
        if _gone(home):
            _tidy(home)
            how = "ended" if each == signal.SIGTERM else "did not end, and was killed"
            click.echo(f"cluster {home.name!r} {how}", err=True)
            return
    raise ConfigError(
        f"cluster {home.name!r} does not end; what runs it holds {home.path / 'lock'}"
    )


def _gone(home: Home) -> bool:
    for _ in range(_PATIENCE):
        if not home.held():
            return True
        pause()
    return False


def _tidy(home: Home) -> None:
    """Do what a process that was killed could not do any more."""
    record = home.record()
    if record is not None and record.pid:
        home.leave(record)


def reset(home: Home) -> None:
    """Empty a cluster; returns when it answers again, if it runs.

    Raises:
        ConfigError: There is nothing to be emptied, or it does not come back.
    """
    number, before = home.process(), home.record()
    if not home.held() and before is not None and before.data_dir:
        from homeostat.apiserver import erase  # noqa: PLC0415

        erase(Path(before.data_dir))
        click.echo(f"cluster {home.name!r} is empty: {before.data_dir}", err=True)
        return
    if number is None or before is None or not before.url:
        up = f"homeostat local up{option(home.name)}"
        raise ConfigError(f"cluster {home.name!r} is not running; `{up}` starts it")
    with suppress(ProcessLookupError):
        os.kill(number, RESET)
    for _ in range(_RESET_PATIENCE):
        record = home.record()
        if record is not None and record.resets > before.resets and record.url:
            click.echo(f"cluster {home.name!r} is empty again", err=True)
            return
        if not home.held():
            break
        pause()
    raise ConfigError(
        f"cluster {home.name!r} was not emptied; what it has to say is in {home.log}"
    )
