"""Objects with more than their type knows, and objects that it cannot hold."""

from typing import Any

from homeostat import Context, controller
from homeostat.controller import KindController
from tests.bad_days.kinds import EVENT, Set, make_sets, new_set
from tests.bad_days.world import SET, World

FUTURE: dict[str, Any] = {
    "size": 1,
    "future": {"deep": [1, {"x": None}]},
    "ports": [
        {"name": "http", "number": 1, "protocol": "TCP", "extra": {"a": [1]}},
        {"name": "dns", "number": 53, "protocol": "UDP"},
        {"name": "old", "number": 3, "protocol": "gone with its item"},
    ],
}


def editor() -> KindController[Set]:
    @controller(Set, name="editor")
    async def edit(found: Set, ctx: Context) -> None:
        if found.spec.size == 1:
            found.spec.size = 2
            found.spec.ports[0].number = 80
            del found.spec.ports[2]
            found.spec.ports.reverse()
            found.metadata.labels = {**(found.metadata.labels or {}), "seen": "yes"}
            await ctx.update(found)
        found.status.ready = found.spec.size
        await ctx.update_status(found)

    return edit


async def test_fields_that_the_type_does_not_know_survive(world: World) -> None:
    made = new_set(**FUTURE)
    made["future"] = "top"
    await world.outsider.create(made)
    status = {"status": {"unknown": {"kept": True}}}
    await world.outsider.patch(SET, "a", status, subresource="status")
    async with world.operator(editor()) as operator:

        async def edited() -> None:
            found = await world.outsider.get(SET, "a")
            assert found["status"] == {"unknown": {"kept": True}, "ready": 2}
            assert found["future"] == "top"
            assert found["metadata"]["labels"] == {"seen": "yes"}
            assert found["spec"] == {
                "size": 2,
                "future": {"deep": [1, {"x": None}]},
                "ports": [
                    {"name": "dns", "number": 53, "protocol": "UDP"},
                    {
                        "name": "http",
                        "number": 80,
                        "protocol": "TCP",
                        "extra": {"a": [1]},
                    },
                ],
            }

        await world.until(edited)
        await operator.quiet()


async def test_fields_survive_an_operator_of_every_write(world: World) -> None:
    made = new_set(size=2, future={"kept": [None, 1]}, tags=None)
    await world.outsider.create(made)
    async with world.operator(make_sets()) as operator:
        await world.whole("a", 2)
        await operator.quiet()
    found = await world.outsider.get(SET, "a")
    assert found["spec"] == {"size": 2, "future": {"kept": [None, 1]}, "tags": None}


async def test_an_object_that_the_type_cannot_hold_among_good_ones(
    world: World,
) -> None:
    runs: list[str] = []

    @controller(Set, name="counts")
    async def counts(found: Set, ctx: Context) -> None:
        runs.append(found.metadata.name)
        found.status.ready = found.spec.size
        await ctx.update_status(found)

    await world.outsider.create(new_set("enum", color="blue"))
    await world.outsider.create(new_set("good"))
    await world.outsider.create(new_set("nulls", tags=None))
    async with world.operator(counts) as operator:
        await world.outsider.create(new_set("type", size="many"))
        await world.outsider.create(new_set("late"))

        async def good_ones() -> None:
            for name in ("good", "nulls", "late"):
                assert (await world.outsider.get(SET, name))["status"]["ready"] == 1

        await world.until(good_ones)

        async def told() -> None:
            events = await world.outsider.list(EVENT)
            warned = {
                event["involvedObject"]["name"]: event["message"]
                for event in events
                if (event["type"], event["reason"]) == ("Warning", "InvalidObject")
            }
            assert set(warned) == {"enum", "type"}
            assert "blue" in warned["enum"]
            assert "color" in warned["enum"]
            assert "size" in warned["type"]

        await world.until(told)
        ready, text = operator.manager.health.report("ready")
        assert ready  # the controller works
        [line] = [each for each in text.splitlines() if "counts/objects" in each]
        for word in ("enum", "blue", "type", "size"):
            assert word in line
        assert sorted(runs) == ["good", "late", "nulls"]

        await world.outsider.patch(SET, "enum", {"spec": {"color": "green"}})
        await world.outsider.delete(SET, "type")

        async def mended() -> None:
            assert (await world.outsider.get(SET, "enum"))["status"]["ready"] == 1
            _, text = operator.manager.health.report("ready")
            assert "counts/objects" not in text

        await world.until(mended)
        await operator.quiet()
        assert sorted(runs) == ["enum", "good", "late", "nulls"]


async def test_an_object_turns_bad_while_it_is_looked_after(world: World) -> None:
    async with world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        await world.outsider.patch(SET, "a", {"spec": {"color": "blue", "size": 2}})
        await world.outsider.create(new_set("b", size=1))
        await world.whole("b", 1)

        def listed() -> None:
            assert "blue" in operator.manager.health.report("ready")[1]

        await world.until(listed)
        await world.outsider.patch(SET, "a", {"spec": {"color": "red"}})
        await world.whole("a", 2)
        await operator.quiet()
