"""What a simulated pod lives through, when it is more than to start and stay up.

A life is given by annotations of the pod, so that a template or ``kubectl annotate``
can set it on any server, or by a function in Python.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from homeostat.api import controller_of
from homeostat.apiserver import Finished

if TYPE_CHECKING:  # the class takes 10 ms to make, which a start need not wait for
    from homeostat.k8s import core_v1

__all__ = ["PodLife", "PodLives", "life_of"]

Commands = Callable[[Sequence[str]], Finished | None]

PREFIX: Final = "homeostat.dev/"
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h))")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLife:
    """The script of a simulated pod; all its containers follow it.

    Durations are in seconds. Each field is also an annotation of the pod, as
    ``homeostat.dev/exit-code: "1"``, with durations as ``500ms`` and ``1m30s``;
    annotations win over what a function gives.

    Attributes:
        start_delay: From the binding to running; None for the cluster's own.
        missing_images: Images that cannot be pulled: a container that names one waits
            with ErrImagePull, then ImagePullBackOff, until its image changes.
        ready: False keeps the pod from ever becoming ready, or ends its readiness.
        ready_delay: From running to ready.
        exit_code: What the containers exit with; None runs on. By the restartPolicy the
            pod then succeeds, fails, or is started again: at once the first time, then
            after ``restart_delay``, twice that, and so on, in CrashLoopBackOff.
        run_for: From running to the exit.
        restart_delay: First back-off of a crash loop; doubling it ends at 300 s.
        evict_after: From running to an eviction by the node; None for never.
        log: What each container prints when it starts.
        commands: What ``kubectl exec`` finds: output by command line, as
            ``{"hostname": "web-0"}``, or a function of the command's words; None
            from it, or a command that is not named, fails as one that is not there.

    Raises:
        ValueError: A duration is negative, or ``restart_delay`` is 0.
    """

    start_delay: float | None = None
    missing_images: Collection[str] = ()
    ready: bool = True
    ready_delay: float = 0.0
    exit_code: int | None = None
    run_for: float = 0.0
    restart_delay: float = 10.0
    evict_after: float | None = None
    log: str = ""
    commands: Mapping[str, str] | Commands | None = None

    def __post_init__(self) -> None:
        times = (self.start_delay, self.ready_delay, self.run_for, self.evict_after)
        if any(each is not None and each < 0 for each in times):
            raise ValueError("a duration of a PodLife is negative")
        if self.restart_delay <= 0:
            raise ValueError("restart_delay must be more than 0: the loop would be hot")


PodLives = Callable[["core_v1.Pod"], PodLife | None]
"""Gives a pod its life; None for the usual one. It is asked again on each change."""


def life_of(pod: "core_v1.Pod", lives: PodLives | None = None) -> PodLife:
    """Return the life of a pod: what its annotations say, then ``lives``, then usual.

    Usual is to run for ever, and for a Job's pod to succeed at once.

    Raises:
        ValueError: An annotation says nothing that can be understood.
    """
    given = lives(pod) if lives else None
    if given is None:
        given = PodLife(exit_code=0) if _is_jobs(pod) else PodLife()
    said = _annotated(pod.metadata.annotations)
    return replace(given, **said) if said else given


def _is_jobs(pod: "core_v1.Pod") -> bool:
    owner = controller_of(pod)
    return owner is not None and owner.kind == "Job"


def _annotated(annotations: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, (field, parse) in _ANNOTATIONS.items():
        text = annotations.get(PREFIX + name)
        if text is None:
            continue
        try:
            said[field] = parse(text)
        except ValueError as error:
            raise ValueError(f"annotation {PREFIX}{name}: {error}") from None
    return said


def _seconds(text: str) -> float:
    if text == "0":
        return 0.0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration: write 500ms, 2s or 1m30s")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _code(text: str) -> int:
    if not text.isdecimal() or int(text) > 255:
        raise ValueError(f"{text!r} is no exit code: write 0 to 255")
    return int(text)


def _outputs(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise ValueError(f"no JSON object of outputs by command: {error}") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, text.split(",")) if name)


_ANNOTATIONS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "start-delay": ("start_delay", _seconds),
    "missing-images": ("missing_images", _names),
    "ready": ("ready", _truth),
    "ready-delay": ("ready_delay", _seconds),
    "exit-code": ("exit_code", _code),
    "run-for": ("run_for", _seconds),
    "restart-delay": ("restart_delay", _seconds),
    "evict-after": ("evict_after", _seconds),
    "log": ("log", str),
    "commands": ("commands", _outputs),
}
