"""Logs of pods: who is asked, what of it, and how a log is followed.

Source: kubernetes ``pkg/registry/core/pod`` and ``ValidatePodLogOptions``.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._access import child, items
from homeostat.apiserver._context import Cluster, Target, timestamp
from homeostat.apiserver._options import flag_of, number_of, parameters, text_of
from homeostat.apiserver._processes import LogLine, Processes
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    invalid,
    method_not_allowed,
)
from homeostat.schema import FieldError

__all__ = ["LogStream", "container_of", "follows", "open_log", "read_log"]

PLAIN: Final = {"content-type": "text/plain"}
_NOTHING: Final = HttpResponse(status=204)
_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
# A log that is followed is looked at again after each change of the cluster, or so.
LOOK_EVERY: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Parameters of a log, checked."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: str = ""
    tail: int | None = None
    limit: int | None = None


def follows(target: Target) -> bool:
    """Tell whether a request asks for a log that goes on."""
    route, request = target.route, target.request
    if route.subresource != "log" or request.method != "GET":
        return False
    return bool(flag_of(parameters(request.query), "follow"))


def read_log(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer with what a container has printed so far.

    Raises:
        StatusError: There is no such pod, container or run, or no way to ask for it.
    """
    if target.request.method != "GET":
        raise method_not_allowed()
    log = _find(cluster, target)
    if log is None:
        return _NOTHING
    body = log.body(log.lines())
    return HttpResponse(status=200, headers=PLAIN, body=body)


def open_log(cluster: Cluster, target: Target) -> "LogStream | HttpResponse":
    """Open a log that is followed.

    Raises:
        StatusError: As ``read_log``.
    """
    log = _find(cluster, target)
    if log is None:
        return _NOTHING
    log.lines()  # refuses what cannot be read before the answer begins
    return LogStream(cluster, log)


def container_of(pod: dict[str, Any], name: str) -> str:
    """Return the container that a request means.

    Raises:
        StatusError: 400, it names none, or one that the pod does not have.
    """
    spec = child(pod, "spec")
    names = [each["name"] for kind in _LISTS for each in items(spec, kind)]
    pod_name = pod["metadata"]["name"]
    if name:
        if name in names:
            return name
        raise bad_request(f"container {name} is not valid for pod {pod_name}")
    mains = [each["name"] for each in items(spec, "containers")]
    if len(mains) == 1:
        return str(mains[0])
    asked = f"a container name must be specified for pod {pod_name}"
    raise bad_request(f"{asked}, choose one of: [{' '.join(names)}]")


@dataclass(frozen=True, slots=True)
class _Log:
    """One container's log, and what is asked of it."""

    processes: Processes
    target: Target
    container: str
    options: LogOptions

    def pod(self) -> dict[str, Any] | None:
        live = self.target.live
        return None if live is None else live.value

    def lines(self) -> Sequence[LogLine]:
        """Return what there is now.

        Raises:
            StatusError: The container has not started, or has no run before.
        """
        pod = self.pod()
        if pod is None:
            return ()
        previous = self.options.previous
        found = self.processes.log(pod, self.container, previous=previous)
        if found is None:
            raise self._missing(pod)
        return [line for line in found if line.time >= self.options.since]

    def _missing(self, pod: dict[str, Any]) -> StatusError:
        where = f'container "{self.container}" in pod "{self.target.route.name}"'
        if self.options.previous:
            return bad_request(f"previous terminated {where} not found")
        reason = waiting_reason(pod, self.container)
        return bad_request(f"{where} is waiting to start: {reason}")

    def body(self, lines: Sequence[LogLine], *, more: bool = False) -> bytes:
        """Return lines as they are sent; ``more`` are those after the first ones."""
        tail = self.options.tail
        if tail is not None and not more:
            lines = lines[len(lines) - min(tail, len(lines)) :]
        stamped = self.options.timestamps
        texts = [f"{x.time} {x.text}\n" if stamped else f"{x.text}\n" for x in lines]
        return "".join(texts).encode()[: self.options.limit]


@final
class LogStream:
    """A log that is followed until its container ends; an ``HttpStream``.

    Cancellation: nothing is held.
    """

    status = 200
    headers: Mapping[str, str] = PLAIN

    def __init__(self, cluster: Cluster, log: _Log) -> None:
        self._store = cluster.store
        self._log = log
        self._open = True

    def close(self) -> None:
        """End the stream after what has been printed."""
        self._open = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over what is printed, from the beginning on."""
        sent = 0
        left = self._log.options.limit
        while True:
            over = not self._open or self._has_ended()
            try:
                lines = self._log.lines()
            except StatusError:
                return  # started anew, and waiting for it
            chunk = self._log.body(lines[sent:], more=sent > 0)
            if left is not None:
                chunk = chunk[:left]
                left -= len(chunk)
            sent = len(lines)
            if chunk:
                yield chunk
            if over or left == 0:
                return
            await self._store.changed(asyncio.get_running_loop().time() + LOOK_EVERY)

    def _has_ended(self) -> bool:
        pod = self._log.pod()
        if pod is None or self._log.options.previous:
            return True
        state = _state(pod, self._log.container)
        return "running" not in state


def _find(cluster: Cluster, target: Target) -> _Log | None:
    """Return the log that is asked for, None for that of a pod without a node."""
    options = _options(cluster, target.request, target.route.name)
    pod = target.existing().value
    container = container_of(pod, options.container)
    if not child(pod, "spec").get("nodeName"):
        return None
    processes = cluster.processes
    if processes is None:
        raise bad_request(
            f"no kubelet answers for pod {target.route.name}: this server runs without "
            "nodes, so its pods print nothing"
        )
    return _Log(processes, target, container, options)


def waiting_reason(pod: dict[str, Any], container: str) -> str:
    """Return what a container waits for before its start."""
    waiting = child(_state(pod, container), "waiting")
    return str(waiting.get("reason") or "ContainerCreating")


def _state(pod: dict[str, Any], container: str) -> dict[str, Any]:
    status = child(pod, "status")
    for kind in ("containerStatuses", "initContainerStatuses"):
        for each in items(status, kind):
            if each.get("name") == container:
                return child(each, "state")
    return {}


def _options(cluster: Cluster, request: HttpRequest, name: str) -> LogOptions:
    values = parameters(request.query)
    since, seconds = text_of(values, "sinceTime"), number_of(values, "sinceSeconds")
    options = LogOptions(
        container=text_of(values, "container"),
        follow=bool(flag_of(values, "follow")),
        previous=bool(flag_of(values, "previous")),
        timestamps=bool(flag_of(values, "timestamps")),
        since=_moment(since),
        tail=number_of(values, "tailLines"),
        limit=number_of(values, "limitBytes"),
    )
    errors = list(_errors(options, seconds))
    if "stream" in values:
        detail = "may not be specified"
        errors.append(FieldError("FieldValueForbidden", "stream", None, detail))
    if errors:
        raise invalid("", "PodLogOptions", name, errors)
    if seconds is None:
        return options
    start = cluster.clock.now() - timedelta(seconds=seconds)
    return replace(options, since=timestamp(start))


def _errors(options: LogOptions, seconds: int | None) -> list[FieldError]:
    errors: list[FieldError] = []

    def refuse(field: str, value: int, detail: str) -> None:
        errors.append(FieldError("FieldValueInvalid", field, value, detail))

    if options.tail is not None and options.tail < 0:
        refuse("tailLines", options.tail, "must be greater than or equal to 0")
    if options.limit is not None and options.limit < 1:
        refuse("limitBytes", options.limit, "must be greater than 0")
    if seconds is not None and options.since:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(FieldError("FieldValueForbidden", "[]", None, detail))
    elif seconds is not None and seconds < 1:
        refuse("sinceSeconds", seconds, "must be greater than 0")
    return errors


def _moment(given: str) -> str:
    """Return a time in the form that metadata has, "" for none.

    Raises:
        StatusError: 400, it is none.
    """
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        raise bad_request(
            f'parsing time "{given}" as "{layout}": cannot parse "{given}" as "2006"'
        ) from None
    return timestamp(moment.astimezone(UTC))
