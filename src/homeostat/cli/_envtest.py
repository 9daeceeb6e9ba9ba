"""``envtest-assets``: the two programs that controller-runtime's envtest starts."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from homeostat.cli._envtest_apiserver import FLAGS
from homeostat.errors import ConfigError

__all__ = ["write_assets"]

_ETCD_FLAGS = (
    "advertise-client-urls",
    "data-dir",
    "listen-client-urls",
    "listen-peer-urls",
    "unsafe-no-fsync",
)
_MARK = "Written by `homeostat envtest-assets`"
# envtest asks for the flags each time: the shell answers twenty times sooner.
_SCRIPT = """\
#!/bin/sh
# {mark}: {name} as envtest needs it.
if [ "$*" = --help ]; then
cat <<'END'
{name}, as homeostat serves it to envtest.

Flags:
{flags}
END
exit
fi
exec {command} "$@"
"""


def write_assets(folder: Path) -> None:
    """Write the programs, and print how a suite finds them.

    Raises:
        ConfigError: The folder cannot be written, or holds programs of others.
    """
    python = shlex.quote(sys.executable)
    # It needs nothing of the library: it starts in the time of a bare interpreter.
    etcd = shlex.quote(str(Path(__file__).with_name("_envtest_etcd.py")))
    # -P: a file in the folder of the tests that is named like a module is none.
    apiserver = f"{python} -P -m homeostat.cli._envtest_apiserver"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "etcd", _ETCD_FLAGS, f"{python} -I -S {etcd}")
        _write(folder / "kube-apiserver", FLAGS, apiserver)
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror}") from error
    click.echo(f"export KUBEBUILDER_ASSETS={shlex.quote(str(folder))}")


def _write(path: Path, flags: Iterable[str], command: str) -> None:
    if path.exists() and _MARK.encode() not in path.read_bytes()[:200]:
        raise ConfigError(f"{path} is there, and not of homeostat: name another folder")
    lines = "\n".join(f"  --{flag}" for flag in sorted(flags))
    text = _SCRIPT.format(mark=_MARK, name=path.name, flags=lines, command=command)
    path.write_text(text)
    path.chmod(0o755)
