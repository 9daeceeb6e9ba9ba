from typing import Any

from homeostat.api import GroupVersionKind, NamespacedName
from homeostat.controller._matcher import ApplyMatcher

GVK = GroupVersionKind("apps", "v1", "Deployment")
NAME = NamespacedName("default", "web")
CONFIG = {"spec": {"replicas": 1}}


def obj(
    fields: str = "f:replicas", *, time: str = "t1", uid: str = "u1", **more: str
) -> dict[str, Any]:
    entry = {
        "manager": "podsets",
        "operation": "Apply",
        "time": time,
        "fieldsV1": {"f:spec": {fields: {}}},
        **more,
    }
    return {"metadata": {"uid": uid, "managedFields": [{"manager": "kubectl"}, entry]}}


def matcher() -> ApplyMatcher:
    made = ApplyMatcher("podsets")
    made.applied(GVK, NAME, CONFIG, obj())
    return made


def test_the_same_configuration_on_an_untouched_object_matches() -> None:
    assert matcher().matches(GVK, NAME, {"spec": {"replicas": 1}}, obj())


def test_the_time_of_our_entry_does_not_count() -> None:
    assert matcher().matches(GVK, NAME, CONFIG, obj(time="t2"))


def test_another_configuration_does_not_match() -> None:
    assert not matcher().matches(GVK, NAME, {"spec": {"replicas": 2}}, obj())


def test_a_field_that_was_taken_from_us_does_not_match() -> None:
    assert not matcher().matches(GVK, NAME, CONFIG, obj("f:paused"))


def test_a_successor_of_the_same_name_does_not_match() -> None:
    assert not matcher().matches(GVK, NAME, CONFIG, obj(uid="u2"))


def test_a_missing_object_does_not_match() -> None:
    assert not matcher().matches(GVK, NAME, CONFIG, None)


def test_what_was_never_applied_does_not_match() -> None:
    assert not ApplyMatcher("podsets").matches(GVK, NAME, CONFIG, obj())


def test_an_entry_of_a_subresource_is_not_ours() -> None:
    made = ApplyMatcher("podsets")
    made.applied(GVK, NAME, CONFIG, obj(subresource="status"))
    assert len(made) == 0
