"""409 on every update for a while."""

import asyncio
import logging

import pytest

from homeostat._transport import HttpRequest
from tests.bad_days.faults import Fire, Refuse
from tests.bad_days.kinds import CONFIG_MAP, Set, make_sets, new_set
from tests.bad_days.world import World

CONFLICT = Refuse(409, "Conflict", "the object has been modified")
embedded_only = pytest.mark.asyncio(loop_factories=["embedded"])


async def test_every_update_conflicts_for_a_while(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says Conflict though nothing has changed; the key waits and tries."""
    async with world.operator(make_sets()) as operator:
        updates = operator.faults.add(CONFLICT, "update", times=3)
        await world.outsider.create(new_set(size=2))
        await world.whole("a", 2)
        assert updates.hits == 3
        await operator.quiet()
        creates = [w for w in operator.faults.writes() if w.startswith("create")]
        assert len(creates) == 3  # the ledger and two members, each once
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


@embedded_only
async def test_an_hour_of_conflicts_is_no_storm(world: World) -> None:
    async with world.operator(make_sets()) as operator:
        rule = operator.faults.always(CONFLICT, "update")
        await world.outsider.create(new_set(size=2))
        await asyncio.sleep(3600)
        assert 60 < rule.hits < 200
        operator.faults.rules.clear()
        await world.whole("a", 2)
        await operator.quiet()


async def test_somebody_else_is_always_first(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Real conflicts: each update meets a newer version; the wake-up is the watch."""
    bumps = 0

    async def bump(_request: HttpRequest) -> None:
        nonlocal bumps
        bumps += 1
        patch = {"metadata": {"annotations": {"bumps": str(bumps)}}}
        await world.outsider.patch(CONFIG_MAP, "ledger-a", patch)

    async with world.operator(make_sets()) as operator:
        rule = operator.faults.add(
            Fire(before=bump), "update", "*/configmaps/ledger-a", times=6
        )
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        assert rule.hits == 6
        ledger = await world.outsider.get(CONFIG_MAP, "ledger-a")
        assert ledger["metadata"]["annotations"] == {"bumps": "6"}  # not overwritten
        await operator.quiet()
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


async def test_somebody_else_writes_the_same_status(world: World) -> None:
    bumps = 0

    async def bump(_request: HttpRequest) -> None:
        nonlocal bumps
        bumps += 1
        patch = {"status": {"nodes": [str(bumps)], "foreign": bumps}}
        await world.outsider.patch(Set, "a", patch, subresource="status")

    async with world.operator(make_sets()) as operator:
        rule = operator.faults.add(Fire(before=bump), "patch", "*/status", times=5)
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        await operator.quiet()
        assert rule.hits
        kind = operator.bindings[0]._primary.gvk
        status = (await world.outsider.get(kind, "a"))["status"]
        assert status["foreign"] == bumps
        assert status["nodes"] == [str(bumps)]


async def test_finalizers_conflict(world: World) -> None:
    """The list of finalizers is changed under the patch that adds ours."""

    async def hold(_request: HttpRequest) -> None:
        patch = {"metadata": {"finalizers": ["other.dev/hold"]}}
        await world.outsider.patch(Set, "a", patch)

    async with world.operator(make_sets()) as operator:
        operator.faults.add(Fire(before=hold), "patch", "*/sets/a")
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        found = await world.outsider.get(Set, "a")
        assert sorted(found.metadata.finalizers or ()) == [
            "baddays.dev/cleanup",
            "other.dev/hold",
        ]
        await operator.quiet()
