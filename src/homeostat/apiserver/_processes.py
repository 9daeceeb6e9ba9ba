"""What runs in pods, as far as the API shows it: whoever simulates them tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Finished", "LogLine", "Processes"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a container printed.

    Attributes:
        time: When, as metadata has times.
        text: The line, without its end.
    """

    time: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that has ended.

    Attributes:
        exit_code: 0 for success.
        stdout: What it printed.
        stderr: What it complained of.
    """

    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""


class Processes(Protocol):
    """What a kubelet tells of the containers of its pods.

    Pods are decoded objects, not to be changed.
    """

    def log(
        self, pod: dict[str, Any], container: str, *, previous: bool
    ) -> Sequence[LogLine] | None:
        """Return what a container has printed since its start.

        Args:
            pod: The pod, bound to a node.
            container: One of its containers.
            previous: Of the run before the present one.

        Returns:
            None when there was no such run.
        """
        ...

    def execute(
        self, pod: dict[str, Any], container: str, command: Sequence[str]
    ) -> Finished | None:
        """Run a command in a container; None when nothing there can run it."""
        ...
