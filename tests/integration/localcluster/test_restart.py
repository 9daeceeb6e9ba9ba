"""A cluster with a folder goes on where its last process stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from homeostat._tasks import Group
from homeostat.api import LabelSelector, ObjectMeta
from homeostat.client import Client
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster import LocalCluster
from homeostat.testing import run_virtual

Pods: TypeAlias = dict[str, str | None]  # uid by name


def one_life(folder: Path, act: Callable[[Client], Awaitable[Pods]]) -> Pods:
    """Run a cluster until ``act`` is done with it."""

    async def live() -> Pods:
        async with Group() as tasks, cluster.client() as client:
            running = tasks.start(cluster.run(), name="cluster")
            pods = await act(client)
            running.cancel()
        return pods

    cluster = LocalCluster(data_dir=folder)
    try:
        return run_virtual(live())
    finally:
        cluster.close()


async def ready(client: Client, replicas: int) -> Pods:
    while True:
        web = await client.get(apps_v1.Deployment, "web")
        if web.status.ready_replicas == replicas:
            pods = await client.list(core_v1.Pod, namespace="default")
            return {str(pod.metadata.name): pod.metadata.uid for pod in pods}
        await asyncio.sleep(0.05)


async def create(client: Client) -> Pods:
    labels = {"app": "web"}
    container = core_v1.Container(name="c", image="busybox:1")
    template = core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=labels),
        spec=core_v1.PodSpec(containers=[container]),
    )
    spec = apps_v1.DeploymentSpec(
        replicas=3, selector=LabelSelector(match_labels=labels), template=template
    )
    metadata = ObjectMeta(name="web")
    await client.create(apps_v1.Deployment(metadata=metadata, spec=spec))
    return await ready(client, 3)


async def wait_and_grow(client: Client) -> Pods:
    await asyncio.sleep(30)  # for whatever the controllers may find to do
    await client.patch(apps_v1.Deployment, "web", {"spec": {"replicas": 4}})
    return await ready(client, 4)


def test_pods_outlive_the_process(tmp_path: Path) -> None:
    before = one_life(tmp_path, create)
    after = one_life(tmp_path, wait_and_grow)
    assert len(before) == 3
    assert len(after) == 4
    assert before.items() <= after.items()
