"""What users wrote raises, hangs, or blocks the loop."""

import asyncio
import logging
from collections.abc import Iterable, Iterator

import pytest

from homeostat import Context, Request, Watch, controller
from homeostat.cache import Reader, Record
from homeostat.controller import LogFields, predicate
from tests.bad_days.kinds import CONFIG_MAP, Set, config_map, make_sets, new_set
from tests.bad_days.world import World


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log, with the fields that the library's own handler shows."""
    fields = LogFields()
    caplog.handler.addFilter(fields)
    yield caplog
    caplog.handler.removeFilter(fields)


async def test_a_reconciler_raises_for_one_object(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    runs: dict[str, int] = {}

    @controller(Set, name="raises")
    async def raises(found: Set, ctx: Context) -> None:
        name = found.metadata.name
        runs[name] = runs.get(name, 0) + 1
        if name == "bad" and runs[name] < 6:
            raise ValueError("boom")
        found.status.ready = 7
        await ctx.update_status(found)

    async with world.operator(raises) as operator:
        await world.outsider.create(new_set("bad"))
        await world.outsider.create(new_set("good"))

        async def done() -> None:
            for name in ("bad", "good"):
                assert (await world.outsider.get(Set, name)).status.ready == 7

        await world.until(done)
        await operator.quiet()
    assert runs == {"bad": 6, "good": 1}
    # Other controllers of the process, in other clusters, may fail meanwhile.
    failed = [r for r in caplog.records if r.__dict__.get("error") == "boom"]
    assert len(failed) == 5
    assert failed[0].exc_info is not None


async def test_predicates_and_map_functions_that_raise(world: World) -> None:
    """A predicate that raises lets pass; a map function is called again."""
    runs: list[str] = []
    failing = 3

    @predicate
    def broken(_old: Record | None, _new: Record | None) -> bool:
        raise RuntimeError("predicate")

    def flaky(record: Record, _reader: Reader) -> Iterable[Request]:
        nonlocal failing
        failing -= 1
        if failing >= 0:
            raise RuntimeError("map")
        return [Request(record.namespace, record.labels["set"])]

    @controller(
        Set, name="guarded", predicate=broken, watches=[Watch(CONFIG_MAP, to=flaky)]
    )
    async def guarded(found: Set, _ctx: Context) -> None:
        runs.append(found.metadata.name)

    await world.outsider.create(config_map("there", of="a"))
    async with world.operator(guarded, make_sets(), ready=False) as operator:
        await world.outsider.create(new_set("a", size=1))
        await world.whole("a", 1)
        await operator.quiet()
        for number in range(3):
            runs.clear()
            failing = 3
            await world.outsider.patch(
                CONFIG_MAP, "there", {"data": {"n": str(number)}}
            )

            def again() -> None:
                assert runs == ["a"]

            await world.until(again)
        failing = 3
        await world.outsider.delete(CONFIG_MAP, "there")

        def once_more() -> None:
            assert runs == ["a", "a"]

        await world.until(once_more)
        await operator.quiet()


async def test_a_reconciler_that_hangs_is_named(
    world: World, log: pytest.LogCaptureFixture
) -> None:
    hanging = asyncio.Event()
    done: list[str] = []

    @controller(Set, name="hangs", max_concurrent_reconciles=2, deadline=3600.0)
    async def hangs(found: Set, _ctx: Context) -> None:
        name = found.metadata.name
        if name == "stuck" and not hanging.is_set():
            hanging.set()
            await asyncio.Event().wait()
        done.append(name)

    def slow() -> list[logging.LogRecord]:
        return [r for r in log.records if "still running" in r.getMessage()]

    async with world.operator(hangs, make_sets()) as operator:
        await world.outsider.create(new_set("stuck"))
        await world.outsider.create(new_set("good"))
        await hanging.wait()
        for name in ("stuck", "good"):  # others go on
            await world.whole(name, 1)
        await world.until(lambda: "good" in done)  # of the same controller, too
        assert not slow()
        await world.later(61)
        [named] = slow()
        assert named.levelno == logging.WARNING
        assert named.__dict__["duration_s"] == 60.0
        assert named.__dict__["object_name"] == "stuck"
        assert operator.bindings[0].engine.queue.snapshot().leased
        # Its deadline ends it; it is tried again, and then it works.
        await world.later(3700)
        await world.until(lambda: "stuck" in done)
        await operator.quiet()


async def test_a_reconciler_that_blocks_the_loop_is_named(
    world: World, log: pytest.LogCaptureFixture
) -> None:
    @controller(Set, name="blocks")
    async def blocks(_found: Set, _ctx: Context) -> None:
        world.block(20.0)  # as time.sleep(20) does

    def named() -> None:
        # Others may be slow on a busy machine; not as slow.
        found = [
            r.__dict__["controller"]
            for r in log.records
            if "blocked" in r.getMessage() and r.__dict__["duration_s"] >= 20.0
        ]
        assert found == ["blocks"]

    with log.at_level(logging.INFO):
        async with world.operator(blocks) as operator:
            await world.outsider.create(new_set())
            await world.until(named)
            await operator.quiet()


async def test_a_reconciler_cancels_itself(world: World) -> None:
    """A CancelledError of the user's own does not end the worker."""
    runs: list[str] = []

    @controller(Set, name="cancels")
    async def cancels(found: Set, _ctx: Context) -> None:
        runs.append(found.metadata.name)
        if len(runs) < 3:
            raise asyncio.CancelledError

    async with world.operator(cancels) as operator:
        await world.outsider.create(new_set())

        def survived() -> None:
            assert runs == ["a", "a", "a"]

        await world.until(survived)
        await operator.quiet()
