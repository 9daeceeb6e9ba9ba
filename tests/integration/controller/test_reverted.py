"""What is taken back is a change: each reconcile starts from what was there."""

from homeostat import Context, Request, Watch, controller
from homeostat.api import Unstructured
from tests.integration.controller.support import (
    CONFIG_MAP,
    PodSet,
    World,
    podset,
    settle,
    virtual,
)


def config(name: str, text: str) -> Unstructured:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"text": text},
    }


@virtual
async def test_in_the_reconciled_object(world: World) -> None:
    """It has no generation, which would differ in any case."""
    seen: list[str] = []

    @controller(CONFIG_MAP, name="maps")
    async def maps(found: Unstructured, _ctx: Context) -> None:
        if found["metadata"]["name"] == "a":
            seen.append(found["data"]["text"])

    async with world.running(maps):
        await world.outsider.create(config("a", "x"))
        await settle()
        for text in ("y", "x", "y"):
            patch = {"data": {"text": text}}
            await world.outsider.patch(CONFIG_MAP, "a", patch)
            await settle()
    assert seen == ["x", "y", "x", "y"]


@virtual
async def test_in_a_watched_object(world: World) -> None:
    seen: list[str] = []

    watch = Watch(CONFIG_MAP, to=lambda record, _: [Request(record.namespace, "a")])

    @controller(PodSet, name="podsets", watches=[watch])
    async def podsets(_podset: PodSet, ctx: Context) -> None:
        seen.append(ctx.get(CONFIG_MAP, "settings")["data"]["text"])

    await world.outsider.create(config("settings", "x"))
    async with world.running(podsets):
        await world.outsider.create(podset())
        await settle()
        for text in ("y", "x", "y"):
            patch = {"data": {"text": text}}
            await world.outsider.patch(CONFIG_MAP, "settings", patch)
            await settle()
    assert seen == ["x", "y", "x", "y"]
