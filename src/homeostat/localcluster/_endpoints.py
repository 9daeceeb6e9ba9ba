"""The EndpointSlice and the Endpoints controller: who stands behind a Service.

Source: kubernetes ``pkg/controller/endpointslice``, ``pkg/controller/endpoint``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from homeostat.api import ObjectMeta, Request, Time
from homeostat.cache import Reader, Record
from homeostat.controller import (
    Context,
    KindController,
    Result,
    Watch,
    by_name,
    controller,
    generation_changed,
    labels_changed,
    predicate,
)
from homeostat.errors import ApiError
from homeostat.k8s import core_v1, discovery_v1
from homeostat.localcluster._endpoints_pods import (
    TRIGGER_TIME,
    TriggerTimes,
    is_served,
    labels_of,
)
from homeostat.localcluster._endpoints_slices import (
    MANAGED_BY,
    MANAGER,
    SERVICE,
    plan_slices,
)
from homeostat.localcluster._endpoints_subsets import subsets_of, truncate

__all__ = ["endpoint_slices", "endpoints"]

OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
ENDPOINTS_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
# Until a node is looked for again that a pod names and nobody knows.
HOMELESS = 1.0  # seconds


def _selecting(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a pod to the Services that select it."""
    for service in reader.list(core_v1.Service, namespace=record.namespace):
        selector = service.spec.selector
        if selector and selector.items() <= record.labels.items():
            yield Request(record.namespace, service.metadata.name)


def _of_slice(record: Record, _reader: Reader) -> Iterable[Request]:
    """Map a slice of this controller's to its Service."""
    if record.labels.get(MANAGED_BY) == MANAGER and SERVICE in record.labels:
        yield Request(record.namespace, record.labels[SERVICE])


def endpoint_slices() -> KindController[core_v1.Service]:
    """Return an EndpointSlice controller."""
    times = TriggerTimes()

    @controller(
        core_v1.Service,
        name="endpointslice-controller",
        watches=[
            Watch(core_v1.Pod, to=_selecting),
            Watch(discovery_v1.EndpointSlice, to=_of_slice),
        ],
        reads=[core_v1.Node],
        predicate=generation_changed | labels_changed,
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def slices(service: core_v1.Service, ctx: Context) -> Result | None:
        """Bring the slices where the Service's pods are."""
        if not is_served(service):
            return None
        pods = _pods(service, ctx)
        labels = f"{SERVICE}={service.metadata.name},{MANAGED_BY}={MANAGER}"
        found = ctx.list(discovery_v1.EndpointSlice, labels=labels)
        existing = [each for each in found if not each.metadata.deletion_timestamp]
        nodes = {node.metadata.name: node for node in ctx.list(core_v1.Node)}
        moment = times.note(service, pods)
        plan = plan_slices(service, pods, nodes, existing)
        if not service.metadata.deletion_timestamp:
            for each in plan.create:
                _stamp(each.metadata, moment)
                if not await _create(each, ctx, owned=True):
                    return None
        for each in plan.update:
            _stamp(each.metadata, moment)
            await ctx.update(each)
        for each in plan.delete:
            await ctx.delete(each)
        return Result(requeue_after=HOMELESS) if plan.homeless else None

    return slices


def endpoints() -> Sequence[KindController[Any]]:
    """Return an Endpoints controller: what writes them, and what takes them away."""
    times = TriggerTimes()

    @controller(
        core_v1.Service,
        name="endpoints-controller",
        watches=[
            Watch(core_v1.Pod, to=_selecting),
            Watch(core_v1.Endpoints, to=by_name()),
        ],
        predicate=generation_changed | labels_changed,
        max_concurrent_reconciles=4,
    )
    async def write(service: core_v1.Service, ctx: Context) -> None:
        """Bring the Endpoints where the Service's pods are."""
        if is_served(service):
            pods = _pods(service, ctx)
            await _write(service, pods, times.note(service, pods), ctx)

    return [write, _bereft]


async def _write(
    service: core_v1.Service,
    pods: Iterable[core_v1.Pod],
    moment: datetime | None,
    ctx: Context,
) -> None:
    subsets = subsets_of(service, pods)
    is_cut = truncate(subsets)
    labels = labels_of(service, {ENDPOINTS_MANAGED_BY: "endpoint-controller"})
    known = ctx.find(core_v1.Endpoints, service.metadata.name)
    item = known or core_v1.Endpoints(
        metadata=ObjectMeta(
            name=service.metadata.name, namespace=service.metadata.namespace
        )
    )
    notes = item.metadata.annotations
    same = item.subsets == subsets and (OVER_CAPACITY in notes) is is_cut
    if known and same and item.metadata.labels == labels:
        return
    item.subsets, item.metadata.labels = subsets, labels
    _stamp(item.metadata, moment)
    notes.pop(OVER_CAPACITY, None)
    if is_cut:
        notes[OVER_CAPACITY] = "truncated"
    if known:
        await ctx.update(item)
    else:
        await _create(item, ctx)


@predicate
def _gone(_old: Record | None, new: Record | None) -> bool:
    return new is None


@predicate
def _never(_old: Record | None, _new: Record | None) -> bool:
    return False


@controller(
    core_v1.Endpoints,
    name="endpoints-controller-bereft",
    watches=[Watch(core_v1.Service, to=by_name(), predicate=_gone)],
    predicate=_never,
)
async def _bereft(item: core_v1.Endpoints, ctx: Context) -> None:
    """Delete the Endpoints of a Service that is gone: nothing owns them."""
    if ctx.find(core_v1.Service, item.metadata.name) is None:
        await ctx.delete(item)


def _pods(service: core_v1.Service, ctx: Context) -> Sequence[core_v1.Pod]:
    return list(ctx.list(core_v1.Pod, labels=_text(service.spec.selector)))


def _text(selector: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _stamp(meta: ObjectMeta, moment: datetime | None) -> None:
    """Say since when the endpoints were out of date."""
    meta.annotations.pop(TRIGGER_TIME, None)
    if moment is not None:
        meta.annotations[TRIGGER_TIME] = str(Time.of(moment))


async def _create(
    item: core_v1.Endpoints | discovery_v1.EndpointSlice,
    ctx: Context,
    *,
    owned: bool = False,
) -> bool:
    """Create an object; return False where none can be created ever again."""
    try:
        await ctx.create(item, owned=owned)
    except ApiError as error:
        if not error.is_namespace_terminating:
            raise
        return False
    return True
