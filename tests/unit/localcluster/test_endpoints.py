"""How many endpoints are spread over slices and subsets."""

from homeostat.api import ObjectMeta, OwnerReference
from homeostat.k8s import core_v1, discovery_v1
from homeostat.localcluster._endpoints_slices import SlicePlan, plan_slices
from homeostat.localcluster._endpoints_subsets import subsets_of, truncate

NODES = {"n": core_v1.Node(metadata=ObjectMeta(name="n"))}
SERVICE = core_v1.Service(
    metadata=ObjectMeta(name="web", namespace="x", uid="s"),
    spec=core_v1.ServiceSpec(
        cluster_ip="10.0.0.1",
        ports=[core_v1.ServicePort(port=80, target_port=80, protocol="TCP")],
    ),
)


def pods(*numbers: int, ready: bool = True) -> list[core_v1.Pod]:
    status = "True" if ready else "False"
    return [
        core_v1.Pod(
            metadata=ObjectMeta(name=f"p{n}", namespace="x", uid=f"p{n}"),
            spec=core_v1.PodSpec(node_name="n"),
            status=core_v1.PodStatus(
                phase="Running",
                pod_ips=[core_v1.PodIP(ip=f"10.1.{n >> 8}.{n & 255}")],
                conditions=[core_v1.PodCondition(type="Ready", status=status)],
            ),
        )
        for n in numbers
    ]


def plan(
    items: list[core_v1.Pod], existing: list[discovery_v1.EndpointSlice]
) -> SlicePlan:
    return plan_slices(SERVICE, items, NODES, existing)


def stored(made: SlicePlan) -> list[discovery_v1.EndpointSlice]:
    owner = OwnerReference(api_version="v1", kind="Service", name="web", uid="s")
    for number, each in enumerate(made.create):
        each.metadata.name = f"web-{number}"
        each.metadata.owner_references = [owner]
    return made.create


def sizes(items: list[discovery_v1.EndpointSlice]) -> list[int]:
    return sorted(len(each.endpoints) for each in items)


def test_slices_hold_a_hundred_and_few_of_them_change() -> None:
    slices = stored(plan(pods(*range(230)), []))
    assert sizes(slices) == [30, 100, 100]
    same = plan(pods(*range(230)), slices)
    assert same == SlicePlan()
    # One that is new goes where there is room, one that goes leaves room behind.
    more = plan(pods(*range(231)), slices)
    assert (sizes(more.update), more.create) == ([31], [])
    fewer = plan(pods(*range(1, 231)), slices)
    assert (sizes(fewer.update), fewer.create) == ([99], [])
    # Those that are new stay together.
    refilled = plan(pods(*range(1, 240)), slices)
    assert (sizes(refilled.update), refilled.create) == ([40], [])


def test_last_slice_stays_empty() -> None:
    slices = stored(plan(pods(1), []))
    emptied = plan([], slices)
    assert (sizes(emptied.update), emptied.create, emptied.delete) == ([0], [], [])
    same = plan([], slices)
    assert same == SlicePlan()


def test_slice_of_a_former_service_of_the_name_goes() -> None:
    slices = stored(plan(pods(1), []))
    slices[0].metadata.owner_references[0].uid = "former"
    made = plan(pods(1), slices)
    assert (sizes(made.create), made.delete, made.update) == ([1], slices, [])


def test_pod_on_an_unknown_node_waits() -> None:
    made = plan_slices(SERVICE, pods(1), {}, [])
    assert (sizes(made.create), made.homeless) == ([0], True)


def test_endpoints_are_cut_and_those_that_are_ready_stay() -> None:
    subsets = subsets_of(
        SERVICE, pods(*range(600)) + pods(*range(600, 1200), ready=False)
    )
    assert truncate(subsets)
    [subset] = subsets
    assert (len(subset.addresses), len(subset.not_ready_addresses)) == (600, 400)
    subsets = subsets_of(SERVICE, pods(*range(1001)) + pods(2000, ready=False))
    assert truncate(subsets)
    [subset] = subsets
    assert (len(subset.addresses), subset.not_ready_addresses) == (1000, [])
    assert not truncate(subsets)
