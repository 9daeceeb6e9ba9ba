"""What the controllers work with: a ReplicaSet, and Pods of generated names."""

from typing import Any

from homeostat.api import GroupVersionKind, Unstructured

__all__ = ["DESIRED", "NAMESPACE", "OWNER", "POD", "new_owner", "new_pod"]

NAMESPACE = "default"
OWNER = GroupVersionKind("apps", "v1", "ReplicaSet")
POD = GroupVersionKind("", "v1", "Pod")
DESIRED = 3
_LABELS = {"app": "web"}
_SPEC = {"containers": [{"name": "web", "image": "web"}]}


def new_owner() -> Unstructured:
    """Return what asks for Pods."""
    spec: dict[str, Any] = {
        "replicas": DESIRED,
        "selector": {"matchLabels": _LABELS},
        "template": {"metadata": {"labels": _LABELS}, "spec": _SPEC},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": spec,
    }


def new_pod(owner: Unstructured) -> Unstructured:
    """Return a Pod of an owner, without a name."""
    reference = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "web-",
            "namespace": NAMESPACE,
            "labels": _LABELS,
            "ownerReferences": [reference],
        },
        "spec": _SPEC,
    }
