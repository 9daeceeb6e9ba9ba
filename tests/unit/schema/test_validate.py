"""Validation against the answers of the real kube-apiserver 1.36."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import Schema
from homeostat.schema import (
    aggregate,
    apply_defaults,
    causes,
    drop_nulls,
    malformed_embedded,
    parse_schema,
    prune,
    validate,
)

GOLDENS = json.loads((Path(__file__).parent / "goldens/validation.json").read_text())
SCHEMA = parse_schema(GOLDENS["schema"])


def whole(spec: Any) -> dict[str, Any]:
    spec = json.loads(json.dumps(spec))
    metadata = {"name": "o"}
    return {
        "apiVersion": "example.com/v1",
        "kind": "Val",
        "metadata": metadata,
        "spec": spec,
    }


def normal(found: list[dict[str, str]] | None) -> list[Any]:
    # The server walks maps in random order.
    return sorted((c["reason"], c["field"], c["message"]) for c in found or [])


def cases(*codes: int) -> list[Any]:
    return [
        pytest.param(case, id=json.dumps(case["spec"], ensure_ascii=True)[:60])
        for case in GOLDENS["cases"]
        if case["code"] in codes
    ]


@pytest.mark.parametrize("case", cases(201, 422))
def test_object_is_judged_as_the_server_judged_it(case: dict[str, Any]) -> None:
    value = whole(case["spec"])
    unknown = prune(value, SCHEMA)
    drop_nulls(value, SCHEMA)
    apply_defaults(value, SCHEMA)
    errors = validate(value, SCHEMA)
    assert normal(causes(errors)) == normal(case.get("causes"))
    if case["code"] == 201:
        assert value["spec"] == case["result"]
    if len(errors) == 1:
        assert aggregate(errors) == case["message"]
    reported = [f'unknown field "{path}"' for path in unknown]
    assert ", ".join(reported) == case.get("strict", ": ").rpartition("error: ")[
        2
    ].strip(": ")


@pytest.mark.parametrize("case", cases(400))
def test_malformed_embedded_resource_is_a_bad_request(case: dict[str, Any]) -> None:
    error = malformed_embedded(whole(case["spec"]), SCHEMA)
    assert case["message"] == (
        f'Val in version "v1" cannot be handled as a Val: {error}'
    )


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=str(i)) for i, c in enumerate(GOLDENS["updates"])]
)
def test_what_was_as_wrong_before_is_tolerated(case: dict[str, Any]) -> None:
    errors = validate(whole(case["new"]), SCHEMA, old=whole(case["old"]))
    assert normal(causes(errors)) == normal(case.get("causes"))


def test_path_stands_before_every_field() -> None:
    errors = validate({"size": 11}, SCHEMA.properties["spec"], path="spec")
    assert [str(error) for error in errors] == [
        (
            "spec.size: Invalid value: 11: spec.size in body should be less than or "
            "equal to 10"
        )
    ]


def test_recursive_schema_is_followed_by_the_value() -> None:
    node = Schema("object")
    node.properties = {"size": Schema("integer"), "child": node}
    assert validate({"child": {"child": {"size": 1}}}, node) == []
    errors = validate({"child": {"child": {"size": "x"}}}, node)
    assert [error.field for error in errors] == ["child.child.size"]


def test_several_errors_read_as_a_list() -> None:
    errors = validate(whole({"size": 11, "one": "ab"}), SCHEMA)
    assert aggregate(errors) == (
        "[spec.size: Invalid value: 11: spec.size in body should be less than or equal "
        "to 10, spec.one: Too long: may not be more than 1 byte]"
    )
