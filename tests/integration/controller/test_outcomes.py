"""What the log says of reconciles in which there was little or nothing to do."""

import logging
from collections.abc import Awaitable, Callable

import pytest

from homeostat import Context, controller
from homeostat.controller import KindController
from tests.integration.controller.support import PodSet, World, podset, settle, virtual

FOREIGN = [{"op": "add", "path": "/metadata/finalizers/-", "value": "test.dev/other"}]


def cleaning() -> KindController[PodSet]:
    @controller(PodSet, name="final")
    async def final(_podset: PodSet, _ctx: Context) -> None: ...

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None: ...

    return final


def outcomes(
    caplog: pytest.LogCaptureFixture,
    then: Callable[[World], Awaitable[object]],
    *,
    hold: bool = False,
) -> list[tuple[str, str]]:
    """Return level and outcome of what follows, once an object has its finalizer."""

    @virtual
    async def scenario(world: World) -> None:
        async with world.running(cleaning()):
            await world.outsider.create(podset())
            await settle()
            if hold:
                await world.outsider.patch(PodSet, "a", FOREIGN, type="json")
                await settle()
            caplog.clear()
            await then(world)
            await settle()

    with caplog.at_level(logging.DEBUG, "homeostat.controller"):
        scenario()
    return [
        (record.levelname, record.__dict__["outcome"])
        for record in caplog.records
        if hasattr(record, "outcome")
    ]


async def delete(world: World) -> None:
    await world.outsider.delete(PodSet, "a")


def test_clean_up_is_worth_a_line_and_what_is_gone_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert outcomes(caplog, delete) == [("INFO", "success"), ("DEBUG", "gone")]


def test_waiting_for_anothers_finalizer_is_not_worth_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = outcomes(caplog, delete, hold=True)
    assert found[0] == ("INFO", "success")
    assert set(found[1:]) <= {("DEBUG", "deleting")}

    async def touch(world: World) -> None:
        await delete(world)
        await settle()
        caplog.clear()
        labels = {"metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}}}
        await world.outsider.patch(PodSet, "a", labels)
        await world.outsider.patch(PodSet, "a", {"spec": {"size": 5}})

    assert outcomes(caplog, touch, hold=True) == [("DEBUG", "deleting")]


def test_clean_up_of_what_vanished_meanwhile_is_worth_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def vanish(world: World) -> None:
        nothing = {"metadata": {"finalizers": None}}
        world.wire.before_first(
            "PATCH", lambda: world.outsider.patch(PodSet, "a", nothing)
        )
        await delete(world)

    found = outcomes(caplog, vanish)
    assert found == [("INFO", "success"), ("DEBUG", "gone")]
