"""Bodies that are hardly JSON, or not what the path asks for."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import Server

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
    answer.refused(415, "UnsupportedMediaType")
    # The real server reads protobuf, too, and says so.
    assert answer.json["message"].startswith(
        "the body of the request was in an unknown format - accepted media types"
        " include: application/json, application/yaml"
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
