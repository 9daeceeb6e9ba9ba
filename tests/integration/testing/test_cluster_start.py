"""How a cluster of a test starts controllers, and how it ends."""

import threading

import pytest

from homeostat import Context, Watch, controller
from homeostat.api import GroupVersionKind, ObjectMeta, Unstructured
from homeostat.errors import ConfigError
from homeostat.k8s import core_v1
from homeostat.testing import Cluster, _cluster, eventually

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
        cluster._background.append(cluster._thread.submit(die()))


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
