"""One Deployment, and a picture of it and all below it that two clusters can share."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from homeostat.api import GroupVersionKind
from tests.harness.clusters import AnyCluster

__all__ = ["CONFIG_MAP", "DEPLOYMENT", "EVENT", "POD", "REPLICA_SET", "Workload"]

Json = dict[str, Any]

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
REPLICA_SET = GroupVersionKind("apps", "v1", "ReplicaSet")
POD = GroupVersionKind("", "v1", "Pod")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
EVENT = GroupVersionKind("", "v1", "Event")

_PREFIX = "deployment.kubernetes.io/"


class Workload:
    """A Deployment of a test, whose ReplicaSets are known by the tag of their image.

    The picture of it holds neither times nor what is random: a ReplicaSet is
    ``web-<TAG>``, a pod is ``web-<TAG>-POD``.
    """

    def __init__(self, cluster: AnyCluster, name: str = "web") -> None:
        self.cluster = cluster
        self.name = name

    # What a user does.

    def create(self, tag: str = "1", *, pod: Json | None = None, **spec: Any) -> Json:
        """Create it; ``pod`` is added to the pod template's spec."""
        meta = {"name": self.name}
        spec = {
            "selector": {"matchLabels": {"app": self.name}},
            "template": self.template(tag, **(pod or {})),
            **spec,
        }
        item: Json = {"apiVersion": "apps/v1", "kind": "Deployment"}
        item |= {"metadata": meta, "spec": spec}
        return self.cluster.call(lambda client: client.create(item))

    def template(self, tag: str, **spec: Any) -> Json:
        """Return the pod template with an image of this tag."""
        pod = {"containers": [{"name": "c", "image": f"busybox:{tag}"}], **spec}
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
        self.cluster.call(lambda client: client.patch(DEPLOYMENT, self.name, patch))

    def change_set(self, tag: str, patch: Json) -> None:
        """Send a merge patch of a ReplicaSet."""
        name = self.sets()[tag]["metadata"]["name"]
        self.cluster.call(lambda client: client.patch(REPLICA_SET, name, patch))

    def change_pod(self, name: str, patch: Json, *, subresource: str = "") -> None:
        """Send a merge patch of a pod."""
        self.cluster.call(
            lambda client: client.patch(POD, name, patch, subresource=subresource)
        )

    def create_set(self, name: str, labels: Json, replicas: int = 1) -> None:
        """Create a ReplicaSet by hand, with the same pods but for their labels."""
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {**self.template("1"), "metadata": {"labels": labels}},
        }
        item: Json = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": spec}
        item["metadata"] = {"name": name, "labels": labels}
        self.cluster.call(lambda client: client.create(item))

    # What there is.

    def get(self) -> Json:
        return self.cluster.call(lambda client: client.get(DEPLOYMENT, self.name))

    def sets(self) -> Mapping[str, Json]:
        """Return the ReplicaSets by tag."""
        found = self.cluster.call(lambda client: client.list(REPLICA_SET))
        return {_tag(item["spec"]["template"]): item for item in found}

    def pods(self, tag: str = "") -> Sequence[Json]:
        """Return the pods that are not being deleted, of one tag or of all."""
        found = self.cluster.call(lambda client: client.list(POD))
        return [
            item
            for item in found
            if tag in {"", _tag(item)} and "deletionTimestamp" not in item["metadata"]
        ]

    def picture(self) -> list[str]:
        """Return what the controllers have made of it, a line for each thing."""
        lines: list[str] = []
        sets = self.sets()
        found = [self.get(), *(sets[tag] for tag in sorted(sets))]
        for item in found:
            lines.append(self._line(item))
            lines += [f"  {line}" for line in self._conditions(item)]
        return lines

    def conditions(self) -> list[str]:
        """Return the Deployment's conditions, a line for each, sorted."""
        return self._conditions(self.get())

    def events(self) -> list[str]:
        """Return what was told of it and its ReplicaSets, sorted, each text once."""
        found = self.cluster.call(lambda client: client.list(EVENT))
        return sorted(
            {
                self._plain(
                    f"{e['involvedObject']['kind']} {e['reason']}: {e['message']}"
                )
                for e in found
                if e["involvedObject"]["kind"] != "Pod"
            }
        )

    def _line(self, item: Json) -> str:
        status: Json = item.get("status", {})
        annotations: Json = item["metadata"].get("annotations", {})
        counts = [
            f"{key}={value}"
            for key, value in sorted(status.items())
            if key not in {"conditions", "observedGeneration"}
        ]
        notes = [
            f"{key.removeprefix(_PREFIX)}={value}"
            for key, value in sorted(annotations.items())
        ]
        current = status.get("observedGeneration") == item["metadata"]["generation"]
        name = self._plain(item["metadata"]["name"])
        size = item["spec"]["replicas"]
        return " ".join(
            [f"{name}: {size}", *counts, *notes, *([] if current else ["STALE"])]
        )

    def _conditions(self, item: Json) -> list[str]:
        found = item.get("status", {}).get("conditions", [])
        return sorted(
            self._plain(
                f"{c['type']}={c['status']} {c.get('reason', '-')}: "
                f"{c.get('message', '')}"
            )
            for c in found
        )

    def _plain(self, text: str) -> str:
        for tag, item in self.sets().items():
            name = item["metadata"]["name"]
            text = re.sub(rf"{name}-[a-z0-9]{{5}}\b", f"web-<{tag}>-POD", text)
            text = text.replace(name, f"web-<{tag}>")
        return text


def _tag(item: Json) -> str:
    image: str = item["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]
