"""Objects of the real server, read as typed objects and written back."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind, from_dict, to_dict
from homeostat.k8s import type_of

HERE = Path(__file__).parent
OBJECTS: list[dict[str, Any]] = [
    *json.loads((HERE / "objects.json").read_text()),
    *(
        case["stored"]
        for case in json.loads(
            (HERE.parent / "apiserver" / "defaults.json").read_text()
        )
    ),
]


def _name(value: dict[str, Any]) -> str:
    return f"{value['apiVersion']}-{value['kind']}-{value['metadata']['name']}"


def _said(value: Any) -> Any:
    """Return a value without what Go writes only because it has no way to omit it."""
    if isinstance(value, dict):
        kept = {name: _said(item) for name, item in value.items()}
        return {
            name: item
            for name, item in kept.items()
            if item not in (None, "", 0, False) and item not in ({}, [])
        }
    if isinstance(value, list):
        return [_said(item) for item in value]
    return value


@pytest.mark.parametrize("value", OBJECTS, ids=_name)
def test_nothing_is_lost_on_the_way_through_a_type(value: dict[str, Any]) -> None:
    kind = type_of(GroupVersionKind.of(value["apiVersion"], value["kind"]))
    assert kind is not None
    typed = from_dict(kind, value)
    again = to_dict(typed)
    assert _said(again) == _said(value)
    assert from_dict(kind, again) == typed


@pytest.mark.parametrize("value", OBJECTS, ids=_name)
def test_what_is_set_to_zero_on_purpose_stays(value: dict[str, Any]) -> None:
    # Fields that have pointers in Go: absent and zero are two things.
    kind = type_of(GroupVersionKind.of(value["apiVersion"], value["kind"]))
    assert kind is not None
    spec, again = value.get("spec"), to_dict(from_dict(kind, value)).get("spec")
    for name in ("replicas", "suspend", "priority", "revisionHistoryLimit"):
        if isinstance(spec, dict) and name in spec:
            assert again is not None
            assert again[name] == spec[name]
