"""Bad requests: a Status in the server's words, never a 500 of ours, never a hang."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import Server

NO_RESOURCE = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"
UNRECOGNIZED = (
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get"
    " version/kind; json parse error: "
)
NO_GO_STRUCT = (
    ' into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty'
    '\\""; Kind string "json:\\"kind,omitempty\\"" } '
)
MEDIA_TYPES = (
    "the body of the request was in an unknown format - accepted media types include:"
    " application/json, application/yaml, application/vnd.kubernetes.protobuf"
)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2",
        "/api/v1/nopes",
        "/apis/apps/v2",
        "/apis/apps/v1/nopes",
        "/api/v1/namespaces/NS/nopes",
        "/api/v1/namespaces/NS/nopes/x",
        "/api/v1/namespaces/NS/configmaps/a/status",
        "/api/v1/namespaces/NS/configmaps/a/nope",
        "/api/v1/namespaces/NS/configmaps/a/scale",
        "/api/v1/namespaces/NS/configmaps/a/b/c",
        "/apis/apps/v1/namespaces/NS/deployments/a/nope",
        "/api/v1/namespaces/NS/nodes",
        "/api/v1/nodes/x/y",
    ],
)
async def test_unknown_resource_is_not_found(server: Server, path: str) -> None:
    answer = await server.get(path.replace("NS", server.namespace))
    assert answer.refused(404, "NotFound", NO_RESOURCE) == {}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["/nope", "/apis/nope.io", "/apis/nope.io/v1", "/apis/nope.io/v1/things"]
)
async def test_unknown_path_is_plain_text(server: Server, path: str) -> None:
    answer = await server.get(path)
    assert (answer.status, answer.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/namespaces/NS/configmaps"),
        ("PATCH", "/api/v1/namespaces/NS/configmaps"),
        ("POST", "/api/v1/namespaces/NS/configmaps/a"),
        ("POST", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/namespaces"),
        ("PUT", "/api/v1/namespaces"),
        ("GET", "/api/v1/namespaces/NS/pods/x/binding"),
        ("DELETE", "/apis/apps/v1/namespaces/NS/deployments/a/scale"),
        ("POST", "/apis/apps/v1/namespaces/NS/deployments/a/status"),
        ("PATCH", "/api/v1/namespaces/NS/finalize"),
        ("GET", "/api/v1/namespaces/NS/finalize"),
        ("FOO", "/api/v1/namespaces/NS/configmaps"),
        ("POST", "/version"),
    ],
)
async def test_method_that_is_not_served(
    server: Server, method: str, path: str
) -> None:
    body: object = {} if method != "GET" else None
    answer = await server.request(method, path.replace("NS", server.namespace), body)
    assert answer.refused(405, "MethodNotAllowed", NOT_ALLOWED) == {}


async def test_trailing_slash_is_ignored(server: Server) -> None:
    document = (await server.get(server.core("configmaps/"))).ok()
    assert document["kind"] == "ConfigMapList"


async def test_namespace_of_a_cluster_path_is_an_object(server: Server) -> None:
    document = (await server.get(f"/api/v1/namespaces/{server.namespace}/")).ok()
    assert document["kind"] == "Namespace"


async def test_dots_are_no_name(server: Server) -> None:
    answer = await server.get(server.core("configmaps/..."))
    answer.refused(404, "NotFound", 'configmaps "..." not found')


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ('{"a":', 'unexpected end of JSON input ({"a":)'),
        ("", "unexpected end of JSON input (<empty>)"),
        ("[]", f"json: cannot unmarshal array{NO_GO_STRUCT}(5b5d)"),
        ('"x"', f"json: cannot unmarshal string{NO_GO_STRUCT}(227822)"),
        ("3", f"json: cannot unmarshal number{NO_GO_STRUCT}(33)"),
        (
            '{"metadata":{"name":"tr"}} x',
            (
                "invalid character 'x' after top-level value"
                ' ({"metadata":{"name":"tr"}} x)'
            ),
        ),
    ],
)
async def test_body_that_is_no_object(server: Server, body: str, end: str) -> None:
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(400, "BadRequest", UNRECOGNIZED + end)


async def test_put_without_body(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.request("PUT", server.core("configmaps/a"))
    end = "unexpected end of JSON input (<empty>)"
    answer.refused(400, "BadRequest", UNRECOGNIZED + end)


@pytest.mark.parametrize("nest", ["[]", "{}"])
async def test_deep_nesting_is_refused(server: Server, nest: str) -> None:
    opening = "[" if nest == "[]" else '{"a":'
    body = '{"x":' + opening * 20_000 + "1" + nest[1] * 20_000 + "}"
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(400, "BadRequest")
    assert "exceeded max depth" in answer.json["message"]


@pytest.mark.parametrize("depth", [100, 900, 5_000, 9_999])
async def test_nesting_that_is_not_too_deep_is_accepted(
    server: Server, depth: int
) -> None:
    body = '{"metadata":{"name":"a"},"x":' + "[" * depth + "]" * depth + "}"
    answer = await server.post(server.core("configmaps"), body)
    answer.ok(201)
    assert answer.warnings == ['unknown field "x"']


async def test_nesting_one_too_deep_is_refused(server: Server) -> None:
    body = '{"metadata":{"name":"a"},"x":' + "[" * 10_000 + "]" * 10_000 + "}"
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(400, "BadRequest")
    assert "exceeded max depth" in answer.json["message"]


async def test_duplicates_beside_deep_nesting_are_told(server: Server) -> None:
    deep = "[" * 5_000 + "]" * 5_000
    body = '{"metadata":{"name":"a"},"data":{"a":"1","a":"2"},"x":' + deep + "}"
    answer = await server.post(server.core("configmaps"), body)
    assert answer.ok(201)["data"] == {"a": "2"}
    assert 'duplicate field "data.a"' in answer.warnings


async def test_huge_body_is_refused(server: Server) -> None:
    body = '{"metadata":{"name":"a"},"data":{"a":"' + "x" * (4 << 20) + '"}}'
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        413,
        "RequestEntityTooLarge",
        "Request entity too large: limit is 3145728",
    )


async def test_bytes_that_are_no_text_are_replaced(server: Server) -> None:
    body = b'{"metadata":{"name":"a"},"data":{"a":"\xff"}}'
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert item["data"] == {"a": "\N{REPLACEMENT CHARACTER}"}


CANNOT = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '


@pytest.mark.parametrize(
    ("body", "end"),
    [
        (
            {"data": {"a": 1}},
            (
                "json: cannot unmarshal number into Go struct field ConfigMap.data of"
                " type"
                " string"
            ),
        ),
        (
            {"data": [1]},
            (
                "json: cannot unmarshal array into Go struct field ConfigMap.data of"
                " type"
                " map[string]string"
            ),
        ),
        (
            {"metadata": "x"},
            (
                "json: cannot unmarshal string into Go struct field ConfigMap.metadata"
                " of"
                " type v1.ObjectMeta"
            ),
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            (
                "json: cannot unmarshal number into Go struct field"
                " ObjectMeta.metadata.labels of type string"
            ),
        ),
        (
            {"metadata": {"name": 3}},
            (
                "json: cannot unmarshal number into Go struct field"
                " ObjectMeta.metadata.name of type string"
            ),
        ),
        ({"binaryData": {"a": "***"}}, "illegal base64 data at input byte 0"),
    ],
)
async def test_wrong_types_are_bad_requests(
    server: Server, body: Any, end: str
) -> None:
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(400, "BadRequest", CANNOT + end)


@pytest.mark.parametrize(
    ("replicas", "what"),
    [
        ('"x"', "string"),
        ("1.5", "number 1.5"),
        ("1099511627776", "number 1099511627776"),
        ("true", "bool"),
        ("[]", "array"),
        ("{}", "object"),
    ],
)
async def test_number_must_be_an_int32(
    server: Server, replicas: str, what: str
) -> None:
    body = '{"metadata":{"name":"d"},"spec":{"replicas":' + replicas + "}}"
    answer = await server.post(server.apps("deployments"), body)
    answer.refused(
        400,
        "BadRequest",
        f'Deployment in version "v1" cannot be handled as a Deployment: json: cannot'
        f" unmarshal {what} into Go struct field DeploymentSpec.spec.replicas of type"
        " int32",
    )


@pytest.mark.parametrize(
    ("body", "what", "field"),
    [
        ({"spec": "y"}, "string", "Deployment.spec of type v1.DeploymentSpec"),
        (
            {"spec": {"template": {"spec": {"containers": {}}}}},
            "object",
            "PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
    ],
)
async def test_wrong_structure_names_the_go_type(
    server: Server, body: Any, what: str, field: str
) -> None:
    answer = await server.post(server.apps("deployments"), body)
    answer.refused(
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot'
        f" unmarshal {what} into Go struct field {field}",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": "v2"}, 'no kind "ConfigMap" is registered for version "v2"'),
        (
            {"apiVersion": "apps/v1"},
            'no kind "ConfigMap" is registered for version "apps/v1"',
        ),
        ({"kind": "Nope"}, 'no kind "Nope" is registered for version "v1"'),
        ({"kind": "Secret"}, "converting (v1.Secret) to (core.ConfigMap)"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_another_kind_is_a_bad_request(
    server: Server, method: str, change: Any, message: str
) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    path = server.core("configmaps" if method == "POST" else "configmaps/a")
    answer = await server.request(method, path, {**config_map("a"), **change})
    answer.refused(400, "BadRequest")
    assert message in answer.json["message"]


@pytest.mark.parametrize("media", ["text/plain", ";;;", "application/xml"])
async def test_unknown_media_type_of_a_body(server: Server, media: str) -> None:
    answer = await server.post(server.core("configmaps"), "{}", media=media)
    answer.refused(415, "UnsupportedMediaType", MEDIA_TYPES)


@pytest.mark.parametrize(
    "media", [None, "application/json; charset=utf-8", "application/json"]
)
async def test_media_types_of_json(server: Server, media: str | None) -> None:
    answer = await server.post(server.core("configmaps"), config_map("a"), media=media)
    answer.ok(201)


async def test_yaml_body_is_accepted(server: Server) -> None:
    body = 'metadata:\n  name: a\ndata:\n  a: "1"\n'
    path = server.core("configmaps")
    item = (await server.post(path, body, media="application/yaml")).ok(201)
    assert item["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "media",
    [None, "application/json", "application/yaml", "x/y", "text/plain"],
)
async def test_unknown_media_type_of_a_patch(server: Server, media: str | None) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    path = server.core("configmaps/a")
    answer = await server.request("PATCH", path, "{}", media=media)
    answer.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type")


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "text/html, application/json;q=0.5"],
)
async def test_json_is_what_everybody_accepts(server: Server, accept: str) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.get(server.core("configmaps/a"), headers={"accept": accept})
    assert answer.ok()["kind"] == "ConfigMap"
    assert answer.headers["content-type"] == "application/json"


async def test_unknown_accept_is_not_acceptable(server: Server) -> None:
    headers = {"accept": "text/html"}
    answer = await server.get(server.core("configmaps"), headers=headers)
    answer.refused(406, "NotAcceptable")
    assert answer.json["message"].startswith(
        "406: Not Acceptable\n\nAvailable representations: application/json"
    )


async def test_unknown_rendition_is_not_acceptable(server: Server) -> None:
    headers = {"accept": "application/json;as=Nope;v=v1;g=meta.k8s.io"}
    answer = await server.get(server.core("configmaps"), headers=headers)
    answer.refused(406, "NotAcceptable")
    assert answer.json["message"].startswith(
        "only the following media types are accepted: application/json"
    )


@pytest.mark.parametrize("name", ["limit", "timeoutSeconds"])
async def test_parameter_that_must_be_a_number(server: Server, name: str) -> None:
    answer = await server.get(server.core("configmaps"), **{name: "x"})
    answer.refused(400, "BadRequest", 'strconv.ParseInt: parsing "x": invalid syntax')


async def test_grace_period_must_be_a_number(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.delete(server.core("configmaps/a"), gracePeriodSeconds="x")
    answer.refused(400, "BadRequest", 'strconv.ParseInt: parsing "x": invalid syntax')


async def test_unknown_parameter_is_ignored(server: Server) -> None:
    (await server.get(server.core("configmaps"), foo="bar")).ok()


@pytest.mark.parametrize("resource", ["configmaps", "secrets", "pods"])
async def test_missing_object_is_named(server: Server, resource: str) -> None:
    answer = await server.get(server.core(f"{resource}/no"))
    details = answer.refused(404, "NotFound", f'{resource} "no" not found')
    assert details == {"name": "no", "kind": resource}


@pytest.mark.parametrize("rest", ["no", "no/status", "no/scale"])
async def test_missing_object_names_its_group(server: Server, rest: str) -> None:
    answer = await server.get(server.apps(f"deployments/{rest}"))
    details = answer.refused(404, "NotFound", 'deployments.apps "no" not found')
    assert details == {"name": "no", "group": "apps", "kind": "deployments"}


async def test_patch_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.merge(server.core("configmaps/no"), {})
    answer.refused(404, "NotFound", 'configmaps "no" not found')


@pytest.mark.parametrize("header", ["audit-id", "cache-control"])
async def test_every_answer_has_headers(server: Server, header: str) -> None:
    good = await server.get(server.core("configmaps"))
    bad = await server.get(server.core("configmaps/no"))
    assert header in good.headers
    assert header in bad.headers


async def test_answers_are_not_cached(server: Server) -> None:
    answer = await server.get(server.core("configmaps"))
    assert answer.headers["cache-control"] == "no-cache, private"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_long_field_manager_is_invalid(server: Server, method: str) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    path = server.core("configmaps" if method == "POST" else "configmaps/a")
    kind = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}[method]
    answer = await server.request(
        method,
        path,
        config_map("a"),
        media="application/merge-patch+json"
        if method == "PATCH"
        else "application/json",
        fieldManager="x" * 129,
    )
    answer.refused(
        422,
        "Invalid",
        f'{kind}Options.meta.k8s.io "" is invalid: fieldManager: Too long: may not be'
        " more than 128 bytes",
    )


async def test_force_is_for_apply_only(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    answer = await server.merge(server.apps("deployments/d"), {}, force=True)
    answer.refused(
        422,
        "Invalid",
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified'
        " for non-apply patch",
    )


async def test_containers_without_a_name_have_the_same(server: Server) -> None:
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{}, {}]}}
    answer = await server.post(server.core("pods"), body)
    first, second = "spec.containers[0]", "spec.containers[1]"
    assert rejection(answer.refused(422, "Invalid")) == [
        ("FieldValueRequired", f"{first}.name"),
        ("FieldValueRequired", f"{first}.image"),
        ("FieldValueRequired", f"{second}.name"),
        ("FieldValueRequired", f"{second}.image"),
        ("FieldValueDuplicate", f"{second}.name"),
    ]
