"""RBAC forbids one of two kinds: the other controller works, the message helps."""

import asyncio

import pytest

from homeostat import Context, controller
from homeostat.api import GroupVersionKind
from tests.bad_days.faults import Refuse
from tests.bad_days.kinds import CONFIG_MAP, DEPLOYMENT, deployment
from tests.bad_days.world import World

ROLE = GroupVersionKind("rbac.authorization.k8s.io", "v1", "Role")
ROLE_BINDING = GroupVersionKind("rbac.authorization.k8s.io", "v1", "RoleBinding")
USER = "jane"


@controller(DEPLOYMENT, name="forbidden")
async def forbidden(found: dict[str, object], ctx: Context) -> None:
    await ctx.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"of-{ctx.request.name}"},
        }
    )


@controller(CONFIG_MAP, name="allowed")
async def allowed(found: dict[str, object], ctx: Context) -> None:
    if ctx.request.name == "seen":
        return
    names = sorted(m["metadata"]["name"] for m in ctx.list(CONFIG_MAP))
    await ctx.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "seen"},
            "data": {"names": ",".join(names)},
        }
    )


async def test_a_forbidden_kind(world: World, caplog: pytest.LogCaptureFixture) -> None:
    where = f'in the namespace "{world.namespace}"'
    if world.kind == "real":
        await allow(world, ("", "configmaps"))
    async with world.operator(forbidden, allowed, user=USER, ready=False) as operator:
        rules = []
        if world.kind == "embedded":
            for verb, said in (("watch", "watch"), ("get", "list")):
                message = (
                    f'deployments.apps is forbidden: User "{USER}" cannot {said} '
                    f'resource "deployments" in API group "apps" {where}'
                )
                refuse = Refuse(403, "Forbidden", message)
                rules.append(operator.faults.always(refuse, verb, "*/deployments"))
        await world.outsider.create(deployment("web", 1))
        await world.outsider.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
        )

        async def works() -> None:
            seen = await world.outsider.get(CONFIG_MAP, "seen")
            assert "c" in seen["data"]["names"]

        await world.until(works)

        def named() -> None:
            ready, text = operator.manager.health.report("ready")
            assert not ready
            assert "[+]controller/allowed ok" in text
            [line] = [each for each in text.splitlines() if "/forbidden" in each]
            assert "[-]controller/forbidden failed: " in line
            for word in ("deployments", f"namespace {world.namespace}", where):
                assert word in line
            assert "cannot watch" in line or "cannot list" in line

        await world.until(named)
        warned = [r for r in caplog.records if "deployments" in r.getMessage()]
        assert world.namespace in warned[0].getMessage()
        if world.kind == "embedded":  # an hour of it: said once, asked seldom
            asked = len(operator.faults.log)
            await asyncio.sleep(3600)
            assert len(operator.faults.log) - asked < 600
            assert len([r for r in caplog.records if "cannot" in r.getMessage()]) == 1
            operator.faults.rules.clear()
        else:
            await allow(world, ("", "configmaps"), ("apps", "deployments"))

        async def healed() -> None:
            await world.outsider.get(CONFIG_MAP, "of-web")
            assert operator.manager.health.report("ready")[0]

        await world.until(healed)
        await operator.quiet()


async def test_a_right_is_taken_away_while_it_works(world: World) -> None:
    """Writes are refused for a while: that key fails, says why, and comes through."""
    if world.kind == "real":
        await allow(world, ("", "configmaps"), ("apps", "deployments"))
    async with world.operator(forbidden, allowed, user=USER) as operator:
        operator.faults.add(
            Refuse(403, "Forbidden", "injected: cannot patch configmaps"),
            "apply",
            "*/of-web",
            times=5,
        )
        await world.outsider.create(deployment("web", 1))

        async def done() -> None:
            await world.outsider.get(CONFIG_MAP, "of-web")

        await world.until(done)
        await operator.quiet()


async def allow(world: World, *resources: tuple[str, str]) -> None:
    """Let the user do everything with some resources in the namespace."""
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": ["*"]}
        for group, resource in resources
    ]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "operator"},
        "rules": rules,
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "operator"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": "operator",
        },
        "subjects": [{"kind": "User", "name": USER}],
    }
    await world.outsider.apply(role)
    await world.outsider.apply(binding)
