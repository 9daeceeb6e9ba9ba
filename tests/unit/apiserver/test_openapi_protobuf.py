"""OpenAPI v2 in protobuf: what the contract suite holds against the real server's."""

from typing import Any

import pytest

from homeostat.apiserver._openapi_protobuf import encode_openapi
from tests.harness.protobuf import field, number

DEFINITIONS = 9
PATHS = 8
EXTENSION = 31


def _definition(schema: dict[str, Any]) -> bytes:
    return encode_openapi({"definitions": {"a": schema}})


def _in_definition(*schema: bytes) -> bytes:
    return field(DEFINITIONS, field(1, field(1, "a"), field(2, *schema)))


def test_fields_are_in_the_order_of_their_numbers() -> None:
    made = encode_openapi({"info": {"version": "1", "title": "K"}, "swagger": "2.0"})
    assert made == field(1, "2.0") + field(2, field(1, "K"), field(2, "1"))


def test_what_is_zero_is_left_out() -> None:
    schema = {"description": "", "minimum": 0, "minLength": 0, "uniqueItems": False}
    assert _definition(schema) == _in_definition()


def test_numbers_below_zero_are_of_64_bits() -> None:
    below = b"\x78" + b"\xff" * 9 + b"\x01"
    assert _definition({"minItems": -1}) == _in_definition(below)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (True, number(2, 1)),
        (False, number(2, 0)),
        ({"type": "string"}, field(1, field(22, field(1, "string")))),
    ],
)
def test_other_properties_are_a_choice(value: Any, data: bytes) -> None:
    made = _definition({"additionalProperties": value})
    assert made == _in_definition(field(21, data))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("set", "set\n"),
        ("true", '"true"\n'),
        ("it's: x", "'it''s: x'\n"),
        ("a\nb", '"a\\nb"\n'),
        ([{"group": "", "kind": "Pod"}], '- group: ""\n  kind: Pod\n'),
        ({"a": {"b": [1, {}]}}, "a:\n    b:\n        - 1\n        - {}\n"),
        ([{"a": {"b": None}}], "- a:\n    b: null\n"),
    ],
)
def test_extensions_are_texts_in_yaml(value: Any, text: str) -> None:
    extension = field(1, "x-a"), field(2, field(2, text))
    made = _definition({"x-a": value})
    assert made == _in_definition(field(EXTENSION, *extension))


def test_parameters_are_of_one_of_four_forms() -> None:
    item = {
        "parameters": [
            {"in": "body", "schema": {"$ref": "#/a"}},
            {"in": "query", "name": "q", "type": "string"},
            {"in": "path", "name": "p", "required": True},
            {"$ref": "#/parameters/r"},
        ]
    }
    query = field(2, "query") + field(4, "q") + field(6, "string")
    path = number(1, 1) + field(2, "path") + field(4, "p")
    parameters = (
        field(1, field(1, field(3, "body"), field(5, field(1, "#/a")))),
        field(1, field(2, field(3, query))),
        field(1, field(2, field(4, path))),
        field(2, field(1, "#/parameters/r")),
    )
    value = b"".join(field(9, each) for each in parameters)
    named = field(2, field(1, "/a"), field(2, value))
    assert encode_openapi({"paths": {"/a": item}}) == field(PATHS, named)
