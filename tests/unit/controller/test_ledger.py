from typing import Any

import pytest

from homeostat.api import CustomResource, Spec, Status, custom_resource, from_dict
from homeostat.controller._ledger import Ledger

OWNER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "name": "p",
    "uid": "u",
    "future": "x",
}


class LampSpec(Spec):
    watts: int = 0


@custom_resource(group="example.com", version="v1")
class Lamp(CustomResource[LampSpec, Status]):
    """A lamp, of a type that is older than its objects."""


@pytest.fixture(name="base")
def _base() -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Lamp",
        "metadata": {
            "name": "a",
            "uid": "1",
            "resourceVersion": "5",
            "finalizers": ["a"],
            "ownerReferences": [OWNER],
        },
        "spec": {"watts": 1, "future": "y"},
    }


def test_what_was_answered_is_the_base_of_its_version(base: dict[str, Any]) -> None:
    ledger = Ledger()
    ledger.keep_answer(base)
    lamp = from_dict(Lamp, base)
    assert ledger.base_of(lamp) == base
    lamp.metadata.resource_version = "6"
    assert ledger.base_of(lamp) is None


def test_nothing_changed_is_nothing_to_send(base: dict[str, Any]) -> None:
    assert Ledger().merged(from_dict(Lamp, base), base) is None


def test_unknown_fields_survive_in_owner_references(base: dict[str, Any]) -> None:
    lamp = from_dict(Lamp, base)
    lamp.metadata.owner_references[0].block_owner_deletion = True
    lamp.metadata.finalizers.append("b")
    lamp.spec.watts = 2
    merged = Ledger().merged(lamp, base)
    assert merged == {
        **base,
        "metadata": {
            **base["metadata"],
            "finalizers": ["a", "b"],
            "ownerReferences": [{**OWNER, "blockOwnerDeletion": True}],
        },
        "spec": {"watts": 2, "future": "y"},
    }
