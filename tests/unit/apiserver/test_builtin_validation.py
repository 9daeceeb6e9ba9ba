"""Validation, compared with what the real server said to the same objects."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.apiserver._builtin_validation import validate_builtin
from homeostat.apiserver._builtin_validation_cron import schedule
from homeostat.apiserver._defaults import apply_builtin_defaults
from homeostat.apiserver._defaults_create import prepare_builtin_create
from homeostat.apiserver._normal import normalise
from homeostat.k8s import schema_of

HERE = Path(__file__)
CASES: list[dict[str, Any]] = json.loads(HERE.with_name("refused.json").read_text())
GOOD: list[dict[str, Any]] = json.loads(HERE.with_name("defaults.json").read_text())
# The real server shows its own structs, or a diff of them: the rest must be the same.
SHOWS_STRUCTS = {
    "claim: spec is immutable",
    "job: template is immutable",
    "pod: pod spec may not change",
}


def _prepared(given: dict[str, Any], *, new: bool) -> dict[str, Any]:
    value = copy.deepcopy(given)
    gvk = GroupVersionKind.of(value["apiVersion"], value["kind"])
    schema = schema_of(gvk)
    assert schema is not None
    normalise(value, schema, gvk.kind)
    value["metadata"].setdefault("uid", "UID")
    if gvk.kind == "Event":
        value["metadata"].setdefault("namespace", "default")
    apply_builtin_defaults(gvk, value)
    if new:
        prepare_builtin_create(gvk, value, now="2024-01-01T00:00:00Z")
    return value


def _found(case: dict[str, Any]) -> list[dict[str, str]]:
    old = _prepared(case["old"], new=False) if "old" in case else None
    new = _prepared(case["new"], new=old is None)
    gvk = GroupVersionKind.of(new["apiVersion"], new["kind"])
    return [error.cause() for error in validate_builtin(gvk, new, old)]


def _of_the_kind(causes: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return causes in an order of their own, without those of metadata in general."""
    return sorted(
        (cause["field"], cause["reason"], cause["message"])
        for cause in causes
        if not cause["field"].startswith("metadata.") or "52" in cause["message"]
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_wrong_object_is_refused_in_the_real_words(case: dict[str, Any]) -> None:
    found, real = _of_the_kind(_found(case)), _of_the_kind(case["causes"])
    if case["name"] not in SHOWS_STRUCTS:
        assert found == real
        return
    assert [each[:2] for each in found] == [each[:2] for each in real]
    for mine, theirs in zip(found, real, strict=True):
        start, end = mine[2][:60], mine[2].rpartition(": ")[2]
        assert theirs[2].startswith(start[:12])
        assert end in theirs[2]


@pytest.mark.parametrize(
    "case", GOOD, ids=lambda case: case["given"]["metadata"]["name"]
)
def test_what_the_real_server_takes_is_right(case: dict[str, Any]) -> None:
    value = copy.deepcopy(case["stored"])
    value["metadata"].setdefault("uid", "UID")
    gvk = GroupVersionKind.of(value["apiVersion"], value["kind"])
    assert validate_builtin(gvk, value, None) == []
    assert validate_builtin(gvk, value, copy.deepcopy(value)) == []


def _pod(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "busybox"}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "default"},
        "spec": {"containers": containers, **spec},
    }
    return _prepared(pod, new=True)


POD = GroupVersionKind("", "v1", "Pod")


def test_images_and_tolerations_of_a_pod_may_change() -> None:
    new = _pod(
        containers=[{"name": "c", "image": "other", "imagePullPolicy": "Always"}]
    )
    new["spec"]["tolerations"].append({"key": "a", "operator": "Exists"})
    assert validate_builtin(POD, new, _pod()) == []


def test_tolerations_may_not_go() -> None:
    new = _pod()
    new["spec"]["tolerations"] = []
    errors = validate_builtin(POD, new, _pod())
    assert [error.field for error in errors] == ["spec.tolerations"]


def test_a_deadline_may_only_come_nearer() -> None:
    near, far, none = (
        _pod(activeDeadlineSeconds=5),
        _pod(activeDeadlineSeconds=9),
        _pod(),
    )
    assert validate_builtin(POD, near, far) == []
    assert validate_builtin(POD, near, none) == []
    assert validate_builtin(POD, far, near) != []
    assert validate_builtin(POD, none, near) != []


def test_kinds_that_are_not_built_in_are_not_checked() -> None:
    assert validate_builtin(GroupVersionKind("x.io", "v1", "Thing"), {}, None) == []


@pytest.mark.parametrize(
    "text",
    ["*/5 * * * *", "0 9-17 * jan,MAR mon-fri", "@hourly", "@every 5m", "1 ? * * 0"],
)
def test_schedules_that_are_right(text: str) -> None:
    assert schedule(text, "spec.schedule") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        (
            "*/x * * * *",
            'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
        ),
        (
            "@every x",
            'failed to parse duration @every x: time: invalid duration "x"',
        ),
        ("@often", "unrecognized descriptor: @often"),
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
    ],
)
def test_schedules_that_are_wrong(text: str, fault: str) -> None:
    errors = schedule(text, "spec.schedule")
    assert [error.detail for error in errors] == [fault]
