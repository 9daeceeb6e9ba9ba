"""``homeostat.run`` in a process of its own, stopped by signals."""

import asyncio
import signal
import subprocess
import sys
import textwrap

import pytest

from homeostat import Client, Context, controller, run
from homeostat._until_signal import run_until_signal
from homeostat.api import ObjectMeta
from homeostat.apiserver import ApiServer
from homeostat.errors import ConfigError
from homeostat.k8s import core_v1

SCRIPT = """
    import asyncio, sys
    import homeostat
    from homeostat.api import GroupVersionKind
    from homeostat.apiserver import ApiServer
    from homeostat.manager import Manager, _run

    STUBBORN = "stubborn" in sys.argv
    server = ApiServer()

    @homeostat.controller(GroupVersionKind("", "v1", "Namespace"), name="names")
    async def names(found, ctx):
        print("reconciling", found["metadata"]["name"], flush=True)
        if STUBBORN:
            await asyncio.sleep(60)

    # The cluster in this process stands in for one behind a kubeconfig.
    homeostat.run(names, config=server.transport())
    print("stopped in order", flush=True)
"""


def test_it_watches_the_namespaces_that_it_is_given() -> None:
    seen: list[str] = []

    @controller(core_v1.ConfigMap, name="maps")
    async def maps(found: core_v1.ConfigMap, _ctx: Context) -> None:
        seen.append(found.metadata.namespace)
        signal.raise_signal(signal.SIGTERM)

    server = ApiServer()

    async def fill() -> None:
        async with Client(server.transport()) as client:
            for namespace in ("default", "kube-system"):
                meta = ObjectMeta(name="a", namespace=namespace)
                await client.create(core_v1.ConfigMap(metadata=meta))

    asyncio.run(fill())
    run(maps, config=server.transport(), namespaces=["kube-system"])
    assert seen == ["kube-system"]


def test_it_serves_its_health_where_it_is_told_to() -> None:
    @controller(core_v1.ConfigMap, name="maps")
    async def maps(_found: core_v1.ConfigMap, _ctx: Context) -> None:
        pass

    with pytest.raises(ConfigError, match="cannot listen on 256"):
        run(maps, config=ApiServer().transport(), health_address="256.0.0.1:1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_handlers_of_before_are_there_again_after_it(number: signal.Signals) -> None:
    async def main() -> None:
        signal.raise_signal(number)
        await asyncio.sleep(10)

    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    run_until_signal(main)
    assert [
        signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)
    ] == before


def start(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("reconciling")
    return process


def test_a_signal_stops_it_in_order() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert "stopped in order" in out
        assert process.returncode == 0
        assert f"stopping on {number.name}" in err
        assert "Traceback" not in err


def test_a_second_signal_ends_it_at_once() -> None:
    process = start("stubborn")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    while "stopping on SIGTERM" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == -signal.SIGTERM
