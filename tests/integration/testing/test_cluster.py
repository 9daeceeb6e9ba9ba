import asyncio
import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from homeostat import Context, controller
from homeostat.api import CustomResource, ObjectMeta, Spec, Status, custom_resource
from homeostat.client import Client
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster import Profile
from homeostat.testing import Cluster, eventually


def config(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=ObjectMeta(name=name), data=data)


@controller(core_v1.ConfigMap)
async def copies(source: core_v1.ConfigMap, ctx: Context) -> None:
    if source.metadata.labels.get("copy") != "yes":
        return
    copy = config(f"{source.metadata.name}-copy", **source.data)
    await ctx.apply(copy, owned=True)


def test_call_reads_and_writes(cluster: Cluster) -> None:
    cluster.call(lambda client: client.create(config("a", x="1")))
    found = cluster.call(lambda client: client.get(core_v1.ConfigMap, "a"))
    assert found.data == {"x": "1"}


def test_errors_reach_the_caller(cluster: Cluster) -> None:
    with pytest.raises(NotFoundError, match='configmaps "a" not found'):
        cluster.call(lambda client: client.get(core_v1.ConfigMap, "a"))


def test_each_cluster_is_fresh(cluster: Cluster) -> None:
    with Cluster() as other:
        other.call(lambda client: client.create(config("a")))
        with pytest.raises(NotFoundError):
            cluster.call(lambda client: client.get(core_v1.ConfigMap, "a"))


def test_controllers_run_until_the_test_ends(cluster: Cluster) -> None:
    cluster.start(copies)
    source = config("a", x="1")
    source.metadata.labels = {"copy": "yes"}
    cluster.call(lambda client: client.create(source))

    def copied() -> None:
        copy = cluster.call(lambda client: client.get(core_v1.ConfigMap, "a-copy"))
        assert copy.data == {"x": "1"}

    eventually(copied)


async def test_client_works_on_the_tests_own_loop(cluster: Cluster) -> None:
    async with cluster.client() as client, client.watch(core_v1.ConfigMap) as events:
        await client.create(config("a"))
        async for event in events:
            if event.object.metadata.name == "a":
                assert event.type == "ADDED"
                break


def test_url_serves_http(cluster: Cluster) -> None:
    with urlopen(f"{cluster.url}/version", timeout=5) as answer:
        assert json.load(answer)["major"] == "1"


def test_kubeconfig_points_at_the_server(cluster: Cluster) -> None:
    assert cluster.url in cluster.kubeconfig.read_text()
    first = cluster.kubeconfig
    assert cluster.kubeconfig == first  # one file, however often


def test_kubeconfig_is_removed_with_the_cluster() -> None:
    with Cluster() as running:
        path = running.kubeconfig
        assert path.exists()
    assert not Path(path).exists()


def test_controllers_of_the_cluster_profile_run(cluster: Cluster) -> None:
    namespace = core_v1.Namespace(metadata=ObjectMeta(name="short-lived"))
    cluster.call(lambda client: client.create(namespace))
    cluster.call(lambda client: client.delete(core_v1.Namespace, "short-lived"))

    def gone() -> None:
        with pytest.raises(NotFoundError):
            cluster.call(lambda client: client.get(core_v1.Namespace, "short-lived"))

    eventually(gone)


def test_plugin_gives_the_fixture_without_any_import(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(cluster):\n"
        "    assert cluster.call(lambda c: c.version())['major'] == '1'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_loads_the_controllers_in_the_thread_of_the_test(tmp_path: Path) -> None:
    # Elsewhere pytest's own parsing could fail, which is nothing for a thread beside.
    code = """
import sys, threading

class Watching:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("homeostat.localcluster"):
            assert threading.current_thread() is threading.main_thread(), name

sys.meta_path.insert(0, Watching())
from homeostat.testing import Cluster, eventually
from homeostat.k8s import core_v1
with Cluster() as cluster:
    eventually(lambda: cluster.call(lambda c: c.get(core_v1.Namespace, "default")))
    cluster.settle()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_nodes_are_as_many_as_asked_for() -> None:
    with Cluster(nodes=3) as cluster:

        def there() -> None:
            assert len(cluster.call(lambda client: client.list(core_v1.Node))) == 3

        eventually(there)


@pytest.mark.parametrize(
    ("profile", "alive"), [("cluster", True), ("apiserver", False)]
)
def test_profile_says_what_runs(profile: Profile, *, alive: bool) -> None:
    async def running(_client: Client) -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks()}

    with Cluster(profile=profile) as cluster:
        names = cluster.call(running)
        assert ("localcluster/controllers" in names) is alive


@custom_resource(group="testing.example.com", version="v1")
class Unserved(CustomResource[Spec, Status]):
    """Never gets as far as a reconcile."""


@controller(Unserved)
async def never_run(obj: Unserved, ctx: Context) -> None:
    raise AssertionError(obj, ctx)


def test_definition_that_is_not_served_in_time_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.testing._cluster.START_TIMEOUT", 0.0)
    with pytest.raises(TimeoutError, match="no definition for one of Unserved"):
        cluster.start(never_run)
