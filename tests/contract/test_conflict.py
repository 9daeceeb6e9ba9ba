"""Optimistic locking: resource versions and uids that do not match."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import Server

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version"
    " and try again"
)


@pytest.fixture
async def stale(server: Server) -> Any:
    """A ConfigMap as it was before its last change."""
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    (await server.put(server.core("configmaps/a"), config_map("a", {"x": "2"}))).ok()
    return item


async def test_stale_update_is_a_conflict(server: Server, stale: Any) -> None:
    answer = await server.put(server.core("configmaps/a"), {**stale, "data": {}})
    details = answer.refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on configmaps "a": {MODIFIED}',
    )
    assert details == {"name": "a", "kind": "configmaps"}


async def test_stale_update_changes_nothing(server: Server, stale: Any) -> None:
    await server.put(server.core("configmaps/a"), {**stale, "data": {}})
    assert (await server.get(server.core("configmaps/a"))).ok()["data"] == {"x": "2"}


async def test_conflict_names_the_group(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    await server.put(server.apps("deployments/d"), deployment("d", replicas=2))
    answer = await server.put(server.apps("deployments/d"), item)
    details = answer.refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on deployments.apps "d": {MODIFIED}',
    )
    assert details == {"name": "d", "group": "apps", "kind": "deployments"}


async def test_future_resource_version_is_a_conflict(
    server: Server, stale: Any
) -> None:
    assert stale
    body = config_map("a", resourceVersion="99999999")
    answer = await server.put(server.core("configmaps/a"), body)
    answer.refused(409, "Conflict")


async def test_resource_version_that_is_no_number_is_refused(
    server: Server, stale: Any
) -> None:
    assert stale
    body = config_map("a", resourceVersion="x")
    answer = await server.put(server.core("configmaps/a"), body)
    answer.refused(500, "", 'strconv.ParseUint: parsing "x": invalid syntax')


async def test_other_uid_is_a_conflict(server: Server, stale: Any) -> None:
    uid = stale["metadata"]["uid"]
    answer = await server.put(server.core("configmaps/a"), config_map("a", uid="zz"))
    details = answer.refused(409, "Conflict")
    assert details == {"name": "a", "kind": "configmaps"}
    assert answer.json["message"].endswith(
        f"Precondition failed: UID in precondition: zz, UID in object meta: {uid}"
    )


async def test_stale_patch_is_a_conflict(server: Server, stale: Any) -> None:
    version = stale["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"x": "9"}}
    answer = await server.merge(server.core("configmaps/a"), patch)
    answer.refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on configmaps "a": {MODIFIED}',
    )


async def test_patch_without_resource_version_never_conflicts(
    server: Server, stale: Any
) -> None:
    assert stale
    answer = await server.merge(server.core("configmaps/a"), {"data": {"x": "9"}})
    assert answer.ok()["data"] == {"x": "9"}


async def test_patch_of_another_uid_is_invalid(server: Server, stale: Any) -> None:
    assert stale
    patch = {"metadata": {"uid": "zz"}}
    answer = await server.merge(server.core("configmaps/a"), patch)
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: metadata.uid: Invalid value: "zz": field is'
        " immutable",
    )


async def test_stale_status_update_is_a_conflict(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    await server.put(server.apps("deployments/d"), deployment("d", replicas=2))
    answer = await server.put(server.apps("deployments/d/status"), item)
    answer.refused(409, "Conflict")


async def test_stale_delete_precondition_is_a_conflict(
    server: Server, stale: Any
) -> None:
    version = stale["metadata"]["resourceVersion"]
    body = {"preconditions": {"resourceVersion": version}}
    current = (await server.get(server.core("configmaps/a"))).ok()["metadata"]
    answer = await server.delete(server.core("configmaps/a"), body)
    details = answer.refused(
        409,
        "Conflict",
        'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the'
        f" precondition ({version}) does not match the ResourceVersion in record"
        f" ({current['resourceVersion']}). The object might have been modified",
    )
    assert details == {"name": "a", "kind": "ConfigMap"}


async def test_delete_of_another_uid_is_a_conflict(server: Server, stale: Any) -> None:
    answer = await server.delete(
        server.core("configmaps/a"), {"preconditions": {"uid": "zz"}}
    )
    answer.refused(
        409,
        "Conflict",
        'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition'
        f" (zz) does not match the UID in record ({stale['metadata']['uid']})."
        " The object might have been deleted and then recreated",
    )


async def test_delete_with_matching_preconditions_deletes(
    server: Server, stale: Any
) -> None:
    current = (await server.get(server.core("configmaps/a"))).ok()["metadata"]
    body = {
        "preconditions": {
            "uid": stale["metadata"]["uid"],
            "resourceVersion": current["resourceVersion"],
        }
    }
    (await server.delete(server.core("configmaps/a"), body)).ok()
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")


@pytest.mark.parametrize("path", ["configmaps", "configmaps/a"])
@pytest.mark.parametrize("query", [{"uid": "zz"}, {"resourceVersion": "0"}])
async def test_preconditions_may_stand_in_the_query(
    server: Server, path: str, query: Any
) -> None:
    (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    answer = await server.delete(server.core(path), **query)
    answer.refused(409, "Conflict")
    assert " in the precondition " in answer.json["message"]
    assert (await server.get(server.core("configmaps/a"))).status == 200
