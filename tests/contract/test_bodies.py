"""Bodies that are hardly JSON, or not what the path asks for."""

import json
from typing import Any

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import Server
from tests.harness.widgets import install, widget

UNRECOGNIZED = (
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get"
    " version/kind; json parse error: "
)
NOT_READ = "couldn't get version/kind; json parse error: "
NO_FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"
NO_GO_STRUCT = (
    ' into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty'
    '\\""; Kind string "json:\\"kind,omitempty\\"" }'
)
NO_KIND = (
    'no kind "{}" is registered for version "{}" in scheme "pkg/runtime/scheme.go:111"'
)
OTHER = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (r"\ud800", OTHER),
        (r"\udc00x\ud83d\ude00\ud83d", f"{OTHER}x😀{OTHER}"),
        (r"\ud800\ud83d\ude00", f"{OTHER}😀"),
        (r"\\ud800", r"\ud800"),
    ],
)
async def test_half_a_surrogate_pair_is_replaced(
    server: Server, text: str, kept: str
) -> None:
    body = '{"metadata":{"name":"a"},"data":{"x":"' + text + '"}}'
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert item["data"] == {"x": kept}
    patch = '{"data":{"y":"' + text + '"}}'
    item = (await server.merge(server.core("configmaps/a"), patch)).ok()
    assert item["data"] == {"x": kept, "y": kept}


@pytest.mark.parametrize(
    ("field", "end"),
    [
        ('"data":{"a":1e400}', "number into Go struct field ConfigMap.data of type"),
        ('"immutable":-1E999', "number into Go struct field ConfigMap.immutable of"),
    ],
)
async def test_number_that_no_float_holds_has_the_wrong_type(
    server: Server, field: str, end: str
) -> None:
    body = '{"metadata":{"name":"a"},' + field + "}"
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(400, "BadRequest")
    assert f"json: cannot unmarshal {end}" in answer.json["message"]


async def test_number_that_no_float_holds_is_shown(server: Server) -> None:
    body = '{"metadata":{"name":"d"},"spec":{"replicas":1e400}}'
    answer = await server.post(server.apps("deployments"), body)
    answer.refused(
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot'
        " unmarshal number 1e400 into Go struct field DeploymentSpec.spec.replicas of"
        " type int32",
    )


async def test_number_that_no_float_holds_may_be_unknown(server: Server) -> None:
    body = '{"metadata":{"name":"a"},"x":1e400}'
    answer = await server.post(server.core("configmaps"), body)
    answer.ok(201)
    assert answer.warnings == ['unknown field "x"']


async def test_number_that_no_float_holds_is_no_patch(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.merge(server.core("configmaps/a"), '{"data":{"a":1e400}}')
    answer.refused(
        400,
        "BadRequest",
        "error decoding patch: json: cannot unmarshal number 1e400 into Go value of"
        " type float64",
    )


async def test_number_that_no_float_holds_is_in_no_custom_resource(
    server: Server,
) -> None:
    path = await install(server)
    await server.post(path, widget(size=1))
    body = json.dumps(widget(size=1, any={"x": "?"})).replace('"?"', "-1E400")
    float64 = "json: cannot unmarshal number -1E400 into Go value of type float64"
    why = f'Widget in version "v1" cannot be handled as a Widget: {float64}'
    (await server.post(path, body)).refused(400, "BadRequest", why)
    for rest in ("w", "w/status"):
        answer = await server.put(f"{path}/{rest}", body)
        answer.refused(400, "BadRequest", why)
    answer = await server.merge(f"{path}/w", '{"spec":{"any":{"x":-1E400}}}')
    answer.refused(400, "BadRequest", f"error decoding patch: {float64}")
    # YAML takes it for a text.
    item = (await server.apply(f"{path}/w", body, force=True)).ok()
    assert item["spec"]["any"] == {"x": "-1E400"}


BROKEN = [
    ('{"a":1}{"a":1}', "invalid character '{' after top-level value"),
    ('{"a":1}\x01', r"invalid character '\x01' after top-level value"),
    ("{'a':1}", r"invalid character '\'' looking for beginning of object key string"),
    ('{"a" 1}', "invalid character '1' after object key"),
    ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
    ('{"a":[1 2]}', "invalid character '2' after array element"),
    ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
    ('{"a":nul}', "invalid character '}' in literal null (expecting 'l')"),
    ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
    ('{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
    ('{"a":1e}', "invalid character '}' in exponent of numeric literal"),
    ('{"a":-}', "invalid character '}' in numeric literal"),
    ('{"a":"\n"}', r"invalid character '\n' in string literal"),
    ('{"a":"\\q"}', "invalid character 'q' in string escape code"),
    ('{"a":"\\u12x4"}', r"invalid character 'x' in \u hexadecimal character escape"),
    ("\ufeff{}", "invalid character 'ï' looking for beginning of value"),
    ("tr", "invalid character ' ' in literal true (expecting 'u')"),
    ('{"a":"b', "unexpected end of JSON input"),
]


@pytest.mark.parametrize(("body", "why"), BROKEN)
async def test_broken_json_is_told_in_gos_words(
    server: Server, body: str, why: str
) -> None:
    path = server.core("configmaps")
    answer = await server.post(path, body)
    answer.refused(400, "BadRequest")
    assert answer.json["message"].startswith(f"{UNRECOGNIZED}{why} (")
    await server.post(path, config_map("a"))
    answer = await server.merge(server.core("configmaps/a"), body)
    answer.refused(400, "BadRequest", f"error decoding patch: {why}")


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", "3"])
async def test_patch_of_nothing_is_not_found_whatever_it_says(
    server: Server, body: str
) -> None:
    for path in (server.core("configmaps/no"), server.core("pods/no/status")):
        answer = await server.merge(path, body)
        answer.refused(404, "NotFound")
        assert answer.json["message"].endswith('"no" not found')


DELETES = [
    ("[]", f"{NOT_READ}json: cannot unmarshal array{NO_GO_STRUCT}"),
    ('"x"', f"{NOT_READ}json: cannot unmarshal string{NO_GO_STRUCT}"),
    ("{", f"{NOT_READ}unexpected end of JSON input"),
    ('{"kind":3}', NOT_READ + NO_FIELD.format("number", ".kind", "string")),
    ('{"kind":"Foo"}', NO_KIND.format("Foo", "meta.k8s.io/v1")),
    ('{"kind":"Pod","apiVersion":"v1"}', NO_KIND.format("Pod", "v1")),
    (
        '{"gracePeriodSeconds":1.5}',
        NO_FIELD.format("number 1.5", "DeleteOptions.gracePeriodSeconds", "int64"),
    ),
    (
        '{"gracePeriodSeconds":1e400}',
        NO_FIELD.format("number 1e400", "DeleteOptions.gracePeriodSeconds", "int64"),
    ),
    (
        '{"preconditions":{"uid":1}}',
        NO_FIELD.format("number", "Preconditions.preconditions.uid", "types.UID"),
    ),
]


@pytest.mark.parametrize(("body", "message"), DELETES)
async def test_options_of_a_delete_must_be_some(
    server: Server, body: str, message: str
) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    for path in ("configmaps/a", "configmaps/no", "configmaps"):
        answer = await server.request("DELETE", server.core(path), body)
        answer.refused(400, "BadRequest", message)


async def test_options_of_a_delete_may_be_null_or_yaml(server: Server) -> None:
    path = server.core("configmaps/a")
    for body, media in (
        ("null", "application/json"),
        ("propagationPolicy: Background", "application/yaml"),
    ):
        await server.post(server.core("configmaps"), config_map("a"))
        (await server.request("DELETE", path, body, media=media)).ok()


async def test_media_type_of_a_delete(server: Server) -> None:
    path = server.core("configmaps/no")
    answer = await server.request("DELETE", path, "{}", media="text/plain")
    answer.refused(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types"
        " include: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf",
    )


SCALE = 'Scale in version "v1" cannot be handled as a Scale: '


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (
            {"spec": {"replicas": "x"}},
            ("string", "ScaleSpec.spec.replicas", "int32"),
        ),
        ({"spec": []}, ("array", "Scale.spec", "v1.ScaleSpec")),
        ({"metadata": {"name": 1}}, ("number", "ObjectMeta.metadata.name", "string")),
        ({"metadata": []}, ("array", "Scale.metadata", "v1.ObjectMeta")),
        (
            {"status": {"selector": 3}},
            ("number", "ScaleStatus.status.selector", "string"),
        ),
    ],
)
async def test_scale_must_have_its_types(
    server: Server, change: Any, wrong: tuple[str, str, str]
) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    path = server.apps("deployments/d/scale")
    answer = await server.put(path, {"metadata": {"name": "d"}, **change})
    answer.refused(400, "BadRequest", SCALE + NO_FIELD.format(*wrong))


async def test_scale_may_not_be_another_kind(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    body = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"}}
    answer = await server.put(server.apps("deployments/d/scale"), body)
    answer.refused(
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Scale: converting'
        " (v1.Deployment) to (autoscaling.Scale): unknown conversion",
    )


async def test_unknown_fields_of_a_scale_are_told(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    path = server.apps("deployments/d/scale")
    body = {"metadata": {"name": "d"}, "spec": {"replicas": 2, "foo": 1}}
    answer = await server.put(path, body)
    answer.ok()
    assert answer.warnings == ['unknown field "spec.foo"']
    answer = await server.put(path, body, fieldValidation="Strict")
    end = 'strict decoding error: unknown field "spec.foo"'
    answer.refused(400, "BadRequest", SCALE + end)


async def test_patched_scale_must_have_its_types(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    path = server.apps("deployments/d/scale")
    answer = await server.merge(path, {"spec": {"replicas": "x"}})
    answer.refused(422, "Invalid")
    assert answer.json["message"].endswith(
        "json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of"
        " type int32"
    )
    answer = await server.merge(path, {"metadata": {"namespace": "other"}})
    answer.refused(400, "BadRequest")


IN_YAML = "error decoding YAML: error converting YAML to JSON: yaml: "
HALF = "found invalid Unicode character escape code"


@pytest.mark.parametrize("text", [r"\ud800", r"\ud83d\ude00", r"a\udc00x"])
@pytest.mark.parametrize("blank", ["", " "])
async def test_surrogates_are_no_characters_of_what_is_applied(
    server: Server, text: str, blank: str
) -> None:
    # It is read as YAML, in which pairs are none either.
    body = json.dumps({**config_map("a"), "data": {"x": "?"}}).replace("?", text)
    path = server.core("configmaps/a")
    answer = await server.apply(path, blank + body)
    answer.refused(400, "BadRequest", IN_YAML + HALF)
    pretty = body.replace('"data"', '\n\n"data"')
    answer = await server.apply(path, pretty)
    answer.refused(400, "BadRequest", f"{IN_YAML}line 3: {HALF}")
    answer = await server.apply(path, body.replace("\\u", "\\\\u"))
    assert answer.ok(201)["data"]["x"] == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\xff", "invalid leading UTF-8 octet"),
        (b"\xc3x", "invalid trailing UTF-8 octet"),
        (rb"\u12", "did not find expected hexdecimal number"),
    ],
)
async def test_what_is_applied_must_be_text(
    server: Server, text: bytes, why: str
) -> None:
    body = json.dumps({**config_map("a"), "data": {"x": "?"}}).encode()
    path = server.core("configmaps/a")
    answer = await server.apply(path, body.replace(b"?", text))
    answer.refused(400, "BadRequest", IN_YAML + why)


async def test_json_that_only_yaml_takes_can_be_applied(server: Server) -> None:
    body = json.dumps({**config_map("a"), "data": {"x": "?"}}).replace("?", "\t")
    answer = await server.apply(server.core("configmaps/a"), body[:-1] + ",}")
    assert answer.ok(201)["data"] == {"x": "\t"}


@pytest.mark.parametrize("end", ["x", " x", "]", ",", "...", "\nx: 1", "\n---\nx: ["])
@pytest.mark.parametrize("blank", ["", "\n"])
async def test_only_the_first_document_of_what_is_applied_is_read(
    server: Server, blank: str, end: str
) -> None:
    body = blank + json.dumps({**config_map("a"), "data": {"x": "y"}}) + end
    answer = await server.apply(server.core("configmaps/a"), body)
    assert answer.ok(201)["data"] == {"x": "y"}


BROKEN_YAML = [
    ("a: b: c", "mapping values are not allowed in this context"),
    ("a: 1\n  b: 2", "line 2: mapping values are not allowed in this context"),
    ("a: 1\n\tb: 2", "line 2: found a tab character that violates indentation"),
    ("a: 'x\n", "line 2: found unexpected end of stream"),
    ("a: {b: c]", "did not find expected ',' or '}'"),
    ("- a\nb: 1", "line 1: did not find expected '-' indicator"),
    ("a: 1\nb: [\nc: 2\n", "line 3: did not find expected ',' or ']'"),
    ("a: 1\nb: *x", "unknown anchor 'x' referenced"),
    ("a: 1\nb: &x [*x]", "anchor 'x' value contains itself"),
    ("a: 1\n<<: 1", "map merge requires map or sequence of maps as the value"),
    ("a: 1\nb: \x01", "control characters are not allowed"),
    ("{} @", "found character that cannot start any token"),
]


@pytest.mark.parametrize(("body", "why"), BROKEN_YAML)
async def test_broken_yaml_is_told_with_gos_lines(
    server: Server, body: str, why: str
) -> None:
    answer = await server.apply(server.core("configmaps/a"), body)
    answer.refused(400, "BadRequest", IN_YAML + why)
    yaml: Any = {"media": "application/yaml"}
    answer = await server.request("POST", server.core("configmaps"), body, **yaml)
    answer.refused(400, "BadRequest")
    who = "the object provided is unrecognized (must be of type ConfigMap): "
    assert answer.json["message"].startswith(f"{who}yaml: {why} (")
    path = server.core("configmaps/a")
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.request("DELETE", path, body, **yaml)
    answer.refused(400, "BadRequest", f"yaml: {why}")


async def test_yaml_of_a_custom_resource_has_the_numbers_of_maps(
    server: Server,
) -> None:
    path = await install(server)
    body = json.dumps(widget(size=1, any={"x": "?"})).replace('"?"', str(2**64 - 1))
    media: Any = {"media": "application/yaml"}
    item = (await server.request("POST", path, body, **media)).ok(201)
    assert item["spec"]["any"] == {"x": 18446744073709552000}


DEEP = 1_000


@pytest.mark.parametrize("ends", ['{"k":,}', "[,]"])
async def test_custom_resource_may_be_deep(server: Server, ends: str) -> None:
    path = await install(server)
    start, end = ends.split(",")
    deep = start * DEEP + "1" + end * DEEP
    body = json.dumps(widget(size=1, any={"x": "?"})).replace('"?"', deep)
    # Only the texts are looked at: whoever decodes them needs room to recurse.
    assert (await server.post(path, body)).status == 201
    assert deep in (await server.get(f"{path}/w")).text
    assert deep in (await server.get(path)).text
    patch = f'{{"spec":{{"any":{{"x":null,"y":{deep}}}}}}}'
    answer = await server.merge(f"{path}/w", patch)
    assert answer.status == 200
    assert f'"y":{deep}' in answer.text
    patch = f'[{{"op":"add","path":"/spec/any/z","value":{deep}}}]'
    answer = await server.json_patch(f"{path}/w", patch)
    assert answer.status == 200
    assert f'"z":{deep}' in answer.text
    answer = await server.apply(f"{path}/w", body, force=True)
    assert answer.status == 200
    assert f'"x":{deep}' in answer.text
    answer = await server.merge(f"{path}/w/status", {"status": {"ready": 1}})
    assert answer.status == 200
    assert deep in (await server.try_watch(path)).text
    assert (await server.delete(f"{path}/w")).status == 200


@pytest.mark.parametrize("opening", ["[", '{"k":'])
async def test_nobody_takes_ten_thousand_levels(server: Server, opening: str) -> None:
    path = await install(server)
    closing = "]" if opening == "[" else "}"
    deep = opening * 10_001 + "1" + closing * 10_001
    body = json.dumps(widget(size=1, any={"x": "?"})).replace('"?"', deep)
    answer = await server.post(path, body)
    answer.refused(400, "BadRequest")
    assert f"invalid character '{opening[0]}' exceeded max depth" in answer.text
    answer = await server.apply(f"{path}/w", body)
    answer.refused(400, "BadRequest")
    assert "max depth" in answer.json["message"]
