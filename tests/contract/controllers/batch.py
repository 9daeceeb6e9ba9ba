"""Jobs whose pods do what a test says, and pictures of them that clusters share."""

import re
from collections.abc import Sequence
from typing import Any

from homeostat.api import GroupVersionKind
from homeostat.client import Propagation
from tests.contract.controllers.events import events_of
from tests.contract.controllers.workload import POD
from tests.harness.clusters import AnyCluster

__all__ = ["JOB", "Jobs"]

Json = dict[str, Any]

JOB = GroupVersionKind("batch", "v1", "Job")
_PREFIX = "batch.kubernetes.io/"
_INDEX = f"{_PREFIX}job-completion-index"
_NOTES = ("job-index-failure-count", "job-index-ignored-failure-count")


class Jobs:
    """The Jobs of a test; no node takes their pods, so that they wait for their fate.

    A picture holds neither times nor what is random: a pod is called ``POD``.
    """

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster

    def create(self, name: str, *, pod: Json | None = None, **spec: Any) -> Json:
        """Create a Job; ``pod`` is added to the spec of its pods."""
        pod_spec = {
            "restartPolicy": "Never",
            "schedulerName": "nobody",
            "containers": [{"name": "c", "image": "busybox"}],
            **(pod or {}),
        }
        spec = {"template": {"spec": pod_spec}, **spec}
        item = {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}
        item["metadata"] = {"name": name}
        return self.cluster.call(lambda client: client.create(item))

    def patch(self, name: str, **spec: Any) -> None:
        """Change the spec of a Job."""
        patch = {"spec": spec}
        self.cluster.call(lambda client: client.patch(JOB, name, patch))

    def get(self, name: str) -> Json:
        return self.cluster.call(lambda client: client.get(JOB, name))

    def pods(self, name: str, count: int | None = None) -> Sequence[Json]:
        """Return the pods of a Job by index and age; wait until there are ``count``."""

        def found() -> Sequence[Json]:
            labels = f"{_PREFIX}job-name={name}"
            pods = self.cluster.call(lambda client: client.list(POD, labels=labels))
            assert count is None or len(pods) == count
            return sorted(pods, key=_order)

        return self.cluster.eventually(found)

    def become(
        self,
        pod: Json,
        phase: str,
        *,
        code: int | None = None,
        restarts: int = 0,
        ready: bool = False,
        condition: str = "",
    ) -> None:
        """Make a pod say how it fares."""
        state: Json = {"running": {}}
        if code is not None:
            ended = {"exitCode": code, "finishedAt": "2026-01-01T00:00:00Z"}
            state = {"terminated": ended}
        container = {
            "name": "c",
            "image": "busybox",
            "imageID": "",
            "ready": ready,
            "restartCount": restarts,
            "state": state,
        }
        status: Json = {"phase": phase, "containerStatuses": [container]}
        conditions = [
            *(["Ready"] if ready else []),
            *([condition] if condition else []),
        ]
        status["conditions"] = [{"type": each, "status": "True"} for each in conditions]
        name, patch = pod["metadata"]["name"], {"status": status}
        self.cluster.call(
            lambda client: client.patch(POD, name, patch, subresource="status")
        )

    def change_pod(self, pod: Json, **metadata: Any) -> None:
        name, patch = pod["metadata"]["name"], {"metadata": metadata}
        self.cluster.call(lambda client: client.patch(POD, name, patch))

    def delete(self, name: str, propagation: Propagation) -> None:
        self.cluster.call(
            lambda client: client.delete(JOB, name, propagation=propagation)
        )

    def delete_pod(self, pod: Json) -> None:
        name = pod["metadata"]["name"]
        self.cluster.call(lambda client: client.delete(POD, name))

    def show(self, **expected: Sequence[str]) -> None:
        """Wait until the pictures of these Jobs are as expected."""

        def check() -> None:
            found = {name: self.picture(name) for name in expected}
            wrong = [
                "\n".join([f"{name}:", *found[name], "is not:", *lines])
                for name, lines in expected.items()
                if found[name] != list(lines)
            ]
            assert not wrong, "\n".join(wrong)

        self.cluster.eventually(check)

    def picture(self, name: str) -> list[str]:
        """Return what the status of a Job says, and a line for each of its pods."""
        status = dict(self.get(name).get("status", {}))
        conditions = status.pop("conditions", [])
        uncounted = status.pop("uncountedTerminatedPods", None)
        assert not uncounted, "pods are being counted"
        times = [key for key in ("startTime", "completionTime") if status.pop(key, "")]
        numbers = [f"{key}={value}" for key, value in sorted(status.items())]
        told = [
            f"{c['type']}={c['status']} {c['reason']}: {self._plain(c['message'])}"
            for c in conditions
        ]
        pods = sorted(map(_line, self.pods(name)))
        return [" ".join([*numbers, *times]), *told, *pods]

    def events(self, name: str) -> list[str]:
        """Return what was told of a Job, sorted, each text once."""
        found = events_of(self.cluster, name, component="job-controller")
        return sorted({self._plain(text) for text in found})

    def _plain(self, text: str) -> str:
        text = text.replace(f"{self.cluster.namespace}/", "")
        return re.sub(r"\b[a-z]+(-\d+)?-[a-z0-9]{5}\b", "POD", text)


def _order(pod: Json) -> tuple[int, str]:
    meta = pod["metadata"]
    index = meta.get("annotations", {}).get(_INDEX, "-1")
    return int(index), meta["creationTimestamp"]


def _line(pod: Json) -> str:
    meta = pod["metadata"]
    annotations = meta.get("annotations", {})
    notes = [
        f"{note}={annotations[_PREFIX + note]}"
        for note in _NOTES
        if _PREFIX + note in annotations
    ]
    index = [f"[{annotations[_INDEX]}]"] if _INDEX in annotations else []
    marks = [
        *(["leaving"] if "deletionTimestamp" in meta else []),
        *(
            ["tracked"]
            if f"{_PREFIX}job-tracking" in meta.get("finalizers", [])
            else []
        ),
    ]
    return " ".join(["  pod", *index, pod["status"]["phase"], *notes, *marks])
