"""From a write to the reaction to it, on the real API server.

A Widget is created; its controller makes a ConfigMap for it; the time runs from the
moment before the create request until a watch brings the ConfigMap. One Widget at a
time; each operator is a process of its own, and they take turns. controller-runtime's
looks into its cache and creates; ours does the same, and once more with the apply that
its users would write, which is more work for the server.
"""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any

from benchmarks._programs import BUILT, ROOT
from benchmarks._widget import Widget
from benchmarks.replay._documents import DEFINITION
from homeostat._tasks import Group
from homeostat.api import ObjectMeta
from homeostat.client import ALL, Client, load_config
from homeostat.controller import Context, controller
from homeostat.k8s import core_v1
from homeostat.manager import run
from tests.harness.kube import ControlPlane

__all__ = ["REACTIONS", "operator", "react"]

# The slowest reactions are those in which the server or etcd paused; with some hundred
# instead of some thousand their number, and so the p99, was a matter of luck.
REACTIONS = 1500
WARM = 20  # not counted
SLOWEST = 10.0  # seconds until a reaction is taken to be lost


def _child(widget: Widget) -> core_v1.ConfigMap:
    meta = widget.metadata
    return core_v1.ConfigMap(
        metadata=ObjectMeta(name=meta.name, namespace=meta.namespace),
        data={"node": widget.spec.node_name},
    )


@controller(Widget, owns=[core_v1.ConfigMap], name="creates")
async def creates(widget: Widget, ctx: Context) -> None:
    """Create a ConfigMap for a Widget that has none."""
    if ctx.find(core_v1.ConfigMap, widget.metadata.name) is None:
        await ctx.create(_child(widget), owned=True)


@controller(Widget, owns=[core_v1.ConfigMap], name="applies")
async def applies(widget: Widget, ctx: Context) -> None:
    """Apply a ConfigMap for each Widget."""
    await ctx.apply(_child(widget), owned=True)


OPERATORS = {"create": creates, "apply": applies}


def operator(way: str, kubeconfig: str) -> None:
    """Run a controller until the process is ended."""
    logging.basicConfig(level=logging.WARNING)
    run(OPERATORS[way], kubeconfig=kubeconfig)


@contextmanager
def _running(*argv: str) -> Generator[None]:
    child = subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


async def _measure(kubeconfig: str, prefix: str, reactions: int) -> list[float]:
    """Return the seconds of each reaction."""
    seen: dict[str, asyncio.Event] = {}
    came: dict[str, float] = {}

    async def watch(client: Client) -> None:
        async with client.watch(core_v1.ConfigMap, namespace=ALL) as events:
            async for event in events:
                name = event.object.metadata.name
                if name in seen and name not in came:
                    came[name] = time.perf_counter()
                    seen[name].set()

    took: list[float] = []
    async with Client(load_config(kubeconfig)) as client, Group() as tasks:
        watching = tasks.start(watch(client), name="watch")
        for n in range(WARM + reactions):
            name = f"{prefix}-{n:04d}"
            seen[name] = asyncio.Event()
            widget = Widget(
                metadata=ObjectMeta(name=name, namespace="default"),
                spec=core_v1.PodSpec(node_name="n1"),
            )
            began = time.perf_counter()
            await client.create(widget)
            # The first one waits until the operator has started.
            async with asyncio.timeout(SLOWEST if n else 60.0):
                await seen[name].wait()
            if n >= WARM:
                took.append(came[name] - began)
        watching.cancel()
    return took


async def _install(kubeconfig: str) -> None:
    definition: dict[str, Any] = {
        **{k: v for k, v in DEFINITION.items() if k != "status"},
        "metadata": {"name": DEFINITION["metadata"]["name"]},
    }
    async with Client(load_config(kubeconfig)) as client:
        await client.create(definition)
        while True:
            found = await client.discover()
            if any(r.plural == "widgets" for r in found.resources):
                return
            await asyncio.sleep(0.1)


def react(rounds: int = 3, reactions: int = REACTIONS) -> dict[str, dict[str, Any]]:
    """Return milliseconds by operator: the median and the 99th percentile.

    Args:
        rounds: How often the operators take turns.
        reactions: In each turn.
    """
    took: dict[str, list[float]] = {}
    with ControlPlane() as plane:
        kubeconfig = str(plane.kubeconfig())
        asyncio.run(_install(kubeconfig))
        ours = (sys.executable, "-m", "benchmarks", "react-operator")
        operators: dict[str, tuple[str, ...]] = {
            "homeostat": (*ours, "create", "--kubeconfig", kubeconfig),
            "homeostat, apply": (*ours, "apply", "--kubeconfig", kubeconfig),
        }
        theirs = BUILT / "controller-runtime"
        if theirs.exists():
            operators["controller-runtime"] = (
                *(str(theirs), "react"),
                *("--kubeconfig", kubeconfig),
            )
        for turn in range(rounds):
            for place, (name, argv) in enumerate(operators.items()):
                prefix = f"w{place}-{turn}"
                with _running(*argv):
                    measured = asyncio.run(_measure(kubeconfig, prefix, reactions))
                took.setdefault(name, []).extend(measured)
    return {
        name: {
            "reactions": len(all_),
            "p50_ms": round(median(all_) * 1e3, 2),
            "p99_ms": round(quantiles(all_, n=100)[98] * 1e3, 2),
        }
        for name, all_ in took.items()
    }
