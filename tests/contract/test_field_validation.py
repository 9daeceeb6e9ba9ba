"""fieldValidation: what becomes of fields that nobody knows, and of duplicates."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import Server

STRICT = "cannot be handled as a {0}: strict decoding error: "


@pytest.fixture
async def a(server: Server) -> str:
    """The path of a ConfigMap of the name a."""
    (await server.post(server.core("configmaps"), config_map("a", {"x": "1"}))).ok(201)
    return server.core("configmaps/a")


def _typo() -> Any:
    return {**config_map("t"), "foo": 1}


@pytest.mark.parametrize("query", [{}, {"fieldValidation": "Warn"}])
async def test_unknown_field_is_dropped_with_a_warning(
    server: Server, query: Any
) -> None:
    answer = await server.post(server.core("configmaps"), _typo(), **query)
    assert "foo" not in answer.ok(201)
    assert answer.warnings == ['unknown field "foo"']


async def test_ignore_drops_without_a_word(server: Server) -> None:
    answer = await server.post(
        server.core("configmaps"), _typo(), fieldValidation="Ignore"
    )
    assert "foo" not in answer.ok(201)
    assert answer.warnings == []


async def test_strict_refuses(server: Server) -> None:
    answer = await server.post(
        server.core("configmaps"), _typo(), fieldValidation="Strict"
    )
    answer.refused(
        400,
        "BadRequest",
        f'ConfigMap in version "v1" {STRICT.format("ConfigMap")}unknown field "foo"',
    )


async def test_strict_update_refuses(server: Server, a: str) -> None:
    body = {**config_map("a"), "foo": 1}
    answer = await server.put(a, body, fieldValidation="Strict")
    answer.refused(400, "BadRequest")
    assert 'unknown field "foo"' in answer.json["message"]


async def test_strict_names_the_place(server: Server) -> None:
    body = deployment("d", replcas=1)
    body["spec"]["template"]["spec"]["containers"][0]["imge"] = "x"
    answer = await server.post(
        server.apps("deployments"), body, fieldValidation="Strict"
    )
    answer.refused(400, "BadRequest")
    message = answer.json["message"]
    assert message.startswith(
        f'Deployment in version "v1" {STRICT.format("Deployment")}'
    )
    assert 'unknown field "spec.replcas"' in message
    assert 'unknown field "spec.template.spec.containers[0].imge"' in message


async def test_every_unknown_field_has_a_warning(server: Server) -> None:
    body = deployment("d", replcas=1, slector={})
    answer = await server.post(server.apps("deployments"), body)
    answer.ok(201)
    assert sorted(answer.warnings) == [
        'unknown field "spec.replcas"',
        'unknown field "spec.slector"',
    ]


async def test_names_are_told_apart_by_case(server: Server) -> None:
    body = {**config_map("c"), "Data": {"a": "b"}}
    answer = await server.post(server.core("configmaps"), body)
    assert "data" not in answer.ok(201)
    assert answer.warnings == ['unknown field "Data"']


DUPLICATE = '{"metadata":{"name":"t"},"data":{"a":"1","a":"2"}}'


async def test_last_of_duplicates_wins_with_a_warning(server: Server) -> None:
    answer = await server.post(server.core("configmaps"), DUPLICATE)
    assert answer.ok(201)["data"] == {"a": "2"}
    assert answer.warnings == ['duplicate field "data.a"']


async def test_strict_refuses_duplicates(server: Server) -> None:
    answer = await server.post(
        server.core("configmaps"), DUPLICATE, fieldValidation="Strict"
    )
    answer.refused(
        400,
        "BadRequest",
        f'ConfigMap in version "v1" {STRICT.format("ConfigMap")}'
        'duplicate field "data.a"',
    )


async def test_strict_yaml_refuses(server: Server) -> None:
    answer = await server.post(
        server.core("configmaps"),
        "metadata:\n  name: t\nfoo: 1\n",
        media="application/yaml",
        fieldValidation="Strict",
    )
    answer.refused(400, "BadRequest")
    assert 'unknown field "foo"' in answer.json["message"]


async def test_patch_warns(server: Server, a: str) -> None:
    answer = await server.merge(a, {"foo": 1})
    assert "foo" not in answer.ok()
    assert answer.warnings == ['unknown field "foo"']


@pytest.mark.parametrize("how", ["merge", "json"])
async def test_strict_patch_refuses(server: Server, a: str, how: str) -> None:
    if how == "merge":
        answer = await server.merge(a, {"foo": 1}, fieldValidation="Strict")
    else:
        operations = [{"op": "add", "path": "/foo", "value": 1}]
        answer = await server.json_patch(a, operations, fieldValidation="Strict")
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "patch")]
    assert answer.json["message"].endswith('strict decoding error: unknown field "foo"')


async def test_strict_patch_refuses_duplicates(server: Server, a: str) -> None:
    answer = await server.merge(
        a, '{"data":{"a":"1","a":"2"}}', fieldValidation="Strict"
    )
    answer.refused(422, "Invalid")
    assert 'duplicate field "data.a"' in answer.json["message"]


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
async def test_apply_refuses_always(server: Server, validation: str) -> None:
    path, body = server.core("configmaps/t"), _typo()
    answer = await server.apply(path, body, fieldValidation=validation)
    answer.refused(500, "")
    assert answer.json["message"].endswith(".foo: field not declared in schema")


async def test_strict_apply_refuses_duplicates(server: Server) -> None:
    body = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: "1"\n  a: "2"\n'
    answer = await server.apply(
        server.core("configmaps/t"), body, fieldValidation="Strict"
    )
    answer.refused(400, "BadRequest")
    assert answer.json["message"].startswith("error strict decoding YAML: ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_other_values_are_invalid(server: Server, a: str, method: str) -> None:
    path = server.core("configmaps") if method == "POST" else a
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    body = config_map("a")
    answer = await server.request(method, path, body, media=media, fieldValidation="x")
    kind = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}[method]
    answer.refused(
        422,
        "Invalid",
        f'{kind}Options.meta.k8s.io "" is invalid: fieldValidation: Unsupported value:'
        ' "x": supported values: "", "Ignore", "Strict", "Warn"',
    )


async def test_of_many_unknown_fields_a_hundred_are_told(server: Server) -> None:
    many = config_map("many") | {f"x{n:03}": 1 for n in range(150)}
    warnings = (await server.post(server.core("configmaps"), many)).warnings
    assert warnings == [f'unknown field "x{n:03}"' for n in range(100)]


async def test_warnings_are_cut_when_they_are_long_together(server: Server) -> None:
    many = config_map("long") | {f"{n:03}" + "x" * 400: 1 for n in range(40)}
    warnings = (await server.post(server.core("configmaps"), many)).warnings
    assert {len(text) for text in warnings} == {256}
    assert len(warnings) == 16
