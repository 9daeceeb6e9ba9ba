"""Commands in pods, and what else needs a process: attach and port-forward.

Source: kubernetes ``pkg/registry/core/pod`` and ``k8s.io/streaming`` for the frames.
"""

from collections.abc import Iterator
from typing import Final

from homeostat._transport import HttpResponse
from homeostat.apiserver._access import child
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._options import parameters, text_of
from homeostat.apiserver._pod_logs import container_of
from homeostat.apiserver._processes import Finished
from homeostat.apiserver._status import bad_request, json_bytes, method_not_allowed

__all__ = ["PROTOCOLS", "execute", "frames", "refuse"]

# Newest first; they differ in how a client closes its input, which nothing here reads.
PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _ERROR = 1, 2, 3
_FRAME_BYTES: Final = 32 * 1024


def execute(cluster: Cluster, target: Target) -> Finished:
    """Run the command of an exec in its container.

    Raises:
        StatusError: There is no such pod or container, or nothing runs in it.
    """
    values = parameters(target.request.query)
    pod = target.existing().value
    container = container_of(pod, text_of(values, "container"))
    _check_host(target, pod)
    command = values.get("command", [])
    if cluster.processes is not None:
        found = cluster.processes.execute(pod, container, command)
        if found is not None:
            return found
    raise bad_request(
        "exec is not supported by simulated pods, unless they are given a script: set "
        "the annotation homeostat.dev/commands of pod "
        f'{target.route.name}, as {{"hostname": "{target.route.name}\\n"}}'
    )


def refuse(cluster: Cluster, target: Target) -> HttpResponse:
    """Refuse what needs a process, or another connection than it came by.

    Raises:
        StatusError: Always; it says why.
    """
    if target.request.method not in ("GET", "POST"):
        raise method_not_allowed()
    what = target.route.subresource
    if what == "exec":
        execute(cluster, target)
        raise bad_request("exec needs a WebSocket: kubectl from 1.31 on opens one")
    pod = target.existing().value
    if what == "attach":
        container_of(pod, text_of(parameters(target.request.query), "container"))
    _check_host(target, pod)
    shown = "port-forward" if what == "portforward" else what
    raise bad_request(
        f"{shown} is not supported by simulated pods: no container runs in them"
    )


def frames(finished: Finished) -> Iterator[bytes]:
    """Return the messages that tell a client of a command, by channel."""
    for channel, output in ((_STDOUT, finished.stdout), (_STDERR, finished.stderr)):
        for start in range(0, len(output), _FRAME_BYTES):
            yield bytes([channel]) + output[start : start + _FRAME_BYTES]
    code = finished.exit_code
    status: dict[str, object] = {"metadata": {}, "status": "Success"}
    if code:
        status = {
            "metadata": {},
            "status": "Failure",
            "message": "command terminated with non-zero exit code: exit status "
            f"{code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }
    yield bytes([_ERROR]) + json_bytes(status)


def _check_host(target: Target, pod: dict[str, object]) -> None:
    if not child(pod, "spec").get("nodeName"):
        raise bad_request(f"pod {target.route.name} does not have a host assigned")
