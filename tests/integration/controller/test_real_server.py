"""The pattern on the real kube-apiserver: apply, status, finalizers, conflicts."""

import asyncio

import pytest

from homeostat import Client, Context, Manager, controller
from homeostat._tasks import Group
from homeostat.client import ClusterConfig, load_config
from homeostat.controller._finalizer import add_patch, remove_patch
from homeostat.errors import InvalidError, NotFoundError
from homeostat.testing import eventually
from tests.harness.kube import ControlPlane
from tests.integration.controller.support import (
    CRD,
    DEPLOYMENT,
    PodSet,
    deployment,
    podset,
)

pytestmark = [pytest.mark.kube, pytest.mark.xdist_group("kube")]


@pytest.fixture
def config(control_plane: ControlPlane) -> ClusterConfig:
    return load_config(str(control_plane.kubeconfig()))


async def test_a_podset_lives_and_dies(config: ClusterConfig) -> None:
    operations: list[str] = []
    log: list[str] = []

    @controller(PodSet, name="real-podsets", owns=[DEPLOYMENT])
    async def podsets(podset: PodSet, ctx: Context) -> None:
        log.append(f"reconcile {podset.metadata.finalizers}")
        wanted = deployment(podset.metadata.name, podset.spec.size)
        # The server normalises the quantity: comparing values would apply for ever.
        [pod] = wanted["spec"]["template"]["spec"]["containers"]
        pod["resources"] = {"limits": {"cpu": "1000m"}}
        applied = await ctx.apply(wanted, owned=True)
        operations.append(applied.operation)
        podset.status.ready = podset.spec.size
        podset.set_condition("Ready", True, reason="Scaled")
        await ctx.update_status(podset)

    @podsets.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None:
        log.append("cleanup")

    async with Client(config) as client, Client(config) as outsider, Group() as tasks:
        await outsider.create(CRD)
        manager = Manager(controllers=[podsets], client=client)
        running = tasks.start(manager.run(), name="manager")
        async with asyncio.timeout(60):
            await manager.wait_ready()
        await outsider.create(podset("real", size=2))

        async def ready() -> None:
            stored = await outsider.get(PodSet, "real", namespace="default")
            assert stored.status.ready == 2
            assert stored.metadata.finalizers == ["test.dev/cleanup"]

        await eventually(ready, within=20)
        assert log[0] == "reconcile ['test.dev/cleanup']"

        await outsider.patch(
            DEPLOYMENT, "real", {"spec": {"replicas": 9}}, namespace="default"
        )

        async def repaired() -> None:
            child = await outsider.get(DEPLOYMENT, "real", namespace="default")
            assert child["spec"]["replicas"] == 2

        await eventually(repaired, within=20)
        await outsider.delete(DEPLOYMENT, "real", namespace="default")
        await eventually(repaired, within=20)

        async def quiet() -> None:
            # Others may see what was written before who wrote it has the answer.
            assert operations.count("created") == 2
            assert operations[-1] == "unchanged"

        await eventually(quiet, within=20)
        assert operations.count("configured") == 1

        await outsider.delete(PodSet, "real", namespace="default")

        async def gone() -> None:
            with pytest.raises(NotFoundError):
                await outsider.get(PodSet, "real", namespace="default")

        await eventually(gone, within=20)
        assert log.count("cleanup") == 1
        running.cancel()


async def test_a_finalizer_patch_that_came_late_is_invalid(
    config: ClusterConfig,
) -> None:
    kind = DEPLOYMENT
    async with Client(config) as client:
        body = deployment("late", 1)
        body["metadata"]["finalizers"] = ["other.dev/hold"]
        made = await client.create(body, namespace="default")
        uid = made["metadata"]["uid"]
        late = [
            add_patch("test.dev/x", present=[], uid=uid),
            add_patch("test.dev/x", present=["other.dev/hold"], uid="another"),
            remove_patch("test.dev/x", present=["test.dev/x"], uid=uid),
        ]
        for patch in late:
            with pytest.raises(InvalidError):
                await client.patch(
                    kind, "late", patch, namespace="default", type="json"
                )
        done = add_patch("test.dev/x", present=["other.dev/hold"], uid=uid)
        answer = await client.patch(
            kind, "late", done, namespace="default", type="json"
        )
        assert answer["metadata"]["finalizers"] == ["other.dev/hold", "test.dev/x"]
