"""Deployments over hours, in virtual time: what takes too long for a real clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import LabelSelector, ObjectMeta, OwnerReference
from homeostat.client import Client
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster import LocalCluster
from homeostat.localcluster._controllers import NAMES
from homeostat.testing import LoopClock, run_virtual

LABELS = {"app": "web"}
HOUR = 3600.0
DEPLOYING = ",".join(n for n in NAMES if n.startswith(("deployment", "replicaset")))


def deployment(replicas: int = 3, **spec: Any) -> apps_v1.Deployment:
    return apps_v1.Deployment(
        metadata=ObjectMeta(name="web", annotations={"team": "a"}),
        spec=apps_v1.DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels=LABELS),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=LABELS),
                spec=core_v1.PodSpec(
                    containers=[core_v1.Container(name="c", image="busybox:1")]
                ),
            ),
            **spec,
        ),
    )


class Web:
    """The Deployment of a test, and what hangs below it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def create(self, item: apps_v1.Deployment) -> None:
        await self.client.create(item)
        await settle()

    async def patch(self, **spec: Any) -> None:
        await self.client.patch(apps_v1.Deployment, "web", {"spec": spec})
        await settle()

    async def set_image(self, image: str, **spec: Any) -> None:
        containers = [{"name": "c", "image": image}]
        await self.patch(template={"spec": {"containers": containers}}, **spec)

    async def now(self) -> apps_v1.Deployment:
        return await self.client.get(apps_v1.Deployment, "web")

    async def sizes(self) -> list[int]:
        found = await self.client.list(apps_v1.ReplicaSet)
        return sorted(s.spec.replicas or 0 for s in found)

    async def condition(self, type_: str) -> tuple[str, str]:
        found = (await self.now()).status.conditions
        return next((c.status, c.reason) for c in found if c.type == type_)

    async def cordon(self, *, cordoned: bool = True) -> None:
        """Leave no node that takes a new pod, or let all of them do again."""
        for node in await self.client.list(core_v1.Node):
            patch = {"spec": {"unschedulable": cordoned or None}}
            await self.client.patch(core_v1.Node, node.metadata.name, patch)


async def settle() -> None:
    await asyncio.sleep(60)


def rollout(
    test: Callable[[Web], Awaitable[None]], *, controllers: str = DEPLOYING
) -> Callable[[], None]:
    """Run a test on a cluster of its own, in virtual time."""

    def run() -> None:
        async def main() -> None:
            clock = LoopClock(asyncio.get_running_loop())
            cluster = LocalCluster(
                clock=clock, random=Random(1), controllers=controllers
            )
            async with cluster.client() as client, Group() as tasks:
                running = tasks.start(cluster.run(), name="cluster")
                await settle()
                async with asyncio.timeout(100 * HOUR):
                    await test(Web(client))
                running.cancel()

        run_virtual(main())

    run.__name__ = test.__name__
    return run


@rollout
async def test_a_rollout_that_is_stuck_times_out_and_heals(web: Web) -> None:
    await web.cordon()
    await web.create(deployment(progress_deadline_seconds=300))
    assert (await web.condition("Progressing"))[1] == "ReplicaSetUpdated"
    await asyncio.sleep(300)
    assert await web.condition("Progressing") == ("False", "ProgressDeadlineExceeded")
    await web.cordon(cordoned=False)
    await settle()
    assert await web.condition("Progressing") == ("True", "NewReplicaSetAvailable")


@rollout
async def test_a_lost_pod_long_after_the_rollout_is_not_its_failure(web: Web) -> None:
    await web.create(deployment())
    await asyncio.sleep(HOUR)
    await web.cordon()
    pod, *_ = await web.client.list(core_v1.Pod)
    await web.client.delete(core_v1.Pod, pod.metadata.name)
    await asyncio.sleep(HOUR)
    assert await web.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert (await web.now()).status.available_replicas == 2


@rollout
async def test_a_rollback_long_after_the_rollout_never_times_out(web: Web) -> None:
    await web.create(deployment())
    await web.set_image("busybox:2")
    await asyncio.sleep(HOUR)
    reasons: set[str] = set()

    async def watch() -> None:
        async with web.client.watch(apps_v1.Deployment) as events:
            async for event in events:
                for condition in event.object.status.conditions:
                    reasons.add(condition.reason)

    async with Group() as tasks:
        watching = tasks.start(watch(), name="watch")
        await web.set_image("busybox:1")
        watching.cancel()
    assert "ReplicaSetUpdated" in reasons
    assert "ProgressDeadlineExceeded" not in reasons
    assert await web.condition("Progressing") == ("True", "NewReplicaSetAvailable")


@rollout
async def test_scaling_amid_a_stuck_rollout_keeps_the_proportions(web: Web) -> None:
    strategy = apps_v1.DeploymentStrategy(
        rolling_update=apps_v1.RollingUpdateDeployment(max_surge=2, max_unavailable=0)
    )
    await web.create(deployment(4, strategy=strategy))
    await web.cordon()
    await web.set_image("busybox:2")
    assert await web.sizes() == [2, 4]
    await web.patch(replicas=8)
    assert await web.sizes() == [3, 7]


@rollout
async def test_replica_sets_inherit_annotations_also_later_ones(web: Web) -> None:
    await web.create(deployment())
    patch = {"metadata": {"annotations": {"team": "b"}}}
    await web.client.patch(apps_v1.Deployment, "web", patch)
    await settle()
    (replica_set,) = await web.client.list(apps_v1.ReplicaSet)
    annotations = replica_set.metadata.annotations
    assert annotations["team"] == "b"
    assert annotations["deployment.kubernetes.io/desired-replicas"] == "3"
    assert annotations["deployment.kubernetes.io/max-replicas"] == "4"


@rollout
async def test_a_deployment_without_replicas_has_one(web: Web) -> None:
    item = deployment()
    item.spec.replicas = None
    await web.create(item)
    assert await web.sizes() == [1]


@rollout
async def test_pods_are_available_once_ready_for_long_enough(web: Web) -> None:
    await web.create(deployment(min_ready_seconds=100))
    assert (await web.now()).status.ready_replicas == 3
    assert (await web.now()).status.available_replicas == 0
    await asyncio.sleep(100)
    assert (await web.now()).status.available_replicas == 3
    await web.patch(minReadySeconds=0)
    (replica_set,) = await web.client.list(apps_v1.ReplicaSet)
    assert replica_set.spec.min_ready_seconds == 0


def test_a_name_that_somebody_else_has_is_stepped_around(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The garbage collector is to take the first one's ReplicaSet away.
    rollout(step_around_a_name, controllers="*")()
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


async def step_around_a_name(web: Web) -> None:
    await web.create(deployment())
    (first,) = await web.client.list(apps_v1.ReplicaSet)
    await web.client.delete(apps_v1.Deployment, "web")
    await settle()
    stranger = apps_v1.ReplicaSet(
        metadata=ObjectMeta(name=first.metadata.name),
        spec=apps_v1.ReplicaSetSpec(
            replicas=0,
            selector=LabelSelector(match_labels={"app": "stranger"}),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels={"app": "stranger"}),
                spec=first.spec.template.spec,
            ),
        ),
    )
    await web.client.create(stranger)
    await web.create(deployment())
    status = (await web.now()).status
    assert (status.collision_count, status.available_replicas) == (1, 3)


def test_what_one_run_was_refused_is_news_to_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    uids: list[str] = []

    # No others: what they draw comes between, when a thread lets them.
    @partial(rollout, controllers=DEPLOYING)
    async def scenario(web: Web) -> None:
        item = deployment(1)
        gates = [core_v1.PodSchedulingGate(name="example.com/gate")]
        item.spec.template.spec.node_name = "node-1"
        item.spec.template.spec.scheduling_gates = gates
        await web.create(item)
        uids.append((await web.now()).metadata.uid)

    scenario()
    (said,) = [r.getMessage() for r in caplog.records if r.levelno > logging.INFO]
    caplog.clear()
    scenario()
    assert uids[0] == uids[1]
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.INFO] == [
        said
    ]


@rollout
async def test_events_tell_of_scaling(web: Web) -> None:
    await web.create(deployment(1))
    await web.patch(replicas=3)
    events = await web.client.list(core_v1.Event)
    messages = [e.message for e in events if e.reason == "ScalingReplicaSet"]
    assert [m.rpartition(" from ")[2] for m in sorted(messages)] == ["0 to 1", "1 to 3"]


@rollout
async def test_recreate_waits_until_the_last_old_pod_has_gone(web: Web) -> None:
    strategy = apps_v1.DeploymentStrategy(type="Recreate")
    await web.create(deployment(2, strategy=strategy))
    pod, *_ = await web.client.list(core_v1.Pod)
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    await web.client.patch(core_v1.Pod, pod.metadata.name, hold)
    await web.set_image("busybox:2")
    assert await web.sizes() == [0]
    release = {"metadata": {"finalizers": None}}
    await web.client.patch(core_v1.Pod, pod.metadata.name, release)
    await settle()
    assert await web.sizes() == [0, 2]


@rollout
async def test_a_pod_keeps_its_other_owners_when_it_is_adopted_and_released(
    web: Web,
) -> None:
    await web.create(deployment(1))
    await web.cordon()  # what takes the pod's place is the one to go in the end
    keeper = await web.client.create(core_v1.ConfigMap(metadata=ObjectMeta(name="k")))
    pod, *_ = await web.client.list(core_v1.Pod)
    labels = {**pod.metadata.labels}
    name = pod.metadata.name

    async def owners() -> list[str]:
        found = await web.client.get(core_v1.Pod, name)
        return sorted(r.kind for r in found.metadata.owner_references)

    pod.metadata.owner_references.append(
        OwnerReference(
            api_version="v1", kind="ConfigMap", name="k", uid=keeper.metadata.uid
        )
    )
    pod.metadata.labels = {"app": "other"}
    await web.client.update(pod)
    await settle()
    assert await owners() == ["ConfigMap"]
    await web.client.patch(core_v1.Pod, name, {"metadata": {"labels": labels}})
    await settle()
    assert await owners() == ["ConfigMap", "ReplicaSet"]
