"""Custom resources: served like any other."""

from typing import Any

import pytest

from tests.harness.objects import names, rejection
from tests.harness.server import Server
from tests.harness.widgets import DEFAULTS, GROUP, widget


async def test_create_answers_with_the_object(w: Any) -> None:
    assert (w["apiVersion"], w["kind"]) == (f"{GROUP}/v1", "Widget")
    assert w["metadata"]["generation"] == 1
    assert w["spec"] == {"size": 1, **DEFAULTS}


async def test_items_of_a_list_have_their_kind(
    server: Server, widgets: str, w: Any
) -> None:
    document = (await server.get(widgets)).ok()
    assert (document["kind"], document["apiVersion"]) == ("WidgetList", f"{GROUP}/v1")
    assert document["items"] == [w]


async def test_status_is_dropped_on_create(server: Server, widgets: str) -> None:
    body = {**widget(size=1), "status": {"ready": 1}}
    assert "status" not in (await server.post(widgets, body)).ok(201)


async def test_name_must_be_good(server: Server, widgets: str) -> None:
    details = (await server.post(widgets, widget("W", size=1))).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "metadata.name")]


async def test_update_must_name_the_version(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    details = (await server.put(f"{widgets}/w", widget(size=2))).refused(
        422,
        "Invalid",
        f'widgets.{GROUP} "w" is invalid: metadata.resourceVersion: Invalid value: 0:'
        " must be specified for an update",
    )
    assert details["kind"] == "widgets"


async def test_update_of_nothing_is_not_found(server: Server, widgets: str) -> None:
    answer = await server.put(f"{widgets}/no", widget("no", size=2))
    answer.refused(404, "NotFound", f'widgets.{GROUP} "no" not found')


async def test_update_keeps_status(server: Server, widgets: str, w: Any) -> None:
    await server.merge(f"{widgets}/w/status", {"status": {"ready": 1}})
    current = (await server.get(f"{widgets}/w")).ok()
    body = {**current, "spec": {"size": 3}, "status": {"ready": 9}}
    item = (await server.put(f"{widgets}/w", body)).ok()
    assert (item["spec"]["size"], item["status"]) == (3, {"ready": 1})
    assert w["metadata"]["generation"] < item["metadata"]["generation"]


@pytest.mark.parametrize(
    ("patch", "generation"),
    [
        ({"spec": {"size": 2}}, 2),
        ({"spec": {"size": 1}}, 1),
        ({"spec": {"color": None}}, 1),
        ({"metadata": {"labels": {"a": "b"}}}, 1),
        ({"metadata": {"annotations": {"a": "b"}}}, 1),
        ({"status": {"ready": 2}}, 1),
    ],
)
async def test_generation_counts_the_spec(
    server: Server, widgets: str, w: Any, patch: Any, generation: int
) -> None:
    assert w
    item = (await server.merge(f"{widgets}/w", patch)).ok()
    assert item["metadata"]["generation"] == generation


async def test_strategic_patch_is_not_served(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    media = "application/strategic-merge-patch+json"
    answer = await server.request("PATCH", f"{widgets}/w", {}, media=media)
    answer.refused(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types"
        " include: application/json-patch+json, application/merge-patch+json,"
        " application/apply-patch+yaml",
    )


async def test_status_writes_status_alone(server: Server, widgets: str, w: Any) -> None:
    patch = {
        "status": {"ready": 2, "foo": 1},
        "spec": {"size": 9},
        "metadata": {"labels": {"z": "z"}},
    }
    answer = await server.merge(f"{widgets}/w/status", patch)
    item = answer.ok()
    assert item["status"] == {"ready": 2}
    assert item["spec"] == w["spec"]
    assert "labels" not in item["metadata"]
    assert item["metadata"]["generation"] == 1
    assert answer.warnings == ['unknown field "status.foo"']


async def test_other_field_selectors_are_refused(server: Server, widgets: str) -> None:
    answer = await server.get(widgets, fieldSelector="spec.size=1")
    answer.refused(400, "BadRequest", "field label not supported: spec.size")


async def test_metadata_can_be_selected(server: Server, widgets: str, w: Any) -> None:
    assert w
    await server.post(widgets, widget("other", size=1))
    document = (await server.get(widgets, fieldSelector="metadata.name=w")).ok()
    assert names(document) == ["w"]


async def test_delete_answers_with_a_status(
    server: Server, widgets: str, w: Any
) -> None:
    assert (await server.delete(f"{widgets}/w")).ok()["details"] == {
        "name": "w",
        "group": GROUP,
        "kind": "widgets",
        "uid": w["metadata"]["uid"],
    }


async def test_watch_tells_custom_resources(
    server: Server, widgets: str, w: Any
) -> None:
    async with server.watch(widgets) as watch:
        assert await watch.next() == ("ADDED", w)
        await server.merge(f"{widgets}/w", {"spec": {"size": 2}})
        assert await watch.take(1) == [("MODIFIED", "w")]


async def test_body_without_media_type_is_json(server: Server, widgets: str) -> None:
    answer = await server.post(widgets, widget(size=1), media=None)
    answer.ok(201)


async def test_json_is_given_when_protobuf_is_wanted_more(
    server: Server, widgets: str
) -> None:
    headers = {"accept": "application/vnd.kubernetes.protobuf,application/json"}
    answer = await server.get(widgets, headers=headers)
    assert answer.ok()["kind"] == "WidgetList"


async def test_unqualified_finalizers_are_warned_of(
    server: Server, widgets: str
) -> None:
    body = widget("f", size=1)
    body["metadata"]["finalizers"] = ["bad", "example.com/a"]
    text = (
        'metadata.finalizers: "{}": prefer a domain-qualified finalizer name to avoid'
        " accidental conflicts with other finalizer writers"
    )
    answer = await server.post(widgets, body)
    answer.ok(201)
    assert answer.warnings == [text.format("bad")]
    patch = {"metadata": {"finalizers": ["bad", "worse"]}}
    answer = await server.merge(f"{widgets}/f", patch)
    answer.ok()
    assert answer.warnings == [text.format("worse")]


async def test_metadata_are_read_in_the_order_of_their_names(
    server: Server, widgets: str
) -> None:
    odd = {"labels": {"a": 1}, "annotations": {"a": {}}}
    text = "json: cannot unmarshal object into Go struct field ObjectMeta.annotations"
    head = 'Widget in version "v1" cannot be handled as a Widget'
    answer = await server.post(
        widgets, {**widget("a"), "metadata": {"name": "a", **odd}}
    )
    answer.refused(400, "BadRequest", f"{head}: {text} of type string")
