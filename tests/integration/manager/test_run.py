"""``homeostat.run`` in a process of its own, stopped by signals."""

import signal
import subprocess
import sys
import textwrap

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
