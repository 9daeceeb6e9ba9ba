"""What the containers of simulated pods print, and what commands in them answer."""

from collections.abc import Sequence
from typing import Any, final

from homeostat.api import from_dict
from homeostat.apiserver import Finished, LogLine
from homeostat.k8s import core_v1
from homeostat.localcluster._pod_life import PodLife, PodLives, life_of

__all__ = ["SimulatedProcesses"]


@final
class SimulatedProcesses:
    """Tells from a pod's status and its life what ran in it; keeps nothing.

    Args:
        lives: Gives pods their lives.
    """

    def __init__(self, lives: PodLives | None = None) -> None:
        self._lives = lives

    def log(
        self, pod: dict[str, Any], container: str, *, previous: bool
    ) -> Sequence[LogLine] | None:
        """Return what a container has printed; None when it did not run."""
        typed = from_dict(core_v1.Pod, pod)
        status = typed.status
        found = [*status.container_statuses, *status.init_container_statuses]
        state = next((each for each in found if each.name == container), None)
        if state is None:
            return None
        if previous:
            run = state.last_state
        else:
            waits = state.state.waiting is not None
            run = state.last_state if waits else state.state
        return _lines(state, run, self._life(typed))

    def execute(
        self, pod: dict[str, Any], container: str, command: Sequence[str]
    ) -> Finished | None:
        """Run a command as the pod's life scripts it; None when it scripts none."""
        del container
        script = self._life(from_dict(core_v1.Pod, pod)).commands
        if script is None:
            return None
        if callable(script):
            finished = script(command)
        else:
            output = script.get(" ".join(command))
            finished = None if output is None else Finished(stdout=output.encode())
        return finished or _not_found(command)

    def _life(self, pod: core_v1.Pod) -> PodLife:
        try:
            return life_of(pod, self._lives)
        except ValueError:  # the kubelet says so in an event
            return PodLife()


def _not_found(command: Sequence[str]) -> Finished:
    said = f"{command[0] if command else ''}: not found in the pod's script\n"
    return Finished(exit_code=127, stderr=said.encode())


def _lines(
    status: core_v1.ContainerStatus, run: core_v1.ContainerState, life: PodLife
) -> list[LogLine] | None:
    ended = run.terminated
    began = ended.started_at if ended else run.running and run.running.started_at
    if not began:
        return None
    said = [f"simulated container {status.name} of {status.image} runs"]
    lines = [LogLine(str(began), text) for text in [*said, *life.log.splitlines()]]
    if ended is not None:
        text = f"simulated container {status.name} exits with {ended.exit_code}"
        lines.append(LogLine(str(ended.finished_at or began), text))
    return lines
