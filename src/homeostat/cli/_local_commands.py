"""The commands of ``local``, their options and their help."""

import re
from pathlib import Path
from typing import Any

import click

from homeostat.cli._home import DEFAULT, home_of, homes, option
from homeostat.errors import ConfigError

__all__ = ["local"]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def _checked(
    _ctx: click.Context, _param: click.Parameter, name: str | None
) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is no name of a cluster: it has 1 to 40 lower case letters, "
            "digits and dashes, and no dash at an end"
        )
    return name


_name = click.option(
    "--name",
    default=DEFAULT,
    show_default=True,
    metavar="NAME",
    callback=_checked,
    help="Which cluster; several run side by side.",
)


@click.group()
def local() -> None:
    """Manage clusters in the box.

    \b
    eval "$(homeostat local up --detach)"    # a cluster, and kubectl points at it
    kubectl get nodes
    homeostat local down
    """  # noqa: D301 -- the backspace is click's mark for a block to leave as it is


@local.command()
@_name
@click.option("--detach", is_flag=True, help="Run it in the background.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Port on 127.0.0.1. Default: a free one.",
)
@click.option(
    "--profile",
    type=click.Choice(["cluster", "apiserver"]),
    default="cluster",
    show_default=True,
    help="cluster: with built-in controllers, nodes and pods; apiserver: without.",
)
@click.option(
    "--controllers",
    default="*",
    metavar="LIST",
    help="Which built-in controllers, in the words of kube-controller-manager: "
    "'*,-job-controller' is all but one. Default: all.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="PATH",
    help="Keep the cluster in this folder, across restarts. Default: in memory.",
)
@click.option(
    "--no-tls",
    "tls",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Serve plain HTTP, where everybody is the administrator.",
)
def up(**options: Any) -> None:  # noqa: ANN401 -- click fills it
    """Run a cluster until Ctrl-C, or in the background.

    The first line on stdout is a shell command that points kubectl at it.
    """
    from homeostat.cli._up import UpOptions, up  # noqa: PLC0415

    up(UpOptions(**options))


@local.command()
@_name
@click.option("--all", "every", is_flag=True, help="End all clusters.")
def down(name: str, every: bool) -> None:  # noqa: FBT001 -- click calls it
    """End a cluster and wait until it is gone.

    It is no error when it does not run.
    """
    from homeostat.cli._stop import down  # noqa: PLC0415

    for home in homes() if every else [home_of(name)]:
        down(home)


@local.command()
@click.option(
    "--name",
    metavar="NAME",
    callback=_checked,
    help="Show this cluster alone; exit status 1 when it does not run.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
)
def status(name: str | None, output: str) -> None:
    """Show the clusters that there are, and how they are."""
    from homeostat.cli._status import show, status_of  # noqa: PLC0415

    chosen = homes() if name is None else [home_of(name)]
    found = [each for each in map(status_of, chosen) if each is not None]
    if found or output == "json":
        show(found, output)
    else:
        which = "" if name is None else f" named {name!r}"
        up = f"homeostat local up{option(name or DEFAULT)}"
        click.echo(f"there is no cluster{which}; `{up}` starts one", err=True)
    if name is not None and not any(each.state == "running" for each in found):
        raise SystemExit(1)


@local.command()
@_name
@click.option("--raw", is_flag=True, help="Print the content of the file.")
@click.option(
    "--merge",
    is_flag=True,
    help="Put it into ~/.kube/config, and make its context the current one.",
)
def kubeconfig(name: str, raw: bool, merge: bool) -> None:  # noqa: FBT001 -- as above
    """Print the path of a cluster's kubeconfig.

    \b
    export KUBECONFIG=$(homeostat local kubeconfig)
    """  # noqa: D301 -- as above
    if raw and merge:
        raise click.UsageError("--raw prints it, --merge writes it: leave out one")
    home = home_of(name)
    if home.state() != "running":
        up = f"homeostat local up{option(name)}"
        raise ConfigError(f"cluster {name!r} is not running; `{up}` starts it")
    if merge:
        from homeostat.cli._merge import merge as into  # noqa: PLC0415

        target = Path.home() / ".kube" / "config"
        context = into(home.kubeconfig.read_text(), target)
        click.echo(f"context {context!r} is now the current one in {target}", err=True)
    elif raw:
        click.echo(home.kubeconfig.read_text(), nl=False)
    else:
        click.echo(home.kubeconfig)


@local.command()
@_name
def reset(name: str) -> None:
    """Empty a cluster, without ending it.

    Its process, address, certificates and kubeconfig stay; whatever was stored in it
    goes, and connections are closed. Of a stopped one, its data folder is emptied.
    """
    from homeostat.cli._stop import reset  # noqa: PLC0415

    reset(home_of(name))
