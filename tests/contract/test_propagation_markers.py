"""propagationPolicy becomes a finalizer, which the garbage collector honours."""

from typing import Any

import pytest

from tests.harness.objects import config_map, finalized
from tests.harness.server import Server

FOREGROUND = "foregroundDeletion"
_PRESERVED = (
    "child pods are preserved by default when jobs are deleted; set "
    "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to "
    "suppress this warning"
)


async def _delete(server: Server, create: Any, *options: Any) -> Any:
    (await server.post(server.core("configmaps"), create)).ok(201)
    item = None
    for body in options:
        item = (await server.delete(server.core("configmaps/a"), body)).ok()
    return item


@pytest.mark.parametrize(
    ("policy", "finalizer"),
    [("Orphan", "orphan"), ("Foreground", "foregroundDeletion")],
)
async def test_policy_holds_the_object(
    server: Server, policy: str, finalizer: str
) -> None:
    item = await _delete(server, config_map("a"), {"propagationPolicy": policy})
    assert item["metadata"]["finalizers"] == [finalizer]
    assert item["metadata"]["deletionGracePeriodSeconds"] == 0


async def test_policy_in_the_query_counts(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.delete(
        server.core("configmaps/a"), propagationPolicy="Foreground"
    )
    assert answer.ok()["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_background_removes_at_once(server: Server) -> None:
    item = await _delete(server, config_map("a"), {"propagationPolicy": "Background"})
    assert item["status"] == "Success"


async def test_policy_is_added_to_other_finalizers(server: Server) -> None:
    item = await _delete(server, finalized("a"), {"propagationPolicy": "Foreground"})
    assert item["metadata"]["finalizers"] == ["example.com/hold", "foregroundDeletion"]


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [
        ("Orphan", ["example.com/hold", "orphan"]),
        ("Background", ["example.com/hold"]),
    ],
)
async def test_later_policy_replaces_the_earlier(
    server: Server, policy: str, finalizers: list[str]
) -> None:
    first, second = {"propagationPolicy": "Foreground"}, {"propagationPolicy": policy}
    item = await _delete(server, finalized("a"), first, second)
    assert item["metadata"]["finalizers"] == finalizers


async def test_later_background_removes_a_waiting_object(server: Server) -> None:
    first = {"propagationPolicy": "Foreground"}
    second = {"propagationPolicy": "Background"}
    item = await _delete(server, config_map("a"), first, second)
    assert item["status"] == "Success"
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")


async def test_finalizer_that_is_there_wins_over_the_default(server: Server) -> None:
    item = await _delete(server, finalized("a", "orphan"), None)
    assert item["metadata"]["finalizers"] == ["orphan"]


async def test_orphan_dependents_true_is_orphan(server: Server) -> None:
    item = await _delete(server, config_map("a"), {"orphanDependents": True})
    assert item["metadata"]["finalizers"] == ["orphan"]


async def test_orphan_dependents_false_is_background(server: Server) -> None:
    item = await _delete(server, config_map("a"), {"orphanDependents": False})
    assert item["status"] == "Success"


@pytest.mark.parametrize("finalizer", ["orphan", "foregroundDeletion"])
async def test_marker_removed_removes_the_object(
    server: Server, finalizer: str
) -> None:
    policy = "Orphan" if finalizer == "orphan" else "Foreground"
    await _delete(server, config_map("a"), {"propagationPolicy": policy})
    patch = {"metadata": {"finalizers": None}}
    await server.merge(server.core("configmaps/a"), patch)
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")


async def test_jobs_leave_their_pods_behind_when_nobody_says_otherwise(
    server: Server,
) -> None:
    path = server.path("batch/v1", "jobs")
    for name in "abc":
        (await server.post(path, _job(name))).ok(201)
    left = await server.delete(f"{path}/a")
    assert left.ok()["metadata"]["finalizers"] == ["orphan"]
    assert left.warnings == [_PRESERVED]
    said = await server.delete(f"{path}/b", {"propagationPolicy": "Background"})
    assert said.ok()["status"] == "Success"
    assert said.warnings == []
    # A finalizer that is there decides as well, and the warning comes all the same.
    await server.merge(f"{path}/c", {"metadata": {"finalizers": [FOREGROUND]}})
    some = await server.delete(path, fieldSelector="metadata.name=c")
    assert [each["metadata"]["name"] for each in some.ok()["items"]] == ["c"]
    assert some.warnings == [_PRESERVED]
    kept = (await server.get(f"{path}/c")).ok()
    assert kept["metadata"]["finalizers"] == [FOREGROUND]


async def test_replication_controllers_leave_their_pods_behind_in_silence(
    server: Server,
) -> None:
    item = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "a"},
        "spec": {
            "selector": {"app": "a"},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }
    path = server.core("replicationcontrollers")
    (await server.post(path, item)).ok(201)
    left = await server.delete(f"{path}/a")
    assert left.ok()["metadata"]["finalizers"] == ["orphan"]
    assert left.warnings == []


def _job(name: str) -> Any:
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": pod}},
    }
