import json
from pathlib import Path

import pytest

from homeostat.api import UNSET
from homeostat.schema import dump_schema, parse_schema

GOLDENS = Path(__file__).parent / "goldens"
DOCUMENTS = [
    json.loads((GOLDENS / name).read_text())["schema"]
    for name in ("ownership.json", "validation.json")
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=["ownership", "validation"])
def test_document_survives_the_round_trip(document: object) -> None:
    assert isinstance(document, dict)
    assert dump_schema(parse_schema(document)) == document


def test_bound_of_zero_is_a_bound() -> None:
    document = {"type": "integer", "minimum": 0, "maximum": 0}
    assert dump_schema(parse_schema(document)) == document


def test_default_of_null_is_none() -> None:
    assert parse_schema({"type": "string", "default": None}).default is UNSET


def test_additional_properties_true_allows_anything() -> None:
    document = {"type": "object", "additionalProperties": True}
    assert dump_schema(parse_schema(document)) == document
