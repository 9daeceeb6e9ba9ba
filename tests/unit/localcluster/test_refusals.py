import logging

import pytest

from homeostat.api import ObjectMeta
from homeostat.controller import Requeue
from homeostat.errors import ApiError
from homeostat.k8s import apps_v1
from homeostat.localcluster._refusals import CAP, Refusals

INVALID = ApiError("spec.nodeName: Forbidden", code=422, reason="Invalid")


def owner(uid: str = "u", generation: int = 1) -> apps_v1.ReplicaSet:
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(
            namespace="default", name="web", uid=uid, generation=generation
        )
    )


def pause(refusals: Refusals, item: apps_v1.ReplicaSet) -> float:
    answer = refusals.again(item, INVALID)
    assert isinstance(answer, Requeue)
    return answer.after


def test_pauses_double_up_to_a_cap() -> None:
    refusals = Refusals("pods")
    assert [pause(refusals, owner()) for _ in range(3)] == [0.05, 0.1, 0.2]
    assert [pause(refusals, owner()) for _ in range(30)][-1] == CAP


def test_each_generation_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals("pods")
    for generation in (1, 1, 2, 2):
        refusals.again(owner(generation=generation), INVALID)
    said = (
        "the API server refuses the pods of ReplicaSet default/web: "
        "spec.nodeName: Forbidden"
    )
    assert [r.getMessage() for r in caplog.records] == [said, said]
    assert {(r.levelno, r.exc_info) for r in caplog.records} == {
        (logging.WARNING, None)
    }
    assert pause(refusals, owner(generation=2)) == 0.2


def test_what_is_refused_again_later_is_said_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusals = Refusals("pods")
    refusals.again(owner(), INVALID)
    refusals.end(owner())
    refusals.end(owner())
    assert pause(refusals, owner()) == 0.05
    assert len(caplog.records) == 2


@pytest.mark.parametrize("code", [404, 409, 429, 500, 503])
def test_other_errors_stay_what_they_are(
    caplog: pytest.LogCaptureFixture, code: int
) -> None:
    error = ApiError("broken", code=code, reason="")
    assert Refusals("pods").again(owner(), error) is error
    assert not caplog.records


def test_the_oldest_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals("pods", size=2)
    for uid in ("a", "b", "a", "c"):
        refusals.again(owner(uid), INVALID)
    caplog.clear()
    assert pause(refusals, owner("a")) == 0.2
    assert not caplog.records
    assert pause(refusals, owner("b")) == 0.05
