"""What writes of a reconcile send, and what they spare."""

from typing import Any

from homeostat import Context, controller
from homeostat.api import from_dict
from homeostat.errors import ConflictError
from homeostat.k8s import apps_v1
from tests.integration.controller.support import (
    DEPLOYMENT,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)


async def replace(world: World) -> None:
    """Put another object in the place of one: other uid, other version."""
    await world.outsider.delete(DEPLOYMENT, "a")
    await world.outsider.create(deployment("a", 1))


@virtual
async def test_what_was_read_is_applied_whatever_became_of_its_version(
    world: World,
) -> None:
    done: list[str] = []

    @controller(PodSet, name="applies", reads=[DEPLOYMENT])
    async def applies(_podset: PodSet, ctx: Context) -> None:
        child: dict[str, Any] = ctx.get(DEPLOYMENT, "a")
        child["spec"] = deployment("a", 5)["spec"]
        await ctx.apply(child)
        done.append(child["metadata"]["uid"])

    await world.outsider.create(deployment("a", 1))
    async with world.running(applies):
        world.wire.before_first("PATCH", lambda: replace(world))
        await world.outsider.create(podset())
        await settle()
    stored = await world.outsider.get(DEPLOYMENT, "a")
    assert stored["spec"]["replicas"] == 5
    assert len(done) == 1
    assert done != [stored["metadata"]["uid"]]


@virtual
async def test_what_an_apply_answered_is_updated_without_a_read(world: World) -> None:
    @controller(PodSet, name="applies", reads=[apps_v1.Deployment])
    async def applies(podset: PodSet, ctx: Context) -> None:
        wanted = from_dict(apps_v1.Deployment, deployment(podset.metadata.name, 1))
        child = (await ctx.apply(wanted)).object
        child.spec.replicas = 2
        await ctx.update(child)

    async with world.running(applies):
        world.wire.requests.clear()
        await world.outsider.create(podset())
        await settle()
        path = "/apis/apps/v1/namespaces/default/deployments/a"
        assert world.wire.requests == [f"PATCH {path}", f"PUT {path}"]


@virtual
async def test_an_update_that_changes_nothing_sends_nothing(world: World) -> None:
    runs: list[str] = []

    @controller(PodSet, name="updates")
    async def updates(podset: PodSet, ctx: Context) -> None:
        runs.append((await ctx.update(podset)).metadata.name)

    async with world.running(updates):
        world.wire.requests.clear()
        await world.outsider.create(podset())
        await settle()
        assert world.wire.requests == []
    assert runs == ["a"]


@virtual
async def test_an_apply_leaves_the_callers_document_alone(world: World) -> None:
    documents: list[dict[str, Any]] = []

    @controller(PodSet, name="applies", owns=[DEPLOYMENT])
    async def applies(_podset: PodSet, ctx: Context) -> None:
        documents.append(deployment("a", 1))
        await ctx.apply(documents[-1], owned=True)

    async with world.running(applies):
        await world.outsider.create(podset())
        await settle()
    assert documents[0] == deployment("a", 1)


@virtual
async def test_a_status_in_what_is_applied_makes_no_difference(world: World) -> None:
    operations: list[str] = []

    @controller(PodSet, name="applies", owns=[DEPLOYMENT])
    async def applies(_podset: PodSet, ctx: Context) -> None:
        wanted = {**deployment("a", 1), "status": {"replicas": len(operations)}}
        operations.append((await ctx.apply(wanted, owned=True)).operation)

    async with world.running(applies):
        await world.outsider.create(podset())
        await settle()
        await world.outsider.patch(PodSet, "a", {"spec": {"size": 9}})
        await settle()
    assert operations[0] == "created"
    assert set(operations[1:]) == {"unchanged"}


@virtual
async def test_a_document_can_be_changed_again_after_its_update(world: World) -> None:
    @controller(PodSet, name="updates", reads=[DEPLOYMENT])
    async def updates(_podset: PodSet, ctx: Context) -> None:
        child = ctx.get(DEPLOYMENT, "a")
        child["spec"]["replicas"] = 2
        await ctx.update(child)
        child["status"]["replicas"] = 2
        await ctx.update_status(child)

    await world.outsider.create(deployment("a", 1))
    async with world.running(updates):
        await world.outsider.create(podset())
        await settle()
    stored = await world.outsider.get(DEPLOYMENT, "a")
    assert (stored["spec"]["replicas"], stored["status"]["replicas"]) == (2, 2)


@virtual
async def test_a_document_without_a_namespace_is_deleted_in_that_of_the_reconciled(
    world: World,
) -> None:
    gone: list[bool] = []

    @controller(PodSet, name="deletes")
    async def deletes(_podset: PodSet, ctx: Context) -> None:
        gone.append(await ctx.delete(deployment("a", 1)))

    metadata = {"name": "other"}
    await world.outsider.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    )
    for namespace in ("default", "other"):
        child = deployment("a", 1)
        child["metadata"]["namespace"] = namespace
        await world.outsider.create(child)
    parent = podset()
    parent.metadata.namespace = "other"
    async with world.running(deletes):
        await world.outsider.create(parent)
        await settle()
    assert gone == [True]
    assert await world.outsider.list(DEPLOYMENT, namespace="other") == []
    assert len(await world.outsider.list(DEPLOYMENT)) == 1


@virtual
async def test_what_was_read_is_deleted_by_its_uid_though_only_named(
    world: World,
) -> None:
    answers: list[object] = []

    @controller(PodSet, name="deletes", reads=[DEPLOYMENT])
    async def deletes(_podset: PodSet, ctx: Context) -> None:
        if answers or ctx.find(DEPLOYMENT, "a") is None:
            return
        named = {"apiVersion": "apps/v1", "kind": "Deployment"}
        try:
            answers.append(await ctx.delete({**named, "metadata": {"name": "a"}}))
        except ConflictError as error:
            answers.append(error.reason)

    await world.outsider.create(deployment("a", 1))
    async with world.running(deletes):
        world.wire.before_first("DELETE", lambda: replace(world))
        await world.outsider.create(podset())
        await settle()
    assert answers == ["Conflict"]
    assert await world.outsider.get(DEPLOYMENT, "a")


@virtual
async def test_delete_of_what_has_changed_waits_for_the_change(world: World) -> None:
    seen: list[int] = []

    @controller(PodSet, name="deletes", reads=[DEPLOYMENT])
    async def deletes(_podset: PodSet, ctx: Context) -> None:
        child: dict[str, Any] = ctx.get(DEPLOYMENT, "a")
        seen.append(child["spec"]["replicas"])
        if seen[-1] == 1:
            await ctx.delete(child, unchanged=True)

    async def scale() -> None:
        await world.outsider.patch(DEPLOYMENT, "a", {"spec": {"replicas": 2}})

    await world.outsider.create(deployment("a", 1))
    async with world.running(deletes):
        world.wire.before_first("DELETE", scale)
        await world.outsider.create(podset())
        await settle()
    assert seen == [1, 2]
