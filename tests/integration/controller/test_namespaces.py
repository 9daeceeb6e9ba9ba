"""Objects without a namespace, and what they read and write."""

import pytest

from homeostat import ALL, Context, Watch, controller
from homeostat.api import GroupVersionKind, Request, Unstructured
from tests.integration.controller.support import (
    CONFIG_MAP,
    DEPLOYMENT,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)

NAMESPACE = GroupVersionKind("", "v1", "Namespace")


@virtual
async def test_a_cluster_scoped_object_names_the_namespace_of_what_it_reads(
    world: World,
) -> None:
    seen: list[object] = []

    @controller(NAMESPACE, name="namespaces", owns=[DEPLOYMENT], reads=[CONFIG_MAP])
    async def namespaces(found: Unstructured, ctx: Context) -> None:
        name = found["metadata"]["name"]
        if name != "default":
            return
        with pytest.raises(ValueError, match="needs namespace="):
            ctx.find(DEPLOYMENT, "web")
        with pytest.raises(ValueError, match="needs a namespace"):
            await ctx.apply(deployment("web", 1))
        body = deployment("web", 1)
        body["metadata"]["namespace"] = name
        await ctx.apply(body, owned=True)
        seen.append(ctx.get(DEPLOYMENT, "web", namespace=name)["metadata"]["name"])
        seen.append([d["metadata"]["name"] for d in ctx.list(DEPLOYMENT)])
        seen.append(len(ctx.list(CONFIG_MAP, namespace=ALL)))

    async with world.running(namespaces):
        await settle()
        assert seen[:3] == ["web", ["web"], 0]
        seen.clear()
        # The child is namespaced, its owner is not: the request has no namespace.
        await world.outsider.delete(DEPLOYMENT, "web")
        await settle()
        assert "web" in seen


@virtual
async def test_a_namespaced_event_can_map_to_a_cluster_scoped_object(
    world: World,
) -> None:
    runs: list[str] = []
    to_namespace = Watch(
        CONFIG_MAP, to=lambda record, _reader: [Request("", record.namespace)]
    )

    @controller(NAMESPACE, name="namespaces", watches=[to_namespace])
    async def namespaces(found: Unstructured, _ctx: Context) -> None:
        runs.append(found["metadata"]["name"])

    async with world.running(namespaces):
        runs.clear()
        await world.outsider.create(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "c", "namespace": "default"},
            }
        )
        await settle()
    assert runs == ["default"]


@virtual
async def test_finalizers_are_written_in_the_namespace_of_the_object(
    world: World,
) -> None:
    @controller(PodSet, name="final")
    async def final(_podset: PodSet, _ctx: Context) -> None: ...

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None: ...

    away = podset()
    away.metadata.namespace = "kube-system"
    async with world.running(final):
        await world.outsider.create(away)
        await settle()
        found = await world.outsider.get(PodSet, "a", namespace="kube-system")
        assert found.metadata.finalizers == ["test.dev/cleanup"]
        await world.outsider.delete(PodSet, "a", namespace="kube-system")
        await settle()
        assert await world.outsider.list(PodSet, namespace=ALL) == []
