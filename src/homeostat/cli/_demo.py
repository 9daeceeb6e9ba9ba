"""``demo``: an operator, its cluster, and a third party that meddles with both."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

from rich.console import Console
from rich.console import Group as Renderables
from rich.live import Live
from rich.table import Table
from rich.text import Text

from homeostat import _yaml
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import GroupVersionKind, Resource, kind_of
from homeostat.cache import Informer, InformerFactory
from homeostat.cli._load import Found, load
from homeostat.cli._scenario import Sample, Step, install_step, steps_for
from homeostat.cli._tree import Node, build_tree, render
from homeostat.client import Client
from homeostat.controller import KindController, LogFields
from homeostat.errors import ConfigError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster import LocalCluster
from homeostat.manager import Manager, install_crds

__all__ = ["run_demo"]

LIMIT = 10.0  # seconds in which each step must converge
PAUSE = 0.35  # seconds between steps on a terminal, so that eyes can follow
# What hangs below the owned objects of most operators.
_BELOW = (apps_v1.ReplicaSet, core_v1.Pod)


def run_demo(file: Path) -> bool:
    """Play the scenario for an operator; return whether every step converged.

    Raises:
        ConfigError: The file defines no operator, or has no sample beside it.
    """
    found = load([file])
    document = _sample_of(file)
    with asyncio.Runner() as runner:
        return runner.run(_play(found, document))


def _sample_of(file: Path) -> dict[str, Any]:
    folder = file.parent / "manifests"
    for path in sorted(folder.glob("*.yaml")):
        for document in _yaml.load_all(path.read_text()):
            if isinstance(document, dict):
                return cast("dict[str, Any]", document)
    raise ConfigError(f"the demo needs a sample object: no *.yaml in {folder}")


async def _play(found: Found, document: dict[str, Any]) -> bool:
    operator = _operator_of(found, document)
    cluster = LocalCluster()
    counting = _Counting(cluster.server.transport())
    async with (
        Client(counting) as client,
        cluster.client() as meddler,
        Group() as tasks,
    ):
        running = tasks.start(cluster.run(), name="demo/cluster")
        sample = Sample(
            document=document,
            resource=_resource_of(operator),
            owned=tuple(kind_of(kind) for kind in operator.declaration.options.owns),
        )
        manager = Manager(
            controllers=found.controllers, client=client, drain_timeout=0.0
        )

        async def start(admin: Client) -> None:
            await install_crds(admin, found.resources)
            managing.append(tasks.start(manager.run(), name="demo/operator"))
            await manager.wait_ready()

        managing: list[asyncio.Task[None]] = []
        show = _Show(sample, counting, {c.name for c in found.controllers})
        converged = await show.run(meddler, install_step(start), steps_for(sample))
        for task in (*managing, running):
            task.cancel()
    return converged


def _operator_of(found: Found, document: dict[str, Any]) -> KindController[Any]:
    wanted = kind_of(document)
    for each in found.controllers:
        if each.declaration.options.gvk == wanted:
            return each
    raise ConfigError(f"no controller reconciles {wanted}, the kind of the sample")


def _resource_of(operator: KindController[Any]) -> Resource:
    kind = operator.declaration.options.kind
    if isinstance(kind, GroupVersionKind):
        raise ConfigError(f"the demo needs a @custom_resource class, {kind} is none")
    return kind.__resource__


@final
class _Counting:
    """Counts what an operator asks of the API server."""

    def __init__(self, target: Transport) -> None:
        self._target = target
        self.writes = 0
        self.reads = 0

    async def request(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            self.reads += 1
        else:
            self.writes += 1
        return await self._target.request(request)

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        async with self._target.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        await self._target.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the summary."""

    title: str
    seconds: float
    reconciles: int
    writes: int
    reads: int
    missing: str = ""


@final
class _Show(logging.Handler):
    """Plays the steps and shows what happens, as it happens."""

    def __init__(
        self, sample: Sample, counting: _Counting, controllers: set[str]
    ) -> None:
        super().__init__()
        self.addFilter(LogFields())
        self._sample = sample
        self._counting = counting
        self._controllers = controllers
        self._reconciles = 0
        self._changed = asyncio.Event()
        self._informers: list[Informer[Any]] = []
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._family: set[str] = set()
        self._began = 0.0

    async def run(self, client: Client, first: Step, steps: Sequence[Step]) -> bool:
        """Play the steps; return whether all of them converged.

        Args:
            client: The third party's.
            first: Makes the kinds known that are watched from then on.
            steps: The others.
        """
        log = logging.getLogger("homeostat")
        log.addHandler(self)
        log.setLevel(logging.INFO)
        log.propagate = False
        try:
            self._began = asyncio.get_running_loop().time()
            with self._live:
                rows = [await self._step(first, client)]
                async with self._watching(client):
                    rows += [await self._step(step, client) for step in steps]
            took = asyncio.get_running_loop().time() - self._began
        finally:
            log.removeHandler(self)
            log.propagate = True
        self._summarise(rows, took)
        return not any(row.missing for row in rows)

    @asynccontextmanager
    async def _watching(self, client: Client) -> AsyncGenerator[None]:
        informers = InformerFactory(client)
        kinds = [
            self._sample.kind,
            *self._sample.owned,
            *(kind_of(kind) for kind in _BELOW),
        ]
        for kind in dict.fromkeys(kinds):
            informer = informers.informer(kind)
            informer.add_handler(lambda _: self._changed.set(), name="demo")
            self._informers.append(informer)
        async with Group() as tasks:
            running = tasks.start(informers.run(), name="demo/informers")
            await informers.wait_synced()
            yield
            running.cancel()

    async def _step(self, step: Step, client: Client) -> _Row:
        loop = asyncio.get_running_loop()
        if self._console.is_terminal:
            await asyncio.sleep(PAUSE)
        self._print(Text(step.title, style="bold cyan"))
        before = (self._reconciles, self._counting.writes, self._counting.reads)
        began = loop.time()
        await step.act(client)
        missing = await self._converge(step, began + LIMIT)
        took = loop.time() - began
        if missing:
            self._print(Text(f"  not converged in {LIMIT:g} s: {missing}", "red"))
        else:
            self._print(Text(f"  converged in {took * 1000:.0f} ms", "green"))
        if tree := self._tree():
            self._print(render(tree))
        return _Row(
            title=step.title,
            seconds=took,
            reconciles=self._reconciles - before[0],
            writes=self._counting.writes - before[1],
            reads=self._counting.reads - before[2],
            missing=missing,
        )

    async def _converge(self, step: Step, deadline: float) -> str:
        while missing := step.missing(self._tree()) or self._orphans():
            self._refresh()
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                break
        self._refresh()
        return missing

    def _objects(self) -> list[dict[str, Any]]:
        records = [r for i in self._informers for r in i.indexer.records()]
        return [_named(r.object, r.gvk.kind) for r in records]

    def _tree(self) -> Node | None:
        """Return the sample and what it owns, None when it is gone."""
        objects = self._objects()
        wanted = (self._sample.kind.kind, self._sample.namespace, self._sample.name)
        for item in objects:
            meta = item["metadata"]
            if (item["kind"], meta.get("namespace", ""), meta["name"]) == wanted:
                tree = build_tree(item, objects)
                self._family |= {n.object["metadata"]["uid"] for n in tree.walk()}
                return tree
        return None

    def _orphans(self) -> str:
        """Say what is left of the family once its head is gone."""
        objects = self._objects()
        family = [o for o in objects if o["metadata"]["uid"] in self._family]
        if any(o["kind"] == self._sample.kind.kind for o in family):
            return ""
        return f"{len(family)} objects are left" if family else ""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a reconcile of the operator, and every warning."""
        controller = getattr(record, "controller", "")
        if controller not in self._controllers:
            return
        if hasattr(record, "reasons"):
            self._reconciles += 1
            self._print(self._reconciled(record, controller))
        elif record.levelno >= logging.WARNING:
            self._print(Text(f"  {record.getMessage()}", "red"))

    def _reconciled(self, record: logging.LogRecord, controller: str) -> Text:
        writes: int = getattr(record, "writes", 0)
        outcome: str = getattr(record, "outcome", "")
        line = Text("  ")
        line.append(f"{self._elapsed():6.3f}s ", "dim")
        line.append(controller, "bold")
        line.append(f" {outcome}", "green" if outcome == "success" else "yellow")
        line.append(
            f"  {writes} write{'s' if writes != 1 else ' '}",
            "cyan" if writes else "dim",
        )
        line.append(f"  {summarise(getattr(record, 'reasons', ()))}", "dim")
        return line

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    def _print(self, line: Any) -> None:  # noqa: ANN401 -- whatever rich renders
        self._console.print(line, no_wrap=True, overflow="ellipsis", crop=True)

    def _refresh(self) -> None:
        if self._console.is_terminal:
            tree = self._tree()
            self._live.update(
                Renderables(render(tree)) if tree else Text(""), refresh=True
            )

    def _summarise(self, rows: list[_Row], took: float) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("step")
        for name in ("converged in", "reconciles", "writes", "reads"):
            table.add_column(name, justify="right")
        for row in rows:
            time = f"{row.seconds * 1000:.0f} ms" if not row.missing else "never"
            table.add_row(
                row.title,
                time,
                str(row.reconciles),
                str(row.writes),
                str(row.reads),
                style="red" if row.missing else "",
            )
        table.add_row(
            "all",
            f"{took:.2f} s",
            str(sum(r.reconciles for r in rows)),
            str(sum(r.writes for r in rows)),
            str(sum(r.reads for r in rows)),
            style="bold",
        )
        self._console.print()
        self._console.print(table)


def summarise(reasons: Sequence[str]) -> str:
    """Return reasons in few words: ``Pod web-x changed`` twice is ``2 Pods changed``.

    A reason ends in what happened, and begins with the kind that it happened to.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        kind, _, rest = reason.partition(" ")
        _, _, verb = rest.rpartition(" ")
        groups.setdefault((kind, verb), []).append(reason)
    return ", ".join(
        same[0] if len(same) == 1 else f"{len(same)} {kind}s {verb}"
        for (kind, verb), same in groups.items()
    )


def _named(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give an object its kind; lists of some servers leave it out."""
    item.setdefault("kind", kind)
    return item
