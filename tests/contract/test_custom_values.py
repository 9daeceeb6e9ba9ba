"""Values of custom resources: accepted, defaulted, pruned and refused."""

from typing import Any

import pytest

from tests.harness.objects import rejection
from tests.harness.server import Server
from tests.harness.widgets import DEFAULTS, GROUP, widget


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
    server: Server, widgets: str, spec: Any, expected: Any
) -> None:
    answer = await server.post(widgets, widget(**{"size": 1, **spec}), dryRun="All")
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS, **expected}


async def test_defaults_need_their_parent(server: Server, widgets: str) -> None:
    body = widget()
    del body["spec"]
    assert "spec" not in (await server.post(widgets, body, dryRun="All")).ok(201)


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
    server: Server, widgets: str, spec: Any, reason: str, field: str, text: str
) -> None:
    answer = await server.post(widgets, widget(**{"size": 1, **spec}))
    details = answer.refused(
        422, "Invalid", f'Widget.{GROUP} "w" is invalid: {field}: {text}'
    )
    assert details == {
        "name": "w",
        "group": GROUP,
        "kind": "Widget",
        "causes": [{"reason": reason, "message": text, "field": field}],
    }


async def test_two_faults_are_both_told(server: Server, widgets: str) -> None:
    details = (await server.post(widgets, widget(size=11, color="blue"))).refused(
        422, "Invalid"
    )
    assert sorted(rejection(details)) == [
        ("FieldValueInvalid", "spec.size"),
        ("FieldValueNotSupported", "spec.color"),
    ]


async def test_fraction_is_no_integer(server: Server, widgets: str) -> None:
    details = (await server.post(widgets, widget(size=1.5))).refused(422, "Invalid")
    assert ("FieldValueTypeInvalid", "spec.size") in rejection(details)


async def test_unknown_field_is_pruned_with_a_warning(
    server: Server, widgets: str
) -> None:
    answer = await server.post(widgets, widget(size=1, foo=2), dryRun="All")
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS}
    assert answer.warnings == ['unknown field "spec.foo"']


async def test_unknown_top_field_is_pruned(server: Server, widgets: str) -> None:
    answer = await server.post(widgets, {**widget(size=1), "foo": 1}, dryRun="All")
    assert "foo" not in answer.ok(201)
    assert answer.warnings == ['unknown field "foo"']


async def test_ignore_prunes_without_a_word(server: Server, widgets: str) -> None:
    answer = await server.post(
        widgets, widget(size=1, foo=2), dryRun="All", fieldValidation="Ignore"
    )
    assert answer.ok(201)["spec"] == {"size": 1, **DEFAULTS}
    assert answer.warnings == []


async def test_strict_refuses_unknown_fields(server: Server, widgets: str) -> None:
    body = widget(size=1, foo=2, nested={"zz": 1})
    answer = await server.post(widgets, body, fieldValidation="Strict")
    answer.refused(
        400,
        "BadRequest",
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error:'
        ' unknown field "spec.foo", unknown field "spec.nested.zz"',
    )


async def test_strict_refuses_unknown_metadata(server: Server, widgets: str) -> None:
    body = widget(size=1)
    body["metadata"]["zz"] = 1
    answer = await server.post(widgets, body, fieldValidation="Strict")
    answer.refused(400, "BadRequest")
    assert 'unknown field "metadata.zz"' in answer.json["message"]


async def test_strict_patch_refuses_unknown_fields(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    patch = {"spec": {"foo": "4"}}
    answer = await server.merge(f"{widgets}/w", patch, fieldValidation="Strict")
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "patch")]


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
    server: Server, widgets: str, change: Any, code: int, reason: str, message: str
) -> None:
    answer = await server.post(widgets, {**widget(size=1), **change})
    answer.refused(code, reason, message)


async def test_kind_must_be_given(server: Server, widgets: str) -> None:
    answer = await server.post(
        widgets, {"metadata": {"name": "w"}, "spec": {"size": 1}}
    )
    answer.refused(400, "BadRequest")
    assert "Object 'Kind' is missing in" in answer.json["message"]


async def test_patched_result_is_validated(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    answer = await server.merge(f"{widgets}/w", {"spec": {"size": 44}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "spec.size")]


async def test_status_is_validated(server: Server, widgets: str, w: Any) -> None:
    assert w
    answer = await server.merge(f"{widgets}/w/status", {"status": {"ready": "x"}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueTypeInvalid", "status.ready")]


@pytest.mark.parametrize(
    ("body", "media", "shown"),
    [
        ("null", "application/json", "6e756c6c"),
        ("# c", "application/yaml", "232063"),
        ("", "application/yaml", "<empty>"),
    ],
)
async def test_nothing_has_no_kind(
    server: Server, widgets: str, body: str, media: str, shown: str
) -> None:
    answer = await server.request("POST", widgets, body, media=media)
    answer.refused(
        400,
        "BadRequest",
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is"
        f" missing in '{body}' ({shown})",
    )
