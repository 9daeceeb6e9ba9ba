from collections.abc import Sequence
from typing import Any

from homeostat.apiserver import Finished
from homeostat.localcluster import PodLife
from homeostat.localcluster._processes import SimulatedProcesses

T1, T2, T3 = (f"2026-01-01T00:00:0{n}Z" for n in (1, 2, 3))
CRASHED = {"terminated": {"exitCode": 3, "startedAt": T1, "finishedAt": T2}}


def pod(state: Any, last: Any = None) -> dict[str, Any]:
    status: Any = {"name": "c", "image": "b", "state": state, "lastState": last or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "status": {"containerStatuses": [status]},
    }


def log(item: dict[str, Any], *, previous: bool = False) -> list[str] | None:
    processes = SimulatedProcesses(lambda _: PodLife(log="hello"))
    lines = processes.log(item, "c", previous=previous)
    return None if lines is None else [f"{x.time[-3:-1]} {x.text}" for x in lines]


RUNS = "simulated container c of b runs"
EXITS = "simulated container c exits with 3"


def test_log_is_that_of_the_run_there_is() -> None:
    running = {"running": {"startedAt": T3}}
    assert log(pod(running, CRASHED)) == [f"03 {RUNS}", "03 hello"]
    ended = [f"01 {RUNS}", "01 hello", f"02 {EXITS}"]
    assert log(pod(running, CRASHED), previous=True) == ended
    assert log(pod(CRASHED)) == ended


def test_container_that_waits_shows_its_last_run() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert log(pod(waiting, CRASHED)) == [f"01 {RUNS}", "01 hello", f"02 {EXITS}"]
    assert log(pod(waiting)) is None
    assert log(pod({"running": {"startedAt": T1}}), previous=True) is None


def run(commands: Any, *words: str) -> Finished | None:
    processes = SimulatedProcesses(lambda _: PodLife(commands=commands))
    return processes.execute(pod({}), "c", words)


def test_commands_are_looked_up_or_called() -> None:
    assert run(None, "ls") is None
    assert run({"ls -l": "x"}, "ls", "-l") == Finished(stdout=b"x")
    lost = run({"ls -l": "x"}, "ls")
    assert lost is not None
    assert lost.exit_code == 127

    def script(command: Sequence[str]) -> Finished | None:
        return Finished(exit_code=len(command)) if command[0] == "ls" else None

    assert run(script, "ls", "a", "b") == Finished(exit_code=3)
    lost = run(script, "cat")
    assert lost is not None
    assert lost.stderr == b"cat: not found in the pod's script\n"
