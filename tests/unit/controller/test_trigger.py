from typing import Any

import msgspec
import pytest

from homeostat.api import GroupVersionKind
from homeostat.cache import Record
from homeostat.controller import (
    Predicate,
    annotations_changed,
    generation_changed,
    labels_changed,
    predicate,
)
from homeostat.controller._predicate import DEFAULT_FOR_OTHERS, DEFAULT_FOR_RECONCILED
from homeostat.controller._trigger import Trigger

GVK = GroupVersionKind("", "v1", "Thing")


def record(
    version: int = 1,
    *,
    generation: int | None = 1,
    uid: str = "u1",
    deleting: bool = False,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **body: Any,
) -> Record:
    metadata: dict[str, Any] = {
        "name": "a",
        "namespace": "default",
        "uid": uid,
        "resourceVersion": str(version),
        "managedFields": [{"time": str(version)}],
    }
    if generation is not None:
        metadata["generation"] = generation
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return Record.read(msgspec.json.encode({"metadata": metadata, **body}), gvk=GVK)


def due(
    trigger: Trigger[str], old: Record | None, new: Record | None, key: str = "k"
) -> bool:
    name = (new or old or record()).key
    return trigger.due(key, name, old, new)


def test_appearing_and_vanishing_are_due() -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    assert due(trigger, None, record())
    trigger.started("k")
    assert due(trigger, record(), None)


def test_the_own_status_write_is_not_due() -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    trigger.started("k")
    assert not due(trigger, record(1), record(2, status={"ready": 1}))
    assert len(trigger) == 0


def test_anothers_change_in_the_same_response_is_due() -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    trigger.started("k")
    assert due(trigger, record(1), record(3, generation=2, status={"ready": 1}))


def test_a_change_stays_due_until_a_reconcile_starts() -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    assert due(trigger, record(1), record(2, generation=2))
    # Nothing that matters has changed since the last event, but since the start.
    assert due(trigger, record(2, generation=2), record(3, generation=2))
    trigger.started("k")
    assert not due(trigger, record(3, generation=2), record(4, generation=2))


def test_a_change_that_was_taken_back_is_not_due() -> None:
    trigger: Trigger[str] = Trigger(labels_changed, source="Thing")
    assert due(trigger, record(1), record(2, labels={"a": "b"}))
    assert not due(trigger, record(2, labels={"a": "b"}), record(3))


def test_keys_and_objects_are_judged_apart() -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    assert due(trigger, record(1), record(2, generation=2), key="one")
    assert due(trigger, record(1), record(2, generation=2), key="two")
    trigger.started("one")
    assert not due(trigger, record(2, generation=2), record(3, generation=2), key="one")
    assert due(trigger, record(2, generation=2), record(3, generation=2), key="two")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (record(1), record(2, uid="u2"), True),
        (record(1), record(2, deleting=True), True),
        (record(1), record(2, labels={"a": "b"}), False),
        (record(1, generation=None), record(2, generation=None), False),
        (record(1, generation=None), record(2, generation=None, data={"a": 1}), True),
        (
            record(1, generation=None),
            record(2, generation=None, status={"a": 1}),
            False,
        ),
        (
            record(1, generation=None),
            record(2, generation=None, annotations={"a": "b"}),
            True,
        ),
    ],
)
def test_default_of_the_reconciled_kind(
    old: Record, new: Record, expected: bool
) -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_RECONCILED, source="Thing")
    assert due(trigger, old, new) is expected


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (record(2), False),
        (record(2, status={"ready": 1}), True),
        (record(2, labels={"a": "b"}), True),
        (record(2, uid="u2"), True),
    ],
)
def test_default_of_other_kinds(new: Record, expected: bool) -> None:
    trigger: Trigger[str] = Trigger(DEFAULT_FOR_OTHERS, source="Thing")
    assert due(trigger, record(1), new) is expected


GENERATION = {"generation": 2}
LABELS = {"labels": {"a": "b"}}
ANNOTATIONS = {"annotations": {"a": "b"}}


@pytest.mark.parametrize(
    ("rule", "change", "expected"),
    [
        (labels_changed, LABELS, True),
        (labels_changed, GENERATION, False),
        (annotations_changed, ANNOTATIONS, True),
        (generation_changed | labels_changed, LABELS, True),
        (generation_changed | labels_changed, ANNOTATIONS, False),
        (generation_changed & labels_changed, LABELS, False),
        (generation_changed & labels_changed, LABELS | GENERATION, True),
        (~labels_changed, LABELS, False),
        (~labels_changed, GENERATION, True),
        (generation_changed & ~labels_changed, LABELS | GENERATION, False),
        (~(generation_changed | labels_changed), ANNOTATIONS, True),
    ],
)
def test_combinations(rule: Predicate, change: dict[str, Any], expected: bool) -> None:
    trigger: Trigger[str] = Trigger(rule, source="Thing")
    assert due(trigger, record(1), record(2, **change)) is expected


@pytest.mark.parametrize("rule", [~labels_changed, labels_changed & generation_changed])
def test_no_combination_hides_that_an_object_appeared(rule: Predicate) -> None:
    assert due(Trigger(rule, source="Thing"), None, record())
    assert due(Trigger(rule, source="Thing"), record(), None)


def test_a_custom_predicate_sees_both_states() -> None:
    seen: list[tuple[Record | None, Record | None]] = []

    @predicate
    def odd(old: Record | None, new: Record | None) -> bool:
        seen.append((old, new))
        return new is not None and new.generation == 3

    trigger: Trigger[str] = Trigger(odd, source="Thing")
    one, two = record(1), record(2, generation=3)
    assert not due(trigger, None, one)
    assert due(trigger, one, two)
    assert seen == [(None, one), (one, two)]


def test_a_custom_predicate_narrows_a_projection() -> None:
    @predicate
    def wanted(_old: Record | None, new: Record | None) -> bool:
        return new is not None and "app" in new.labels

    trigger: Trigger[str] = Trigger(generation_changed & wanted, source="Thing")
    assert not due(trigger, None, record())
    assert due(trigger, None, record(labels={"app": "x"}))


def test_a_predicate_that_raises_lets_the_change_pass(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @predicate
    def broken(_old: Record | None, _new: Record | None) -> bool:
        raise RuntimeError("boom")

    assert due(Trigger(broken, source="Thing"), record(1), record(2))
    assert "predicate broken raised" in caplog.text
    assert "boom" in caplog.text
