"""Custom resources: pruned, defaulted, validated, and served like any other."""

from typing import Any

import pytest

from tests.harness.objects import names, rejection
from tests.harness.server import Server
from tests.harness.widgets import GROUP, install, widget

DEFAULTS = {"color": "red", "nested": {"deep": 3}}


@pytest.fixture
async def path(server: Server) -> str:
    """The path of the Widgets in the namespace."""
    return await install(server)


@pytest.fixture
async def w(server: Server, path: str) -> Any:
    """A Widget of the name w."""
    return (await server.post(path, widget(size=1))).ok(201)


async def test_create_answers_with_the_object(w: Any) -> None:
    assert (w["apiVersion"], w["kind"]) == (f"{GROUP}/v1", "Widget")
    assert w["metadata"]["generation"] == 1
    assert w["spec"] == {"size": 1, **DEFAULTS}


async def test_items_of_a_list_have_their_kind(
    server: Server, path: str, w: Any
) -> None:
    document = (await server.get(path)).ok()
    assert (document["kind"], document["apiVersion"]) == ("WidgetList", f"{GROUP}/v1")
    assert document["items"] == [w]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 1, "protocol": "TCP"}]}),
        ({"any": {"x": {"y": [1]}}}, {"any": {"x": {"y": [1]}}}),
        ({"percent": "5%"}, {"percent": "5%"}),
        ({"percent": 5}, {"percent": 5}),
        ({"nullable": None}, {"nullable": None}),
        ({"alias": None}, {}),
        ({"color": None}, {}),
        ({"color": "green"}, {"color": "green"}),
        ({"ratio": 1}, {"ratio": 1}),
        ({"ratio": 1.5}, {"ratio": 1.5}),
        ({"nested": None}, {}),
        ({"nested": {"deep": None}}, {}),
        ({"nested": {"deep": 4}}, {"nested": {"deep": 4}}),
        ({"when": "2026-01-01T00:00:00Z"}, {"when": "2026-01-01T00:00:00Z"}),
        ({"size": 1.0}, {}),
        ({"labels": {"a": "b"}}, {"labels": {"a": "b"}}),
    ],
)
async def test_values_that_are_accepted(
    server: Server, path: str, spec: Any, expected: Any
) -> None:
    answer = await server.post(path, widget(**{"size": 1, **spec}), dryRun="All")
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS, **expected}


async def test_defaults_need_their_parent(server: Server, path: str) -> None:
    body = widget()
    del body["spec"]
    assert "spec" not in (await server.post(path, body, dryRun="All")).ok(201)


@pytest.mark.parametrize(
    ("spec", "reason", "field", "text"),
    [
        (
            {"size": 11},
            "FieldValueInvalid",
            "spec.size",
            "Invalid value: 11: spec.size in body should be less than or equal to 10",
        ),
        (
            {"size": -1},
            "FieldValueInvalid",
            "spec.size",
            "Invalid value: -1: spec.size in body should be greater than or equal to 0",
        ),
        ({"size": None}, "FieldValueRequired", "spec.size", "Required value"),
        (
            {"size": "x"},
            "FieldValueTypeInvalid",
            "spec.size",
            (
                'Invalid value: "string": spec.size in body must be of type integer:'
                ' "string"'
            ),
        ),
        (
            {"color": "blue"},
            "FieldValueNotSupported",
            "spec.color",
            'Unsupported value: "blue": supported values: "red", "green"',
        ),
        (
            {"alias": "a"},
            "FieldValueInvalid",
            "spec.alias",
            'Invalid value: "a": spec.alias in body should be at least 2 chars long',
        ),
        (
            {"alias": "abcdefg"},
            "FieldValueTooLong",
            "spec.alias",
            "Too long: may not be more than 5 bytes",
        ),
        (
            {"alias": "AB"},
            "FieldValueInvalid",
            "spec.alias",
            "Invalid value: \"AB\": spec.alias in body should match '^[a-z]+$'",
        ),
        (
            {"tags": ["a", "a"]},
            "FieldValueDuplicate",
            "spec.tags[1]",
            'Duplicate value: "a"',
        ),
        (
            {"tags": ["a", "b", "c", "d"]},
            "FieldValueTooMany",
            "spec.tags",
            "Too many: 4: must have at most 3 items",
        ),
        (
            {"ports": [{"port": 1}, {"port": 1}]},
            "FieldValueDuplicate",
            "spec.ports[1]",
            'Duplicate value: {"port":1}',
        ),
        (
            {"ports": [{}]},
            "FieldValueRequired",
            "spec.ports[0].port",
            "Required value",
        ),
        (
            {"labels": {"a": 1}},
            "FieldValueTypeInvalid",
            "spec.labels.a",
            (
                'Invalid value: "integer": spec.labels.a in body must be of type'
                " string:"
                ' "integer"'
            ),
        ),
        (
            {"percent": True},
            "FieldValueTypeInvalid",
            "spec.percent",
            (
                'Invalid value: "boolean": spec.percent in body must be of type'
                ' integer,string: "boolean"'
            ),
        ),
        (
            {"on": "true"},
            "FieldValueTypeInvalid",
            "spec.on",
            (
                'Invalid value: "string": spec.on in body must be of type boolean:'
                ' "string"'
            ),
        ),
        (
            {"when": "yesterday"},
            "FieldValueTypeInvalid",
            "spec.when",
            (
                'Invalid value: "yesterday": spec.when in body must be of type'
                " date-time:"
                ' "yesterday"'
            ),
        ),
        (
            {"nested": []},
            "FieldValueTypeInvalid",
            "spec.nested",
            (
                'Invalid value: "array": spec.nested in body must be of type object:'
                ' "array"'
            ),
        ),
    ],
)
async def test_values_that_are_refused(
    server: Server, path: str, spec: Any, reason: str, field: str, text: str
) -> None:
    answer = await server.post(path, widget(**{"size": 1, **spec}))
    details = answer.refused(
        422, "Invalid", f'Widget.{GROUP} "w" is invalid: {field}: {text}'
    )
    assert details == {
        "name": "w",
        "group": GROUP,
        "kind": "Widget",
        "causes": [{"reason": reason, "message": text, "field": field}],
    }


async def test_two_faults_are_both_told(server: Server, path: str) -> None:
    details = (await server.post(path, widget(size=11, color="blue"))).refused(
        422, "Invalid"
    )
    assert sorted(rejection(details)) == [
        ("FieldValueInvalid", "spec.size"),
        ("FieldValueNotSupported", "spec.color"),
    ]


async def test_fraction_is_no_integer(server: Server, path: str) -> None:
    details = (await server.post(path, widget(size=1.5))).refused(422, "Invalid")
    assert ("FieldValueTypeInvalid", "spec.size") in rejection(details)


async def test_unknown_field_is_pruned_with_a_warning(
    server: Server, path: str
) -> None:
    answer = await server.post(path, widget(size=1, foo=2), dryRun="All")
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS}
    assert answer.warnings == ['unknown field "spec.foo"']


async def test_unknown_top_field_is_pruned(server: Server, path: str) -> None:
    answer = await server.post(path, {**widget(size=1), "foo": 1}, dryRun="All")
    assert "foo" not in answer.ok(201)
    assert answer.warnings == ['unknown field "foo"']


async def test_ignore_prunes_without_a_word(server: Server, path: str) -> None:
    answer = await server.post(
        path, widget(size=1, foo=2), dryRun="All", fieldValidation="Ignore"
    )
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS}
    assert answer.warnings == []


async def test_strict_refuses_unknown_fields(server: Server, path: str) -> None:
    body = widget(size=1, foo=2, nested={"zz": 1})
    answer = await server.post(path, body, fieldValidation="Strict")
    answer.refused(
        400,
        "BadRequest",
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error:'
        ' unknown field "spec.foo", unknown field "spec.nested.zz"',
    )


async def test_strict_refuses_unknown_metadata(server: Server, path: str) -> None:
    body = widget(size=1)
    body["metadata"]["zz"] = 1
    answer = await server.post(path, body, fieldValidation="Strict")
    answer.refused(400, "BadRequest")
    assert 'unknown field "metadata.zz"' in answer.json["message"]


async def test_strict_patch_refuses_unknown_fields(
    server: Server, path: str, w: Any
) -> None:
    assert w
    patch = {"spec": {"foo": "4"}}
    answer = await server.merge(f"{path}/w", patch, fieldValidation="Strict")
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "patch")]


async def test_status_is_dropped_on_create(server: Server, path: str) -> None:
    body = {**widget(size=1), "status": {"ready": 1}}
    assert "status" not in (await server.post(path, body)).ok(201)


@pytest.mark.parametrize(
    ("change", "code", "reason", "message"),
    [
        (
            {"kind": "Foo"},
            422,
            "Invalid",
            f'Foo.{GROUP} "w" is invalid: kind: Invalid value: "Foo": must be Widget',
        ),
        (
            {"apiVersion": f"{GROUP}/v2"},
            400,
            "BadRequest",
            (
                f"the API version in the data ({GROUP}/v2) does not match the expected"
                f" API"
                f" version ({GROUP}/v1)"
            ),
        ),
        (
            {"apiVersion": "v1"},
            400,
            "BadRequest",
            (
                "the API version in the data (v1) does not match the expected API"
                " version"
                f" ({GROUP}/v1)"
            ),
        ),
        (
            {"metadata": "x"},
            400,
            "BadRequest",
            (
                'Widget in version "v1" cannot be handled as a Widget: json: cannot'
                " unmarshal string into Go value of type v1.ObjectMeta"
            ),
        ),
        (
            {"metadata": {"name": "w", "labels": {"a": 1}}},
            400,
            "BadRequest",
            (
                'Widget in version "v1" cannot be handled as a Widget: json: cannot'
                " unmarshal number into Go struct field ObjectMeta.labels of type"
                " string"
            ),
        ),
    ],
)
async def test_envelope_must_fit(
    server: Server, path: str, change: Any, code: int, reason: str, message: str
) -> None:
    answer = await server.post(path, {**widget(size=1), **change})
    answer.refused(code, reason, message)


async def test_kind_must_be_given(server: Server, path: str) -> None:
    answer = await server.post(path, {"metadata": {"name": "w"}, "spec": {"size": 1}})
    answer.refused(400, "BadRequest")
    assert "Object 'Kind' is missing in" in answer.json["message"]


async def test_name_must_be_good(server: Server, path: str) -> None:
    details = (await server.post(path, widget("W", size=1))).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "metadata.name")]


async def test_update_must_name_the_version(server: Server, path: str, w: Any) -> None:
    assert w
    details = (await server.put(f"{path}/w", widget(size=2))).refused(
        422,
        "Invalid",
        f'widgets.{GROUP} "w" is invalid: metadata.resourceVersion: Invalid value: 0:'
        " must be specified for an update",
    )
    assert details["kind"] == "widgets"


async def test_update_of_nothing_is_not_found(server: Server, path: str) -> None:
    answer = await server.put(f"{path}/no", widget("no", size=2))
    answer.refused(404, "NotFound", f'widgets.{GROUP} "no" not found')


async def test_update_keeps_status(server: Server, path: str, w: Any) -> None:
    await server.merge(f"{path}/w/status", {"status": {"ready": 1}})
    current = (await server.get(f"{path}/w")).ok()
    body = {**current, "spec": {"size": 3}, "status": {"ready": 9}}
    item = (await server.put(f"{path}/w", body)).ok()
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
    server: Server, path: str, w: Any, patch: Any, generation: int
) -> None:
    assert w
    item = (await server.merge(f"{path}/w", patch)).ok()
    assert item["metadata"]["generation"] == generation


async def test_strategic_patch_is_not_served(server: Server, path: str, w: Any) -> None:
    assert w
    media = "application/strategic-merge-patch+json"
    answer = await server.request("PATCH", f"{path}/w", {}, media=media)
    answer.refused(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types"
        " include: application/json-patch+json, application/merge-patch+json,"
        " application/apply-patch+yaml",
    )


async def test_patched_result_is_validated(server: Server, path: str, w: Any) -> None:
    assert w
    answer = await server.merge(f"{path}/w", {"spec": {"size": 44}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "spec.size")]


async def test_status_writes_status_alone(server: Server, path: str, w: Any) -> None:
    patch = {
        "status": {"ready": 2, "foo": 1},
        "spec": {"size": 9},
        "metadata": {"labels": {"z": "z"}},
    }
    answer = await server.merge(f"{path}/w/status", patch)
    item = answer.ok()
    assert item["status"] == {"ready": 2}
    assert item["spec"] == w["spec"]
    assert "labels" not in item["metadata"]
    assert item["metadata"]["generation"] == 1
    assert answer.warnings == ['unknown field "status.foo"']


async def test_status_is_validated(server: Server, path: str, w: Any) -> None:
    assert w
    answer = await server.merge(f"{path}/w/status", {"status": {"ready": "x"}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueTypeInvalid", "status.ready")]


async def test_scale_without_replicas_is_an_error(
    server: Server, path: str, w: Any
) -> None:
    assert w
    (await server.get(f"{path}/w/scale")).refused(
        500,
        "InternalError",
        'Internal error occurred: the spec replicas field ".spec.replicas" does not'
        " exist",
    )


async def test_scale_follows_the_paths(server: Server, path: str, w: Any) -> None:
    assert w
    status = {"replicas": 3, "selector": "x=y"}
    await server.merge(f"{path}/w/status", {"status": status})
    item = (await server.merge(f"{path}/w/scale", {"spec": {"replicas": 5}})).ok()
    assert (item["kind"], item["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (item["spec"], item["status"]) == ({"replicas": 5}, status)
    assert (await server.get(f"{path}/w")).ok()["spec"]["replicas"] == 5


async def test_scale_counts_in_the_generation(
    server: Server, path: str, w: Any
) -> None:
    assert w
    await server.merge(f"{path}/w/scale", {"spec": {"replicas": 5}})
    assert (await server.get(f"{path}/w")).ok()["metadata"]["generation"] == 2


async def test_negative_scale_is_invalid(server: Server, path: str, w: Any) -> None:
    assert w
    answer = await server.merge(f"{path}/w/scale", {"spec": {"replicas": -5}})
    answer.refused(
        422,
        "Invalid",
        f'Widget.{GROUP} "w" is invalid: .spec.replicas: Invalid value: -5: should be'
        " a non-negative integer",
    )


@pytest.mark.parametrize(
    ("where", "value", "text"),
    [
        ("spec", -1, "-1: should be a non-negative integer"),
        ("status", -1, "-1: should be a non-negative integer"),
        ("status", 1 << 31, "2147483648: should be less than or equal to 2147483647"),
    ],
)
async def test_replicas_must_fit_a_scale(
    server: Server, path: str, w: Any, where: str, value: int, text: str
) -> None:
    assert w
    item = f"{path}/w/status" if where == "status" else f"{path}/w"
    answer = await server.merge(item, {where: {"replicas": value}})
    details = answer.refused(422, "Invalid")
    assert [(c["field"], c["message"]) for c in details["causes"]] == [
        (f".{where}.replicas", f"Invalid value: {text}")
    ]


async def test_scale_needs_numbers_and_texts(server: Server, path: str, w: Any) -> None:
    assert w
    patch = {"status": {"replicas": "x", "selector": 1}}
    details = (await server.merge(f"{path}/w/status", patch)).refused(422, "Invalid")
    causes = [
        (c["field"], c["message"])
        for c in details["causes"]
        if c["field"].startswith(".")
    ]
    assert causes == [
        (
            ".status.replicas",
            (
                "Invalid value: 0: .status.replicas accessor error: x is of the type "
                "string, expected int64"
            ),
        ),
        (
            ".status.selector",
            (
                'Invalid value: "": .status.selector accessor error: 1 is of the type '
                "int64, expected string"
            ),
        ),
    ]


async def test_apply_follows_the_list_types(server: Server, path: str) -> None:
    first = widget(size=1, ports=[{"port": 1}], tags=["a"])
    item = (await server.apply(f"{path}/w", first, "m")).ok(201)
    (entry,) = item["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {
        "f:spec": {
            "f:ports": {'k:{"port":1}': {".": {}, "f:port": {}}},
            "f:size": {},
            "f:tags": {'v:"a"': {}},
        }
    }
    second = widget(size=1, ports=[{"port": 2, "protocol": "UDP"}], tags=["b"])
    item = (await server.apply(f"{path}/w", second, "n")).ok()
    assert item["spec"]["tags"] == ["a", "b"]
    assert [port["port"] for port in item["spec"]["ports"]] == [1, 2]
    item = (await server.apply(f"{path}/w", widget(size=1), "m")).ok()
    assert item["spec"]["tags"] == ["b"]
    assert item["spec"]["ports"] == [{"port": 2, "protocol": "UDP"}]


async def test_apply_conflicts(server: Server, path: str) -> None:
    await server.apply(f"{path}/w", widget(size=1), "m")
    answer = await server.apply(f"{path}/w", widget(size=2), "n")
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
async def test_apply_must_fit_the_schema(
    server: Server, path: str, spec: Any, end: str
) -> None:
    answer = await server.apply(f"{path}/w", widget(**spec), "m")
    answer.refused(
        500,
        "",
        f"failed to create typed patch object (/w; {GROUP}/v1, Kind=Widget): {end}",
    )


async def test_other_field_selectors_are_refused(server: Server, path: str) -> None:
    answer = await server.get(path, fieldSelector="spec.size=1")
    answer.refused(400, "BadRequest", "field label not supported: spec.size")


async def test_metadata_can_be_selected(server: Server, path: str, w: Any) -> None:
    assert w
    await server.post(path, widget("other", size=1))
    document = (await server.get(path, fieldSelector="metadata.name=w")).ok()
    assert names(document) == ["w"]


async def test_delete_answers_with_a_status(server: Server, path: str, w: Any) -> None:
    assert (await server.delete(f"{path}/w")).ok()["details"] == {
        "name": "w",
        "group": GROUP,
        "kind": "widgets",
        "uid": w["metadata"]["uid"],
    }


async def test_watch_tells_custom_resources(server: Server, path: str, w: Any) -> None:
    async with server.watch(path) as watch:
        assert await watch.next() == ("ADDED", w)
        await server.merge(f"{path}/w", {"spec": {"size": 2}})
        assert await watch.take(1) == [("MODIFIED", "w")]


async def test_body_without_media_type_is_json(server: Server, path: str) -> None:
    answer = await server.post(path, widget(size=1), media=None)
    answer.ok(201)


async def test_json_is_given_when_protobuf_is_wanted_more(
    server: Server, path: str
) -> None:
    headers = {"accept": "application/vnd.kubernetes.protobuf,application/json"}
    answer = await server.get(path, headers=headers)
    assert answer.ok()["kind"] == "WidgetList"


async def test_unqualified_finalizers_are_warned_of(server: Server, path: str) -> None:
    body = widget("f", size=1)
    body["metadata"]["finalizers"] = ["bad", "example.com/a"]
    text = (
        'metadata.finalizers: "{}": prefer a domain-qualified finalizer name to avoid'
        " accidental conflicts with other finalizer writers"
    )
    answer = await server.post(path, body)
    answer.ok(201)
    assert answer.warnings == [text.format("bad")]
    patch = {"metadata": {"finalizers": ["bad", "worse"]}}
    answer = await server.merge(f"{path}/f", patch)
    answer.ok()
    assert answer.warnings == [text.format("worse")]


@pytest.mark.parametrize(
    ("body", "media", "shown"),
    [
        ("null", "application/json", "6e756c6c"),
        ("# c", "application/yaml", "232063"),
        ("", "application/yaml", "<empty>"),
    ],
)
async def test_nothing_has_no_kind(
    server: Server, path: str, body: str, media: str, shown: str
) -> None:
    answer = await server.request("POST", path, body, media=media)
    answer.refused(
        400,
        "BadRequest",
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is"
        f" missing in '{body}' ({shown})",
    )
