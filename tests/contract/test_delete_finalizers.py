"""DELETE: what goes at once, what is only marked, and how it goes then."""

from typing import Any

import pytest

from tests.harness.objects import (
    config_map,
    deployment,
    finalized,
    names,
    pod,
    rejection,
)
from tests.harness.server import Server


async def _create(server: Server, body: Any) -> Any:
    return (await server.post(server.core("configmaps"), body)).ok(201)


async def test_delete_answers_with_a_status(server: Server) -> None:
    item = await _create(server, config_map("a"))
    document = (await server.delete(server.core("configmaps/a"))).ok()
    assert document == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": item["metadata"]["uid"]},
    }


async def test_delete_names_the_group(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    details = (await server.delete(server.apps("deployments/d"))).ok()["details"]
    assert (details["group"], details["kind"]) == ("apps", "deployments")


async def test_deleted_object_is_gone(server: Server) -> None:
    await _create(server, config_map("a"))
    await server.delete(server.core("configmaps/a"))
    answer = await server.get(server.core("configmaps/a"))
    details = answer.refused(404, "NotFound", 'configmaps "a" not found')
    assert details == {"name": "a", "kind": "configmaps"}


async def test_delete_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.delete(server.core("configmaps/no"))
    answer.refused(404, "NotFound", 'configmaps "no" not found')


@pytest.mark.parametrize("resource", ["services", "serviceaccounts", "pods"])
async def test_some_kinds_answer_with_the_object(server: Server, resource: str) -> None:
    bodies = {
        "services": {"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}},
        "serviceaccounts": {"metadata": {"name": "x"}},
        "pods": pod("x"),
    }
    (await server.post(server.core(resource), bodies[resource])).ok(201)
    document = (await server.delete(server.core(f"{resource}/x"))).ok()
    assert document["metadata"]["name"] == "x"


async def test_finalizer_holds_the_object(server: Server) -> None:
    await _create(server, finalized("a"))
    item = (await server.delete(server.core("configmaps/a"))).ok()
    assert item["kind"] == "ConfigMap"
    assert item["metadata"]["deletionTimestamp"].endswith("Z")
    assert item["metadata"]["deletionGracePeriodSeconds"] == 0
    assert (await server.get(server.core("configmaps/a"))).ok() == item


async def test_held_object_can_be_changed(server: Server) -> None:
    await _create(server, finalized("a"))
    await server.delete(server.core("configmaps/a"))
    answer = await server.merge(server.core("configmaps/a"), {"data": {"x": "1"}})
    assert answer.ok()["data"] == {"x": "1"}


async def test_update_cannot_take_the_mark_away(server: Server) -> None:
    await _create(server, finalized("a"))
    marked = (await server.delete(server.core("configmaps/a"))).ok()["metadata"]
    body = finalized("a")
    item = (await server.put(server.core("configmaps/a"), body)).ok()["metadata"]
    assert item["deletionTimestamp"] == marked["deletionTimestamp"]
    assert item["deletionGracePeriodSeconds"] == 0


async def test_no_finalizer_can_be_added_to_a_held_object(server: Server) -> None:
    await _create(server, finalized("a"))
    await server.delete(server.core("configmaps/a"))
    patch = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    details = (await server.merge(server.core("configmaps/a"), patch)).refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers'
        " can be added if the object is being deleted, found new finalizers"
        ' []string{"example.com/more"}',
    )
    assert set(rejection(details)) == {("FieldValueForbidden", "metadata.finalizers")}


async def test_one_of_two_finalizers_still_holds(server: Server) -> None:
    await _create(server, finalized("a", "example.com/x", "example.com/y"))
    await server.delete(server.core("configmaps/a"))
    patch = {"metadata": {"finalizers": ["example.com/y"]}}
    await server.merge(server.core("configmaps/a"), patch)
    (await server.get(server.core("configmaps/a"))).ok()


@pytest.mark.parametrize("how", ["merge", "put", "json"])
async def test_last_finalizer_gone_removes_the_object(server: Server, how: str) -> None:
    await _create(server, finalized("a"))
    await server.delete(server.core("configmaps/a"))
    path = server.core("configmaps/a")
    if how == "merge":
        answer = await server.merge(path, {"metadata": {"finalizers": None}})
    elif how == "put":
        answer = await server.put(path, config_map("a"))
    else:
        patch = [{"op": "remove", "path": "/metadata/finalizers"}]
        answer = await server.json_patch(path, patch)
    assert answer.ok()["metadata"]["name"] == "a"
    (await server.get(path)).refused(404, "NotFound")


async def test_name_can_be_taken_again(server: Server) -> None:
    first = await _create(server, config_map("a"))
    await server.delete(server.core("configmaps/a"))
    second = await _create(server, config_map("a"))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"propagationPolicy": "Nope"},
            (
                'propagationPolicy: Unsupported value: "Nope": supported values:'
                ' "Foreground", "Background", "Orphan", "nil"'
            ),
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            (
                'propagationPolicy: Invalid value: "Orphan": orphanDependents and'
                " deletionPropagation cannot be both set"
            ),
        ),
        (
            {"dryRun": ["x"]},
            'dryRun: Unsupported value: ["x"]: supported values: "All"',
        ),
    ],
)
async def test_bad_options_are_invalid(server: Server, body: Any, message: str) -> None:
    await _create(server, config_map("a"))
    answer = await server.delete(server.core("configmaps/a"), body)
    details = answer.refused(
        422, "Invalid", f'DeleteOptions.meta.k8s.io "" is invalid: {message}'
    )
    assert (details["group"], details["kind"]) == ("meta.k8s.io", "DeleteOptions")


async def test_bad_option_in_the_query_is_invalid(server: Server) -> None:
    await _create(server, config_map("a"))
    answer = await server.delete(server.core("configmaps/a"), propagationPolicy="Nope")
    answer.refused(422, "Invalid")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "{",
            "couldn't get version/kind; json parse error: unexpected end of JSON input",
        ),
        (
            {"gracePeriodSeconds": "x"},
            (
                "json: cannot unmarshal string into Go struct field"
                " DeleteOptions.gracePeriodSeconds of type int64"
            ),
        ),
    ],
)
async def test_options_that_do_not_decode_are_bad(
    server: Server, body: Any, message: str
) -> None:
    await _create(server, config_map("a"))
    answer = await server.delete(server.core("configmaps/a"), body)
    answer.refused(400, "BadRequest", message)


async def test_body_of_another_kind_is_bad(server: Server) -> None:
    await _create(server, config_map("a"))
    body = {"kind": "ConfigMap", "apiVersion": "v1"}
    answer = await server.delete(server.core("configmaps/a"), body)
    answer.refused(400, "BadRequest")


async def test_query_counts_only_without_a_body(server: Server) -> None:
    await _create(server, config_map("a"))
    body = {"propagationPolicy": "Background"}
    (await server.delete(server.core("configmaps/a"), body, dryRun="All")).ok()
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")


async def test_unscheduled_pod_goes_at_once(server: Server) -> None:
    await server.post(server.core("pods"), pod("p"))
    item = (await server.delete(server.core("pods/p"))).ok()
    assert item["metadata"]["deletionGracePeriodSeconds"] == 0
    (await server.get(server.core("pods/p"))).refused(404, "NotFound")


async def test_scheduled_pod_gets_its_grace(server: Server) -> None:
    await server.post(server.core("pods"), pod("p", nodeName="n1"))
    item = (await server.delete(server.core("pods/p"))).ok()
    assert item["metadata"]["deletionGracePeriodSeconds"] == 30
    (await server.get(server.core("pods/p"))).ok()


async def test_grace_of_the_pod_counts(server: Server) -> None:
    body = pod("p", nodeName="n1", terminationGracePeriodSeconds=7)
    await server.post(server.core("pods"), body)
    item = (await server.delete(server.core("pods/p"))).ok()
    assert item["metadata"]["deletionGracePeriodSeconds"] == 7


@pytest.mark.parametrize(("grace", "expected"), [(5, 5), (50, 30)])
async def test_grace_can_be_shortened_only(
    server: Server, grace: int, expected: int
) -> None:
    await server.post(server.core("pods"), pod("p", nodeName="n1"))
    await server.delete(server.core("pods/p"))
    body = {"gracePeriodSeconds": grace}
    item = (await server.delete(server.core("pods/p"), body)).ok()
    assert item["metadata"]["deletionGracePeriodSeconds"] == expected


async def test_grace_of_zero_removes_a_scheduled_pod(server: Server) -> None:
    await server.post(server.core("pods"), pod("p", nodeName="n1"))
    await server.delete(server.core("pods/p"))
    (await server.delete(server.core("pods/p"), {"gracePeriodSeconds": 0})).ok()
    (await server.get(server.core("pods/p"))).refused(404, "NotFound")


async def test_finalizer_holds_a_pod_after_its_grace(server: Server) -> None:
    body = pod("p", nodeName="n1")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await server.post(server.core("pods"), body)
    answer = await server.delete(server.core("pods/p"), gracePeriodSeconds=0)
    assert answer.ok()["metadata"]["deletionGracePeriodSeconds"] == 0
    (await server.get(server.core("pods/p"))).ok()


async def test_collection_delete_honours_the_selector(server: Server) -> None:
    for name in "abc":
        await _create(server, config_map(name, labels={"l": name}))
    answer = await server.delete(server.core("configmaps"), labelSelector="l in (a,b)")
    document = answer.ok()
    assert (document["kind"], names(document)) == ("ConfigMapList", ["a", "b"])
    remaining = (await server.get(server.core("configmaps"), labelSelector="l")).ok()
    assert names(remaining) == ["c"]


async def test_collection_delete_honours_fields(server: Server) -> None:
    for name in "ab":
        await _create(server, config_map(name))
    path = server.core("configmaps")
    answer = await server.delete(path, fieldSelector="metadata.name=a")
    assert names(answer.ok()) == ["a"]
    assert names((await server.get(path)).ok()) == ["b"]


async def test_collection_delete_marks_what_is_held(server: Server) -> None:
    await _create(server, finalized("a"))
    await server.delete(server.core("configmaps"))
    item = (await server.get(server.core("configmaps/a"))).ok()
    assert "deletionTimestamp" in item["metadata"]


async def test_collection_delete_of_nothing_is_an_empty_list(server: Server) -> None:
    answer = await server.delete(server.core("configmaps"), labelSelector="no=thing")
    assert answer.ok()["items"] == []
