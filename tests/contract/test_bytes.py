"""The bytes of objects: fields, keys and numbers as Go writes them."""

import json
import re
from typing import Any

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import STRATEGIC, Server
from tests.harness.widgets import GROUP, widget

ESCAPED = rb"\u003c\u0026\u003e\u2028\u2029"


def _pairs(body: bytes) -> list[list[str]]:
    """Return the keys of each object of a text, in their order."""
    found: list[list[str]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append([key for key, _ in pairs])
        return dict(pairs)

    json.loads(body, object_pairs_hook=note)
    return found


def _nested(name: str = "w") -> Any:
    item = widget(name, size=1, any={"z": 1, "a": {"y": 1, "b": 2}}, alias="abc")
    item["metadata"]["labels"] = {"z": "1", "a": "2"}
    item["metadata"]["ownerReferences"] = [
        {"uid": "u", "name": "n", "kind": "K", "apiVersion": "v1"}
    ]
    return item


async def test_keys_of_custom_resources_are_in_order(
    server: Server, widgets: str
) -> None:
    answers = [await server.post(widgets, _nested())]
    answers.append(await server.get(f"{widgets}/w"))
    answers.append(await server.merge(f"{widgets}/w", {"spec": {"any": {"c": 1}}}))
    config = widget(size=1, color="green")
    answers.append(await server.apply(f"{widgets}/w", config, force=True))
    answers.append(await server.merge(f"{widgets}/w/status", {"status": {"ready": 1}}))
    answers.append(await server.post(widgets, _nested("dry"), dryRun="All"))
    answers.append(await server.get(widgets))
    for answer in answers:
        assert all(keys == sorted(keys) for keys in _pairs(answer.body)), answer
    assert _pairs(answers[-1].body)[-1] == ["apiVersion", "items", "kind", "metadata"]
    assert answers[-1].json["metadata"]["continue"] == ""


async def test_metadata_of_custom_resources_is_a_struct_when_it_stands_alone(
    server: Server, widgets: str
) -> None:
    await server.post(widgets, _nested())
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    answer = await server.get(f"{widgets}/w", headers={"accept": accept})
    metadata = answer.ok()["metadata"]
    assert list(metadata) == [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "labels",
        "ownerReferences",
        "managedFields",
    ]
    assert list(metadata["ownerReferences"][0]) == ["apiVersion", "kind", "name", "uid"]
    assert list(metadata["managedFields"][0])[:2] == ["manager", "operation"]


async def test_json_can_stand_inside_html(server: Server, widgets: str) -> None:
    text = "<&>\u2028\u2029"
    answer = await server.post(server.core("configmaps"), config_map("a", {"x": text}))
    assert b'"x":"' + ESCAPED + b'"' in answer.body
    assert answer.ok(201)["data"] == {"x": text}
    answer = await server.post(widgets, widget(size=1, any={"x": text}))
    assert b'"x":"' + ESCAPED + b'"' in answer.body


NUMBERS = [
    ("1.0", "1"),
    ("-0.0", "0"),
    ("1e2", "100"),
    ("1.50", "1.5"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9223372036854776000"),
    ("-9223372036854775809", "-9223372036854776000"),
    ("18446744073709551616", "18446744073709552000"),
    ("9007199254740993.0", "9007199254740992"),
    ("1e20", "100000000000000000000"),
    ("123456789012345678901234567890", "1.2345678901234568e+29"),
    ("1e21", "1e+21"),
    ("1e-6", "0.000001"),
    ("1e-7", "1e-7"),
]


def _number(body: bytes) -> str:
    found = re.search(rb'"x":([^,}]*)', body)
    assert found is not None
    return found[1].decode()


@pytest.mark.parametrize(("given", "kept"), NUMBERS)
async def test_numbers_of_custom_resources(
    server: Server, widgets: str, given: str, kept: str
) -> None:
    value = f'{{"x":{given}}}'
    body = json.dumps(widget(size=1, any={})).replace("{}", value)
    answer = await server.post(widgets, body)
    assert (answer.status, _number(answer.body)) == (201, kept)
    labelled = {"metadata": {"labels": {"a": "b"}}}
    assert _number((await server.merge(f"{widgets}/w", labelled)).body) == kept
    await server.merge(f"{widgets}/w", {"spec": {"any": None}})
    patch = f'{{"spec":{{"any":{value}}}}}'
    assert _number((await server.merge(f"{widgets}/w", patch)).body) == kept
    patch = f'[{{"op":"add","path":"/spec/any","value":{value}}}]'
    assert _number((await server.json_patch(f"{widgets}/w", patch)).body) == kept
    await server.delete(f"{widgets}/w")
    assert _number((await server.apply(f"{widgets}/w", body)).body) == kept


async def test_whole_float_is_an_integer(server: Server, widgets: str) -> None:
    body = json.dumps(widget(size=0, percent=0, ratio=0)).replace(": 0", ": 5.0")
    item = (await server.post(widgets, body)).ok(201)
    spec = item["spec"]
    numbers = [spec[name] for name in ("size", "percent", "ratio")]
    assert numbers == [5, 5, 5]
    assert {type(number) for number in numbers} == {int}
    assert item["apiVersion"] == f"{GROUP}/v1"


def _secret(data: Any) -> dict[str, Any]:
    return {**config_map("a"), "kind": "Secret", "data": {"a": data}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("YW\nJj\r\n", "YWJj"), ("YR==", "YQ=="), ([97, None], "YQA="), ([], "")],
    ids=["line ends", "bits left over", "numbers", "no numbers"],
)
async def test_bytes_are_kept_as_go_writes_them(
    server: Server, given: Any, kept: str
) -> None:
    item = (await server.post(server.core("secrets"), _secret(given))).ok(201)
    assert item["data"] == {"a": kept}


@pytest.mark.parametrize(
    ("given", "place"),
    [("x", 0), ("abcd!", 4), ("ab=c", 2), ("YQ=", 3), ("YQ==x", 4), ("abcdefg", 4)],
)
async def test_bytes_that_are_not_well_coded_are_refused(
    server: Server, given: str, place: int
) -> None:
    why = f"illegal base64 data at input byte {place}"
    answer = await server.post(server.core("secrets"), _secret(given))
    text = f'Secret in version "v1" cannot be handled as a Secret: {why}'
    answer.refused(400, "BadRequest", text)
    applied = await server.apply(server.core("secrets/a"), _secret(given))
    text = "failed to convert new object (/a; /v1, Kind=Secret) to proper version: "
    text += "unable to convert unstructured object to /v1, Kind=Secret: "
    applied.refused(500, "", f"{text}error decoding from json: {why}")


async def test_bytes_of_a_strategic_patch_are_cut_to_eight_bits(server: Server) -> None:
    path = server.core("secrets")
    (await server.post(path, _secret("YQ=="))).ok(201)
    patch: dict[str, Any] = {"data": {"a": [300]}}
    item = await server.request("PATCH", f"{path}/a", patch, media=STRATEGIC)
    assert item.ok()["data"] == {"a": "LA=="}
    patch = {"data": {"a": "x"}}
    item = await server.request("PATCH", f"{path}/a", patch, media=STRATEGIC)
    [cause] = item.refused(422, "Invalid")["causes"]
    why = "error decoding from json: illegal base64 data at input byte 0"
    assert cause["message"].endswith(f": {why}")


async def test_numbers_of_patches_are_cut_to_their_types_bits(server: Server) -> None:
    path, given = (
        server.apps("deployments/d"),
        deployment("d", minReadySeconds=2**32 + 5),
    )
    item = (await server.apply(path, given)).ok(201)
    assert item["spec"]["minReadySeconds"] == 5
    patch = {"spec": {"minReadySeconds": 2**32 + 7}}
    item = (await server.request("PATCH", path, patch, media=STRATEGIC)).ok()
    assert item["spec"]["minReadySeconds"] == 7
    merged = await server.merge(path, patch)
    merged.refused(422, "Invalid")
