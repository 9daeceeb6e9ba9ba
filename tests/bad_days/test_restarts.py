"""The API server is away for a while, starts again, or comes back without its data."""

import asyncio

import pytest

from homeostat.apiserver import ApiServer
from tests.bad_days.kinds import CONFIG_MAP, DEPLOYMENT, Set, make_sets, new_set
from tests.bad_days.world import SET, World
from tests.harness.kube import ControlPlane

embedded_only = pytest.mark.asyncio(loop_factories=["embedded"])
real_only = pytest.mark.asyncio(loop_factories=["real"])


async def test_connections_are_refused_for_a_while(world: World) -> None:
    async with world.operator(make_sets()) as operator:
        for name in ("a", "b"):
            await world.outsider.create(new_set(name, size=1))
            await world.whole(name, 1)
        operator.faults.down = True
        operator.faults.end_watches("broken")
        await world.outsider.patch(Set, "a", {"spec": {"size": 2}})
        await world.outsider.delete(DEPLOYMENT, "b")

        def unreachable() -> None:
            _, text = operator.manager.health.report("ready")
            assert "Unreachable" in text

        await world.until(unreachable)
        if world.kind == "embedded":
            asked = len(operator.faults.log)
            await asyncio.sleep(1800)
            assert len(operator.faults.log) - asked < 3 * 1800 / 3
        operator.faults.down = False
        await world.whole("a", 2)
        await world.whole("b", 1)
        await operator.quiet()


@embedded_only
async def test_down_at_the_start(world: World) -> None:
    async with world.operator(make_sets(), ready=False) as operator:
        await asyncio.sleep(0)
        operator.faults.down = True
        await world.outsider.create(new_set(size=1))
        await asyncio.sleep(600)
        operator.faults.down = False
        await world.whole("a", 1)
        await operator.quiet()


@embedded_only
@pytest.mark.parametrize("further", [0, 200], ids=["behind", "ahead"])
async def test_without_its_data(world: World, further: int) -> None:
    """Another history: its versions are behind those that are known, or ahead."""
    async with world.operator(make_sets()) as operator:
        for name in ("a", "gone"):
            await world.outsider.create(new_set(name, size=2))
            await world.whole(name, 2)
        world.server = ApiServer()
        world.outsider = world.client(world.transport(), "outsider")
        operator.faults.down = True
        operator.faults.end_watches("broken")
        operator.faults.connect(world.transport())
        await asyncio.sleep(5)
        await world.prepare()
        for n in range(further):
            await world.outsider.apply(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": f"f{n}"},
                }
            )
        await world.outsider.create(new_set("a", size=1))
        await world.outsider.create(new_set("b", size=1))
        operator.faults.down = False
        await world.whole("a", 1)
        await world.whole("b", 1)
        await world.lacks(CONFIG_MAP, "ledger-gone")
        await operator.quiet()


@pytest.mark.kube
@real_only
async def test_kube_restarts(private_control_plane: ControlPlane, world: World) -> None:
    async with world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        private_control_plane.restart_api()
        await world.whole("a", 1)
        await world.outsider.patch(Set, "a", {"spec": {"size": 2}})
        await world.whole("a", 2)
        await operator.quiet()


@pytest.mark.kube
@real_only
async def test_kube_restarts_without_its_data(
    private_control_plane: ControlPlane, world: World
) -> None:
    async with world.operator(make_sets()) as operator:
        for name in ("a", "gone"):
            await world.outsider.create(new_set(name, size=2))
            await world.whole(name, 2)
        private_control_plane.wipe()
        await world.until(world.prepare)
        await world.outsider.create(new_set("a", size=1))
        await world.whole("a", 1)
        await world.lacks(SET, "gone")
        await world.lacks(CONFIG_MAP, "ledger-gone")
        await operator.quiet()
