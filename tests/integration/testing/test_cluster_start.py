"""How a cluster of a test starts controllers, and how it ends."""

import asyncio
import threading
import time

import pytest

from homeostat import (
    Context,
    CustomResource,
    Spec,
    Status,
    Watch,
    controller,
    custom_resource,
)
from homeostat.api import GroupVersionKind, ObjectMeta, Unstructured
from homeostat.errors import ConfigError
from homeostat.k8s import core_v1
from homeostat.manager._manager import DRAIN
from homeostat.testing import Cluster, _cluster, eventually
from homeostat.testing._cluster import _Service

WIDGET = GroupVersionKind("example.com", "v1", "Widget")


@controller(core_v1.ConfigMap)
async def idle(_source: core_v1.ConfigMap, _ctx: Context) -> None: ...


@controller(WIDGET)
async def early(_widget: Unstructured, _ctx: Context) -> None:
    """Starts before its kind is there, which is for ever."""


def test_controllers_that_cannot_be_bound_are_told_at_once(cluster: Cluster) -> None:
    watch = Watch(core_v1.Pod, to=lambda *_: [])
    object.__setattr__(watch, "labels", "a in")  # what no check of Watch has seen

    @controller(core_v1.ConfigMap, watches=[watch])
    async def unbound(_source: core_v1.ConfigMap, _ctx: Context) -> None: ...

    with pytest.raises(ConfigError, match="controller 'unbound': unable to parse"):
        cluster.start(unbound)


def test_what_keeps_controllers_from_being_ready_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cluster, "START_TIMEOUT", 0.1)
    with pytest.raises(TimeoutError, match=r"^not ready in 0.1 s: .*Widget"):
        cluster.start(early)


def test_what_does_not_start_does_not_run(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    @controller(core_v1.ConfigMap)
    async def refused(source: core_v1.ConfigMap, _ctx: Context) -> None:
        ran.append(f"refused {source.metadata.name}")

    @controller(core_v1.ConfigMap)
    async def running(source: core_v1.ConfigMap, _ctx: Context) -> None:
        ran.append(f"running {source.metadata.name}")

    with monkeypatch.context() as patch:
        patch.setattr(_cluster, "START_TIMEOUT", 0.1)
        with pytest.raises(TimeoutError):
            cluster.start(refused, early)
    cluster.start(running)
    late = core_v1.ConfigMap(metadata=ObjectMeta(name="late"))
    cluster.call(lambda client: client.create(late))
    eventually(lambda: "running late" in ran)
    assert "refused late" not in ran


def test_what_died_amid_the_test_is_raised_at_its_end() -> None:
    async def die() -> None:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"), Cluster(profile="apiserver") as cluster:
        cluster._background.append(_Service(cluster._thread, die()))


def test_loop_of_a_cluster_ends_with_it() -> None:
    before = set(threading.enumerate())
    with Cluster() as cluster:
        cluster.start(idle)
        started = set(threading.enumerate()) - before
        loops = [each for each in started if each.name == "homeostat-cluster"]
        assert len(loops) == 1
    assert not loops[0].is_alive()


def test_cluster_that_has_ended_says_so() -> None:
    with Cluster(profile="apiserver") as cluster:
        pass
    with pytest.raises(RuntimeError, match="does not run"):
        cluster.call(lambda client: client.version())


def test_cluster_that_is_not_entered_says_so() -> None:
    cluster = Cluster()
    with pytest.raises(RuntimeError, match="use it in a with block"):
        cluster.call(lambda client: client.version())
    with pytest.raises(RuntimeError, match="use it in a with block"):
        _ = cluster.local


class GreetingSpec(Spec):
    name: str


@custom_resource(group="example.com", version="v1")
class Greeting(CustomResource[GreetingSpec, Status]): ...


def test_definitions_are_there_when_controllers_have_started(cluster: Cluster) -> None:
    seen: list[str] = []

    @controller(Greeting)
    async def greetings(greeting: Greeting, _ctx: Context) -> None:
        seen.append(greeting.spec.name)

    cluster.start(greetings)
    greeting = Greeting(metadata=ObjectMeta(name="a"), spec=GreetingSpec(name="World"))
    cluster.call(lambda client: client.create(greeting))
    eventually(lambda: seen == ["World"])


def test_reconcile_under_way_does_not_keep_a_test_from_ending() -> None:
    began, ended = threading.Event(), threading.Event()

    @controller(core_v1.ConfigMap)
    async def endless(_source: core_v1.ConfigMap, _ctx: Context) -> None:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    with Cluster() as cluster:
        cluster.start(endless)
        one = core_v1.ConfigMap(metadata=ObjectMeta(name="one"))
        cluster.call(lambda client: client.create(one))
        assert began.wait(10)
        leaving = time.monotonic()
    assert ended.is_set()
    assert time.monotonic() - leaving < DRAIN / 2


async def test_client_has_the_namespace_that_it_was_given(cluster: Cluster) -> None:
    async with cluster.client(namespace="kube-system") as client:
        made = await client.create(core_v1.ConfigMap(metadata=ObjectMeta(name="one")))
    assert made.metadata.namespace == "kube-system"
