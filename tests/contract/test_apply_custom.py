"""Server-side apply of custom resources: lists, nulls, and what the schema says."""

from typing import Any

import pytest

from tests.harness.objects import rejection
from tests.harness.server import Server, attempts
from tests.harness.widgets import CRDS, GROUP, crd, establish, widget


@pytest.fixture
async def place(widgets: str) -> str:
    """The path of a Widget that is not there yet."""
    return f"{widgets}/w"


def _owned(item: Any, manager: str) -> Any:
    entries = item["metadata"]["managedFields"]
    (entry,) = (e for e in entries if e["manager"] == manager)
    return entry["fieldsV1"]["f:spec"]


async def test_lists_follow_their_types(server: Server, place: str) -> None:
    first = widget(size=1, ports=[{"port": 1}], tags=["a"])
    item = (await server.apply(place, first, "m")).ok(201)
    (entry,) = item["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {
        "f:spec": {
            "f:ports": {'k:{"port":1}': {".": {}, "f:port": {}}},
            "f:size": {},
            "f:tags": {'v:"a"': {}},
        }
    }
    second = widget(size=1, ports=[{"port": 2, "protocol": "UDP"}], tags=["b"])
    item = (await server.apply(place, second, "n")).ok()
    assert item["spec"]["tags"] == ["a", "b"]
    assert [port["port"] for port in item["spec"]["ports"]] == [1, 2]
    item = (await server.apply(place, widget(size=1), "m")).ok()
    assert item["spec"]["tags"] == ["b"]
    assert item["spec"]["ports"] == [{"port": 2, "protocol": "UDP"}]


async def test_values_of_another_manager_conflict(server: Server, place: str) -> None:
    await server.apply(place, widget(size=1), "m")
    answer = await server.apply(place, widget(size=2), "n")
    answer.refused(
        409, "Conflict", 'Apply failed with 1 conflict: conflict with "m": .spec.size'
    )


@pytest.mark.parametrize(
    ("spec", "end"),
    [
        ({"size": 1, "foo": 1}, ".spec.foo: field not declared in schema"),
        ({"size": "x"}, ".spec.size: expected numeric (int or float), got string"),
    ],
)
async def test_what_does_not_fit_the_schema_is_refused(
    server: Server, place: str, spec: Any, end: str
) -> None:
    answer = await server.apply(place, widget(**spec), "m")
    answer.refused(
        500,
        "",
        f"failed to create typed patch object (/w; {GROUP}/v1, Kind=Widget): {end}",
    )


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"tags": None}, "array"),
        ({"ports": None}, "array"),
        ({"labels": None}, "object"),
        ({"any": None}, "object"),
        ({"alias": None}, "string"),
        ({"when": None}, "string"),
        ({"percent": None}, "integer,string"),
        ({"on": None}, "boolean"),
        ({"ratio": None}, "number"),
    ],
)
async def test_null_must_be_allowed(
    server: Server, place: str, spec: Any, kind: str
) -> None:
    # The same null vanishes in a create, an update and a patch.
    (name,) = spec
    answer = await server.apply(place, widget(size=1, **spec))
    details = answer.refused(
        422,
        "Invalid",
        f'Widget.contract.example.com "w" is invalid: spec.{name}: Invalid value: '
        f'"null": spec.{name} in body must be of type {kind}: "null"',
    )
    assert rejection(details) == [("FieldValueTypeInvalid", f"spec.{name}")]


async def test_null_of_a_required_field_is_no_absence(
    server: Server, place: str
) -> None:
    details = (await server.apply(place, widget(size=None))).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueTypeInvalid", "spec.size")]


@pytest.mark.parametrize(
    ("spec", "found", "owned"),
    [
        ({"color": None}, {"color": "red"}, {"f:color": {}}),
        ({"nested": None}, {"nested": {"deep": 3}}, {"f:nested": {}}),
        (
            {"nested": {"deep": None}},
            {"nested": {"deep": 3}},
            {"f:nested": {"f:deep": {}}},
        ),
        ({"nullable": None}, {"nullable": None}, {"f:nullable": {}}),
        ({"any": {"a": None}}, {"any": {"a": None}}, {"f:any": {"f:a": {}}}),
    ],
)
async def test_null_that_is_allowed_is_owned(
    server: Server, place: str, spec: Any, found: Any, owned: Any
) -> None:
    item = (await server.apply(place, widget(size=1, **spec), "m")).ok(201)
    expected = {"size": 1, "color": "red", "nested": {"deep": 3}, **found}
    assert item["spec"] == expected
    assert _owned(item, "m") == {"f:size": {}, **owned}


async def test_null_of_a_list_leaves_what_others_own(
    server: Server, place: str
) -> None:
    await server.apply(place, widget(size=1, tags=["s"]), "m")
    item = (await server.apply(place, widget(tags=None), "n")).ok()
    assert item["spec"]["tags"] == ["s"]
    assert _owned(item, "n") == {"f:tags": {}}


async def test_null_that_replaces_a_scalar_needs_its_owner(
    server: Server, place: str
) -> None:
    await server.apply(place, widget(size=1, nullable="x"), "m")
    answer = await server.apply(place, widget(nullable=None), "n")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.nullable")]
    item = (await server.apply(place, widget(nullable=None), "n", force=True)).ok()
    assert item["spec"]["nullable"] is None
    assert _owned(item, "n") == {"f:nullable": {}}
    assert _owned(item, "m") == {"f:size": {}}


@pytest.mark.parametrize("validation", ["Warn", "Strict"])
async def test_fields_below_a_scalar_are_not_called_unknown(
    server: Server, place: str, validation: str
) -> None:
    body = widget(size=1, percent={"x": 1})
    answer = await server.apply(place, body, fieldValidation=validation)
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueTypeInvalid", "spec.percent")]
    assert answer.warnings == []


async def test_owner_without_uid_is_one_of_no_uid(server: Server, place: str) -> None:
    body = widget(size=1)
    body["metadata"]["ownerReferences"] = [{"name": "x"}, {"name": "y"}]
    (await server.apply(place, body)).refused(
        500,
        "",
        "failed to create typed patch object (/w; contract.example.com/v1, "
        "Kind=Widget): .metadata.ownerReferences: duplicate entries for key "
        '[uid=""]',
    )


async def test_live_object_must_fit_the_schema(server: Server) -> None:
    group = f"{server.namespace}.example.com"
    definition = crd(group, schema=_both("integer"))
    await establish(server, definition)
    path = server.path(f"{group}/v1", "things/t")
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "t"},
        "spec": {"x": 1, "y": 1},
    }
    (await server.apply(path, body, "m")).ok(201)
    schema: Any = {"openAPIV3Schema": _both("string")}
    patch = [{"op": "replace", "path": "/spec/versions/0/schema", "value": schema}]
    (await server.json_patch(f"{CRDS}/things.{group}", patch)).ok()
    body["spec"] = {"x": "1"}
    async for _ in attempts():
        answer = await server.apply(path, body, "m", dryRun="All")
        # A new schema is served a moment after it is stored.
        if "live object" in answer.json.get("message", ""):
            break
    answer.refused(500, "")
    head, *rest = answer.json["message"].split("\n")
    assert head == (
        f"failed to create typed live object ({server.namespace}/t; {group}/v1, "
        "Kind=Thing): errors:"
    )
    assert sorted(rest) == [
        f"  .spec.{name}: expected string, got &value.valueUnstructured{{Value:1}}"
        for name in "xy"
    ]


NOW_WRONG = {
    "a": {"type": "string"},
    "b": {"type": "object", "properties": {"z": {"type": "string"}}},
}
OWNED_BEFORE: Any = {"f:spec": {".": {}, "f:a": {}, "f:b": {}}}


def _spec(properties: Any) -> Any:
    spec = {"type": "object", "properties": properties}
    return {"type": "object", "properties": {"spec": spec}}


def _both(kind: str) -> Any:
    return _spec({"x": {"type": kind}, "y": {"type": kind}})


@pytest.fixture
async def misfit(server: Server) -> str:
    """The path of a Thing that the schema of its definition does not fit any more."""
    group = f"{server.namespace}.example.com"
    lists = {"type": "array", "items": {"type": "string"}}
    schema = _spec({"a": {"type": "integer"}, "b": lists})
    status: Any = {"subresources": {"status": {}}}
    await establish(server, crd(group, schema=schema, version=status))
    path = server.path(f"{group}/v1", "things")
    thing = _thing(group, a=1, b=["x"])
    async for _ in attempts():
        if (await server.post(path, thing)).status == 201:
            break
    definition = f"{CRDS}/things.{group}"
    pointer = "/spec/versions/0/schema/openAPIV3Schema"
    change = {"op": "replace", "path": pointer, "value": _spec(NOW_WRONG)}
    (await server.json_patch(definition, [change])).ok()
    probe = {**_thing(group, a="1"), "metadata": {"name": "probe"}}
    async for _ in attempts():
        if (await server.post(path, probe, dryRun="All")).status == 201:
            break
    return f"{path}/t"


def _thing(group: str, **spec: Any) -> Any:
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "t"},
        "spec": spec,
    }


async def test_misfit_is_told_as_it_is(server: Server, misfit: str) -> None:
    item = (await server.get(misfit)).ok()
    assert item["spec"] == {"a": 1, "b": ["x"]}
    assert item["metadata"]["managedFields"][0]["fieldsV1"] == OWNED_BEFORE


@pytest.mark.parametrize(
    ("rest", "patch"),
    [
        ("", {"metadata": {"labels": {"a": "b"}}}),
        ("", {"metadata": {"finalizers": ["a.example.com/b"]}}),
        ("", {"spec": {"a": "1", "b": {"z": "1"}}}),
        ("", {}),
        ("/status", {"metadata": {"labels": {"a": "b"}}}),
    ],
)
async def test_write_to_a_misfit_forgets_who_owned_it(
    server: Server, misfit: str, rest: str, patch: Any
) -> None:
    item = (await server.merge(misfit + rest, patch)).ok()
    assert "managedFields" not in item["metadata"]
    later = (await server.merge(misfit, {"metadata": {"labels": {"c": "d"}}})).ok()
    assert "managedFields" not in later["metadata"]
    await server.merge(misfit, {"metadata": {"finalizers": None}})


async def test_update_of_a_misfit_forgets_who_owned_it(
    server: Server, misfit: str
) -> None:
    live = (await server.get(misfit)).ok()
    item = (await server.put(misfit, live)).ok()
    assert "managedFields" not in item["metadata"]
    assert item["spec"] == live["spec"]


async def test_misfit_cannot_be_changed_where_it_does_not_fit(
    server: Server, misfit: str
) -> None:
    answer = await server.merge(misfit, {"spec": {"a": 2}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueTypeInvalid", "spec.a")]


async def test_misfit_cannot_be_applied_to(server: Server, misfit: str) -> None:
    group = f"{server.namespace}.example.com"
    config = _thing(group, a="1", b={"z": "1"})
    answer = await server.apply(misfit, config, force=True)
    answer.refused(500, "")
    kind = f"({server.namespace}/t; {group}/v1, Kind=Thing)"
    start = f"failed to create typed live object {kind}: errors:\n"
    message = answer.json["message"]
    assert message.startswith(start)
    # In the order in which Go walks a map.
    assert sorted(message.removeprefix(start).split("\n")) == [
        "  .spec.a: expected string, got &value.valueUnstructured{Value:1}",
        "  .spec.b: expected map, got &{[x]}",
    ]


async def test_forgotten_misfit_cannot_be_applied_to(
    server: Server, misfit: str
) -> None:
    (await server.merge(misfit, {"metadata": {"labels": {"a": "b"}}})).ok()
    config = _thing(f"{server.namespace}.example.com", a="1", b={"z": "1"})
    answer = await server.apply(misfit, config, force=True)
    answer.refused(500, "")
    assert answer.json["message"].startswith(
        "failed to create manager for existing fields: failed to convert new object "
    )


async def test_mended_misfit_is_tracked_when_it_is_applied_to(
    server: Server, misfit: str
) -> None:
    (await server.json_patch(misfit, [{"op": "remove", "path": "/spec"}])).ok()
    (await server.merge(misfit, {"spec": {"a": "1"}})).ok()
    config = _thing(f"{server.namespace}.example.com", b={"z": "1"})
    item = (await server.apply(misfit, config)).ok()
    assert _owned(item, "applier") == {"f:b": {"f:z": {}}}
    assert _owned(item, "before-first-apply") == {".": {}, "f:a": {}}
