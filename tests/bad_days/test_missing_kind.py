"""The CustomResourceDefinition is missing when the operator starts."""

import logging

import pytest

from homeostat import Context, CustomResource, controller, custom_resource
from homeostat.api import GroupVersionKind
from tests.bad_days.kinds import (
    CRDS,
    SetSpec,
    SetStatus,
    crd_of,
    make_sets,
    new_set,
)
from tests.bad_days.world import World


async def test_a_kind_that_appears_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    group = f"{world.namespace}.dev"

    @custom_resource(group=group, version="v1", kind="Set", plural="sets")
    class Late(CustomResource[SetSpec, SetStatus]):
        pass

    @controller(Late, name="late")
    async def late(found: Late, ctx: Context) -> None:
        found.status.ready = found.spec.size
        await ctx.update_status(found)

    gvk = GroupVersionKind(group, "v1", "Set")
    async with world.operator(late, make_sets(), ready=False) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)  # the other one works

        def missing() -> None:
            ready, text = operator.manager.health.report("ready")
            assert not ready
            assert "[-]controller/late failed: " in text
            assert f"{group}/v1" in text
            assert "CustomResourceDefinition" in text
            assert "[+]controller/sets ok" in text

        await world.until(missing)
        assert [r for r in caplog.records if r.levelno == logging.WARNING]

        await world.install(crd_of(group))
        made = {**new_set(size=3), "apiVersion": f"{group}/v1"}
        await world.outsider.create(made)

        async def reconciled() -> None:
            found = await world.outsider.get(gvk, "a")
            assert found["status"]["ready"] == 3
            assert operator.manager.health.report("ready")[0]

        await world.until(reconciled)
        await operator.quiet()

        # Taken away again while it works, with its objects, and brought back.
        await world.outsider.delete(CRDS, f"sets.{group}")
        await world.until(lambda: world.lacks(CRDS, f"sets.{group}"))
        await world.outsider.patch(
            GroupVersionKind("baddays.dev", "v1", "Set"), "a", {"spec": {"size": 2}}
        )
        await world.whole("a", 2)
        await world.install(crd_of(group))
        await world.outsider.create(made)
        await world.until(reconciled)
        await operator.quiet()
