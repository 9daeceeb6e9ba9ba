"""Pods on the real API server, which gives them to Go's typed clients as protobuf.

They are made as controllers and kubelets make them: created with a spec, then given a
status, so each has two managedFields entries. No node and no controller is needed.
"""

import asyncio
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.replay import FIRST_VERSION, Template
from benchmarks.replay._objects import Change
from homeostat._tasks import Group
from homeostat.client import Client, ClusterConfig, load_config
from tests.harness.kube import ControlPlane

__all__ = ["RESOURCE", "pods"]

RESOURCE: Final = "pods.v1"
NAMESPACES: Final = 50
AT_ONCE: Final = 32  # requests; more do not make kube-apiserver faster


@contextmanager
def pods(count: int) -> Generator[str]:
    """Run a control plane with that many pods; gives the path of its kubeconfig.

    Raises:
        ControlPlaneError: It does not start.
    """
    with ControlPlane() as plane:
        kubeconfig = str(plane.kubeconfig())
        asyncio.run(_create(load_config(kubeconfig), count))
        yield kubeconfig


async def _create(config: ClusterConfig, count: int) -> None:
    template = Template(NAMESPACES)
    left = iter(range(count))
    async with Client(config) as client:
        for number in range(NAMESPACES):
            meta = {"name": f"team-{number}"}
            await client.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
            )
        async with Group() as tasks:
            for place in range(AT_ONCE):
                tasks.start(_work(client, template, left), name=f"pods/{place}")


async def _work(client: Client, template: Template, left: Iterator[int]) -> None:
    for number in left:
        pod = _pod(template, number)
        status = pod.pop("status")
        made = await client.create(pod, field_manager="kube-controller-manager")
        made["status"] = status
        await client.update(made, subresource="status", field_manager="kubelet")


def _pod(template: Template, number: int) -> dict[str, Any]:
    """Return a pod that differs from others as the replay server's widgets do."""
    rendered = template.render(number, Change(FIRST_VERSION))
    pod: dict[str, Any] = json.loads(rendered)
    meta = pod["metadata"]
    kept = ("name", "generateName", "namespace", "labels", "annotations")
    owners = meta["ownerReferences"]
    pod.update(apiVersion="v1", kind="Pod")
    pod["metadata"] = {**{k: meta[k] for k in kept}, "ownerReferences": owners}
    return pod
