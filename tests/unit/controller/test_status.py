from typing import Any

from homeostat.api import Schema
from homeostat.controller._status import status_patch

META = {"name": "a", "uid": "u1", "resourceVersion": "7"}


def patch(base: Any, before: Any, after: Any, schema: Schema | None = None) -> Any:
    return status_patch(
        base={"metadata": META, "status": base},
        before=before,
        after=after,
        schema=schema,
    )


def test_an_unchanged_status_needs_no_request() -> None:
    assert patch({"ready": 1, "unknown": 2}, {"ready": 1}, {"ready": 1}) is None


def test_only_the_difference_is_sent_with_the_uid() -> None:
    assert patch(
        {"ready": 1, "size": 3}, {"ready": 1, "size": 3}, {"ready": 2, "size": 3}
    ) == {
        "metadata": {"uid": "u1"},
        "status": {"ready": 2},
    }


def test_a_changed_list_is_sent_with_the_resource_version() -> None:
    assert patch({"nodes": ["a"]}, {"nodes": ["a"]}, {"nodes": ["a", "b"]}) == {
        "metadata": {"uid": "u1", "resourceVersion": "7"},
        "status": {"nodes": ["a", "b"]},
    }


def test_a_removed_member_is_sent_as_null() -> None:
    assert patch({"error": "x"}, {"error": "x"}, {})["status"] == {"error": None}


def test_fields_that_the_type_does_not_know_stay() -> None:
    schema = Schema(
        "object",
        properties={
            "conditions": Schema("array", list_type="map", list_map_keys=("type",))
        },
    )
    base = {"conditions": [{"type": "Ready", "status": "False", "extra": 1}]}
    before = {"conditions": [{"type": "Ready", "status": "False"}]}
    after = {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Up"}]}
    found = patch(base, before, after, schema)["status"]["conditions"]
    assert found[0]["extra"] == 1
    assert found[1] == {"type": "Up"}


def test_a_first_status_is_sent_whole() -> None:
    found = status_patch(
        base={"metadata": META}, before={}, after={"ready": 0}, schema=None
    )
    assert found is not None
    assert found["status"] == {"ready": 0}
