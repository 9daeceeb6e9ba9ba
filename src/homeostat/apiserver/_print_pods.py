"""How pods are shown.

A pod's status cell tells the first thing that its reader has to know: what keeps it
from being initialised, else what is wrong with one of its containers, else its phase.

Source: kubernetes ``pkg/printers/internalversion.printPod``.
"""

from collections.abc import Sequence
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import AGE, NAME, Printer, texts, wide
from homeostat.apiserver._print_text import (
    NONE,
    Ages,
    containers,
    labels,
    name_of,
    some,
)

__all__ = ["PRINTERS"]

Value = dict[str, Any]

_GATED = "SchedulingGated"
_UNREACHABLE = "NodeLost"


class _Restarts:
    """Counts restarts, and remembers when the last one was."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def add(self, container: Value) -> None:
        self.count += container.get("restartCount") or 0
        ended = child(child(container, "lastState"), "terminated").get("finishedAt")
        # Times of the wire sort as texts.
        self.last = max(self.last, ended or "")

    def cell(self, ages: Ages) -> str:
        if self.count and self.last:
            return f"{self.count} ({ages.since(self.last)} ago)"
        return str(self.count)


class _Reading:
    """What the status of one pod says."""

    __slots__ = ("_pod", "_sidecars", "_spec", "_status", "ready", "reason", "restarts")

    def __init__(self, pod: Value) -> None:
        self._pod = pod
        self._spec = child(pod, "spec")
        self._status = child(pod, "status")
        self._sidecars = {
            each.get("name")
            for each in items(self._spec, "initContainers")
            if each.get("restartPolicy") == "Always"
        }
        self.ready = 0
        self.restarts = _Restarts()
        self.reason: str = self._status.get("reason") or self._status.get("phase") or ""
        for condition in items(self._status, "conditions"):
            if (condition["type"], condition.get("reason")) == ("PodScheduled", _GATED):
                self.reason = _GATED
        waiting = self._initialise()
        if not waiting or self._has("Initialized"):
            self._run()
        self._end()

    @property
    def total(self) -> int:
        """How many containers are to be ready."""
        return len(items(self._spec, "containers")) + len(self._sidecars)

    def _has(self, condition: str) -> bool:
        found = items(self._status, "conditions")
        return any(c["type"] == condition and c["status"] == "True" for c in found)

    def _initialise(self) -> bool:
        """Read the init containers; tell whether one of them is waited for."""
        sidecars = _Restarts()
        waiting = False
        for index, container in enumerate(items(self._status, "initContainerStatuses")):
            sidecar = container.get("name") in self._sidecars
            self.restarts.add(container)
            if sidecar:
                sidecars.add(container)
            ended = _terminated(container)
            if ended is not None and not ended.get("exitCode"):
                continue
            if sidecar and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            self.reason = f"Init:{self._init_reason(index, container)}"
            waiting = True
            break
        if not waiting or self._has("Initialized"):
            self.restarts = sidecars
        return waiting

    def _init_reason(self, index: int, container: Value) -> str:
        ended = _terminated(container)
        if ended is not None:
            return _ended(ended)
        waits = child(child(container, "state"), "waiting").get("reason")
        if waits and waits != "PodInitializing":
            return str(waits)
        return f"{index}/{len(items(self._spec, 'initContainers'))}"

    def _run(self) -> None:
        """Read the containers; of several reasons the first container's counts."""
        running = False
        failed = ""
        for container in reversed(items(self._status, "containerStatuses")):
            self.restarts.add(container)
            state = child(container, "state")
            waits = child(state, "waiting").get("reason")
            ended = _terminated(container)
            if waits:
                self.reason = waits
            elif ended is not None:
                self.reason = _ended(ended)
                if ended.get("exitCode"):
                    failed = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            self._completed(failed, running=running)

    def _completed(self, failed: str, *, running: bool) -> None:
        """One container is done: the others tell what the pod is."""
        if running and self._has("Ready"):
            self.reason = "Running"
        elif failed:
            self.reason = failed
        elif running:
            self.reason = "NotReady"

    def _end(self) -> None:
        if not self._pod["metadata"].get("deletionTimestamp"):
            return
        if self._status.get("reason") == _UNREACHABLE:
            self.reason = "Unknown"
        elif self._status.get("phase") not in ("Succeeded", "Failed"):
            self.reason = "Terminating"


def _terminated(container: Value) -> Value | None:
    found: Value | None = child(container, "state").get("terminated")
    return found


def _ended(terminated: Value) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _pod(value: Value, ages: Ages) -> list[JSON]:
    reading = _Reading(value)
    spec, status = child(value, "spec"), child(value, "status")
    addresses = items(status, "podIPs")
    return [
        name_of(value),
        f"{reading.ready}/{reading.total}",
        reading.reason,
        reading.restarts.cell(ages),
        ages.of(value),
        some(addresses[0].get("ip") if addresses else None),
        some(spec.get("nodeName")),
        some(status.get("nominatedNodeName")),
        _gates(items(spec, "readinessGates"), items(status, "conditions")),
    ]


def _gates(gates: Sequence[Value], conditions: Sequence[Value]) -> str:
    if not gates:
        return NONE
    known = {c["type"]: c["status"] for c in reversed(conditions)}
    passed = sum(known.get(gate["conditionType"]) == "True" for gate in gates)
    return f"{passed}/{len(gates)}"


_ENDS = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


def _conditions(value: Value) -> JSON:
    phase = child(value, "status").get("phase", "")
    message = _ENDS.get(phase)
    if message is None:
        return None
    row = {"type": "Completed", "status": "True", "reason": phase, "message": message}
    return [row]


def _pod_template(value: Value, _: Ages) -> list[JSON]:
    template = child(value, "template")
    shown = labels(child(template, "metadata").get("labels"))
    return [name_of(value), *containers(template), some(shown)]


PRINTERS = {
    ("", "pods"): Printer(
        (
            NAME,
            *texts("Ready", "Status", "Restarts"),
            AGE,
            *wide("IP", "Node", "Nominated Node", "Readiness Gates"),
        ),
        _pod,
        _conditions,
    ),
    ("", "podtemplates"): Printer(
        (NAME, *texts("Containers", "Images", "Pod Labels")), _pod_template
    ),
}
