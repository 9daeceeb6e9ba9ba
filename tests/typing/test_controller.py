"""What users write has the types that they expect, for both checkers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_type

from homeostat import (
    ALL,
    Context,
    CustomResource,
    Index,
    Result,
    Spec,
    Status,
    SyncContext,
    Watch,
    by_label,
    controller,
    custom_resource,
    generation_changed,
    labels_changed,
)
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.controller import ApplyResult, KindController, Operation, Outcome
from homeostat.k8s import apps_v1, core_v1

THING = GroupVersionKind("x.dev", "v1", "Thing")


class WidgetSpec(Spec):
    size: int = 1


class WidgetStatus(Status):
    ready: int = 0


@custom_resource(group="typing.dev", version="v1")
class Widget(CustomResource[WidgetSpec, WidgetStatus]):
    """A typed kind."""


by_node = Index(core_v1.Pod, path="spec.nodeName")


@controller(
    Widget,
    owns=[apps_v1.Deployment],
    watches=[Watch(core_v1.Pod, to=by_label("widget"), predicate=~labels_changed)],
    reads=[core_v1.ConfigMap, THING],
    predicate=generation_changed | labels_changed,
)
async def widgets(widget: Widget, ctx: Context) -> Result | None:
    assert_type(ctx.get(core_v1.Pod, "a"), core_v1.Pod)
    assert_type(ctx.find(core_v1.Pod, "a"), core_v1.Pod | None)
    assert_type(ctx.list(core_v1.Pod, namespace=ALL), Sequence[core_v1.Pod])
    assert_type(ctx.list(by_node["n1"]), Sequence[core_v1.Pod])
    assert_type(ctx.get(THING, "a"), Unstructured)
    assert_type(ctx.list(THING), Sequence[Unstructured])
    applied = await ctx.apply(apps_v1.Deployment(), owned=True)
    assert_type(applied, ApplyResult[apps_v1.Deployment])
    assert_type(applied.operation, Operation)
    assert_type(await ctx.update_status(widget), Widget)
    assert_type(await ctx.create(apps_v1.Deployment()), apps_v1.Deployment)
    assert_type(await ctx.delete(widget), bool)
    assert_type(await ctx.in_thread(len, "abc"), int)
    assert_type(ctx.clock.now(), datetime)
    assert_type(await ctx.client.get(Widget, "a"), Widget)
    return Result(requeue_after=5) if widget.spec.size else None


@widgets.finalizer("typing.dev/cleanup")
async def cleanup(widget: Widget, _ctx: Context) -> None:
    assert_type(widget.status.ready, int)


@controller(THING, name="things")
async def things(thing: dict[str, Any], _ctx: Context) -> None:
    assert_type(thing["spec"], Any)


@controller(Widget, name="threaded")
def threaded(widget: Widget, ctx: SyncContext) -> None:
    assert_type(ctx.get(core_v1.Pod, "a"), core_v1.Pod)
    assert_type(ctx.list(core_v1.Pod), Sequence[core_v1.Pod])
    assert_type(ctx.apply(widget), ApplyResult[Widget])
    assert_type(ctx.wait(ctx.client.get(Widget, "a")), Widget)
    assert_type(ctx.in_thread(len, "abc"), int)
    assert_type(ctx.clock.now(), datetime)


async def outcome_of(widget: Widget, cluster: Any) -> None:
    assert_type(await widgets.reconcile_once(cluster, widget), Outcome)


def test_decorators_keep_the_kind() -> None:
    assert_type(widgets, KindController[Widget])
    assert_type(things, KindController[Unstructured])
    assert_type(threaded, KindController[Widget])
    assert widgets.name == "widgets"
    assert [rule.group for rule in widgets.rules()] == sorted(
        rule.group for rule in widgets.rules()
    )
