"""A StatefulSet or a DaemonSet, and a picture of it that two clusters can share."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeostat.api import GroupVersionKind
from tests.contract.controllers.workload import EVENT, POD
from tests.harness.clusters import AnyCluster

__all__ = ["DAEMON_SET", "REVISION", "STATEFUL_SET", "Recorded"]

Json = dict[str, Any]

STATEFUL_SET = GroupVersionKind("apps", "v1", "StatefulSet")
DAEMON_SET = GroupVersionKind("apps", "v1", "DaemonSet")
REVISION = GroupVersionKind("apps", "v1", "ControllerRevision")


class Recorded:
    """A workload with a history, whose revisions are known by the tag of their image.

    Args:
        cluster: Where it is.
        kind: Which of the two kinds.
        name: Its name.
    """

    def __init__(
        self, cluster: AnyCluster, kind: GroupVersionKind, name: str = "web"
    ) -> None:
        self.cluster = cluster
        self.kind = kind
        self.name = name

    # What a user does.

    def create(self, tag: str = "1", *, pod: Json | None = None, **spec: Any) -> Json:
        """Create it; ``pod`` is added to the pod template's spec."""
        item: Json = {"apiVersion": "apps/v1", "kind": self.kind.kind}
        item["metadata"] = {"name": self.name, "annotations": {"team": "a"}}
        item["spec"] = {
            "selector": {"matchLabels": {"app": self.name}},
            "template": self.template(tag, **(pod or {})),
            **spec,
        }
        return self.cluster.call(lambda client: client.create(item))

    def template(self, tag: str, **spec: Any) -> Json:
        """Return the pod template with an image of this tag."""
        container: Json = {"name": "c", "image": f"busybox:{tag}"}
        # Go escapes some of these characters where it writes JSON.
        container["command"] = ["sh", "-c", "true && echo '<é>'"]
        pod = {"containers": [container], **spec}
        return {"metadata": {"labels": {"app": self.name}}, "spec": pod}

    def roll(self, tag: str, *, pod: Json | None = None, **spec: Any) -> None:
        """Give it another template."""
        template = self.template(tag, **{"nodeSelector": None, **(pod or {})})
        self.patch(template=template, **spec)

    def patch(self, **spec: Any) -> None:
        """Change its spec."""
        self.send({"spec": spec})

    def send(self, patch: Json) -> None:
        """Send a merge patch of the whole object."""
        self.cluster.call(lambda client: client.patch(self.kind, self.name, patch))

    def change(
        self,
        name: str,
        patch: Json,
        *,
        kind: GroupVersionKind = POD,
        subresource: str = "",
    ) -> None:
        """Send a merge patch of a pod, or of an object of another kind."""
        self.cluster.call(
            lambda client: client.patch(kind, name, patch, subresource=subresource)
        )

    def fail(self, name: str, phase: str = "Failed") -> None:
        """End a pod's life."""
        self.change(name, {"status": {"phase": phase}}, subresource="status")

    def delete(self, name: str, kind: GroupVersionKind = POD) -> None:
        """Delete a pod, or an object of another kind."""
        self.cluster.call(lambda client: client.delete(kind, name))

    # What there is.

    def get(self) -> Json:
        return self.cluster.call(lambda client: client.get(self.kind, self.name))

    def all(self, kind: GroupVersionKind) -> Sequence[Json]:
        """Return the objects of a kind."""
        return self.cluster.call(lambda client: client.list(kind))

    def pods(self) -> Mapping[str, Json]:
        """Return the pods by name."""
        return {item["metadata"]["name"]: item for item in self.all(POD)}

    def revisions(self) -> Mapping[str, str]:
        """Return the tags of the revisions by name, oldest first."""
        found = sorted(self.all(REVISION), key=lambda item: item["revision"])
        return {
            item["metadata"]["name"]: _tag(item["data"]["spec"]["template"])
            for item in found
        }

    def line(self) -> str:
        """Return the status as one line, with revisions by their tag."""
        item, tags = self.get(), self.revisions()
        status: Json = item.get("status", {})
        current = status.get("observedGeneration") == item["metadata"]["generation"]
        counts = [
            f"{key}={tags.get(str(value), value)}"
            for key, value in sorted(status.items())
            if key != "observedGeneration"
        ]
        return " ".join([*counts, *([] if current else ["STALE"])])

    def events(self) -> list[str]:
        """Return what was told of it, sorted, each text once."""
        return sorted(
            {
                f"{e['type']} {e['reason']}: {e['message']}"
                for e in self.all(EVENT)
                if e["involvedObject"]["kind"] == self.kind.kind
            }
        )

    def shows(self, line: str) -> None:
        """Wait until the status is this one."""

        def check() -> None:
            assert self.line() == line

        self.cluster.eventually(check)


def _tag(template: Json) -> str:
    image: str = template["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]
