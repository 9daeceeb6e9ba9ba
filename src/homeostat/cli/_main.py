"""The commands, their options and their help."""

import re
from pathlib import Path
from typing import Any

import click

from homeostat.cli._local_commands import local
from homeostat.errors import HomeostatError

__all__ = ["main"]

# A namespace is a DNS label. A watch of anything else would just stay empty.
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
DEMO_FILE = Path("examples/podset/podset.py")


def _namespaces(
    _ctx: click.Context, _param: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    for name in names:
        if not LABEL.fullmatch(name):
            raise click.BadParameter(f"{name!r} is no name of a namespace")
    return names


def _address(
    _ctx: click.Context, _param: click.Parameter, address: str | None
) -> str | None:
    if address is not None:
        from homeostat.manager import parse_address  # noqa: PLC0415

        try:
            parse_address(address)
        except HomeostatError as error:
            raise click.BadParameter(str(error)) from error
    return address


class _Commands(click.Group):
    """Turns the library's errors into one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's own signature
        try:
            return super().invoke(ctx)
        except HomeostatError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            # Ports that are taken, files that cannot be written: the user can mend it.
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeostat", message="homeostat %(version)s")
def main() -> None:
    """Run Kubernetes controllers, with or without a cluster of your own."""


@main.command()
@click.argument(
    "file", type=click.Path(path_type=Path), default=DEMO_FILE, metavar="[FILE]"
)
def demo(file: Path) -> None:
    """Watch an operator work: create, scale, break, delete.

    Runs the operator in FILE (default: examples/podset/podset.py, from a checkout) on
    a cluster in this process. The sample object is the first one in the manifests/
    folder beside FILE. Exit status 0 means that every step converged.
    """
    from homeostat.cli._demo import run_demo  # noqa: PLC0415

    if file == DEMO_FILE and not file.exists():
        raise click.UsageError(
            "the demo's default operator is part of a checkout of homeostat: run this "
            "there, or name a FILE"
        )
    if not run_demo(file):
        raise SystemExit(1)


@main.command()
@FILES
@click.option(
    "--local",
    is_flag=True,
    help="Start a cluster in this process and run on that; implies --install-crds.",
)
@click.option(
    "--kubeconfig",
    metavar="PATH",
    help="Kubeconfig file. Default: $KUBECONFIG, ~/.kube/config, then the pod's "
    "service account.",
)
@click.option("--context", metavar="NAME", help="Context of the kubeconfig.")
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    callback=_namespaces,
    help="Watch only this namespace; repeat it for several. Default: all.",
)
@click.option(
    "--install-crds",
    is_flag=True,
    help="Apply the custom resources' definitions before the controllers start.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Objects that each controller reconciles at once, whatever it declares.",
)
@click.option(
    "--health-address",
    metavar="[HOST]:PORT",
    callback=_address,
    help="Serve /healthz and /readyz here. Default: nowhere.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least that is logged.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for machines; both go to stderr.",
)
def run(files: tuple[Path, ...], **options: Any) -> None:  # noqa: ANN401 -- click fills it
    """Run the controllers that FILEs define at their top level.

    Runs until Ctrl-C or SIGTERM; reconciles under way may finish. A second signal ends
    at once.

    \b
    homeostat run operator.py --local          # on a cluster in this process
    homeostat run operator.py --install-crds   # on the cluster that kubectl uses
    """  # noqa: D301 -- the backspace is click's mark for a block to leave as it is
    from homeostat.cli._run import RunOptions, run_files  # noqa: PLC0415

    if options["local"] and (options["kubeconfig"] or options["context"]):
        raise click.UsageError(
            "--local brings a cluster of its own: leave out --kubeconfig and --context"
        )
    run_files(files, RunOptions(**options))


main.add_command(local)


@main.command("envtest-assets")
@click.argument(
    "folder",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
)
def envtest_assets(folder: Path) -> None:
    """Write `etcd` and `kube-apiserver` for tests in Go to DIR.

    They serve controller-runtime's envtest with homeostat's own server, in place of
    the real binaries; the suite stays as it is.

    \b
    eval "$(homeostat envtest-assets ./bin)" && go test ./...
    """  # noqa: D301 -- as above
    from homeostat.cli._envtest import write_assets  # noqa: PLC0415

    write_assets(folder)


@main.command()
@FILES
def crd(files: tuple[Path, ...]) -> None:
    """Print the CustomResourceDefinitions of FILEs as YAML.

    \b
    homeostat crd operator.py | kubectl apply -f -
    """  # noqa: D301 -- as above
    from homeostat import _yaml  # noqa: PLC0415
    from homeostat.cli._load import load  # noqa: PLC0415
    from homeostat.errors import ConfigError  # noqa: PLC0415
    from homeostat.manager import definition_of  # noqa: PLC0415

    found = load(files)
    if not found.resources:
        names = ", ".join(map(str, files))
        raise ConfigError(f"no @custom_resource class at the top level of {names}")
    documents = [definition_of(resource) for resource in found.resources]
    click.echo(_yaml.dump_all(documents), nl=False)
