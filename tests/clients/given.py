"""What every client works with, and what it must see; it imports nothing of ours.

Each module beside it is one client of somebody else, run by the Python in which that
is installed: ``python -m tests.clients.NAME KUBECONFIG NAMESPACE``. It creates a
Widget, patches it, writes its status, deletes it, and watches all that; it lists by
label, lets two managers apply the same ConfigMap, and has a Deployment's containers
merged by name, where the client knows such patches.
"""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CONFLICT",
    "CRD",
    "GROUP",
    "KIND",
    "LABELS",
    "PATCH",
    "PLURAL",
    "SEEN",
    "SELECTOR",
    "STATUS",
    "VERSION",
    "Arguments",
    "arguments",
    "check_images",
    "check_status",
    "deployment",
    "new_image",
    "refused",
    "settings",
    "widget",
]

GROUP, VERSION, KIND, PLURAL = "clients.example.com", "v1", "Widget", "widgets"
LABELS = {"app": "clients"}
SELECTOR = "app=clients"

_SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 0},
        "color": {"type": "string", "default": "red"},
    },
}
# kopf keeps notes of its own in the status.
_STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_SCHEMA = {"type": "object", "properties": {"spec": _SPEC, "status": _STATUS}}
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "singular": "widget", "kind": KIND},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _SCHEMA},
                "subresources": {"status": {}},
            }
        ],
    },
}

PATCH = {"spec": {"size": 2}}
STATUS = {"status": {"ready": 2}, "spec": {"size": 9}}
CONFLICT = 'Apply failed with 1 conflict: conflict with "one": .data.key'
SEEN = ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Where a client works."""

    kubeconfig: str
    namespace: str


def arguments() -> Arguments:
    _, kubeconfig, namespace = sys.argv
    return Arguments(kubeconfig=kubeconfig, namespace=namespace)


def widget(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {"name": "w", "namespace": namespace, "labels": LABELS},
        "spec": {"size": 1},
    }


def check_status(found: dict[str, Any]) -> None:
    """A write of the status leaves the spec and the generation as they are."""
    assert found["spec"] == {"size": 2, "color": "red"}, found
    assert found["status"] == {"ready": 2}, found
    assert found["metadata"]["generation"] == 2, found


def settings(namespace: str, value: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": namespace},
        "data": {"key": value},
    }


def deployment(namespace: str) -> dict[str, Any]:
    containers = [{"name": name, "image": f"{name}:1"} for name in ("web", "log")]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": containers},
            },
        },
    }


def new_image() -> dict[str, Any]:
    """Return a strategic merge patch for one of the Deployment's containers."""
    containers = [{"name": "log", "image": "log:2"}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def check_images(images: list[str]) -> None:
    assert images == ["web:1", "log:2"], images


@contextmanager
def refused(
    kind: type[BaseException], says: Callable[[Any], object], expected: object
) -> Generator[None]:
    """Expect an error that says something."""
    try:
        yield
    except kind as error:
        said = says(error)
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert said == expected, said
