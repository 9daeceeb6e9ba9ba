import logging
from contextlib import suppress

import pytest

from homeostat.api import ObjectMeta
from homeostat.controller import Requeue
from homeostat.errors import ApiError
from homeostat.k8s import apps_v1
from homeostat.localcluster._refusals import CAP, Refusals

INVALID = ApiError(
    "spec.nodeName: Forbidden",
    code=422,
    reason="Invalid",
    attempted="create v1 pods default",
)


def owner(uid: str = "u", generation: int = 1) -> apps_v1.ReplicaSet:
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(
            namespace="default", name="web", uid=uid, generation=generation
        )
    )


def refuse(
    refusals: Refusals, item: apps_v1.ReplicaSet, error: ApiError = INVALID
) -> float:
    """Reconcile an object that is refused what it asks for; return the pause."""
    with pytest.raises(Requeue) as raised, refusals.asking_for(item):
        raise error
    assert raised.value.__cause__ is error
    return raised.value.after


def test_pauses_double_up_to_a_cap() -> None:
    refusals = Refusals()
    assert [refuse(refusals, owner()) for _ in range(3)] == [0.05, 0.1, 0.2]
    assert [refuse(refusals, owner()) for _ in range(30)][-1] == CAP


def test_each_generation_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    for generation in (1, 1, 2, 2):
        refuse(refusals, owner(generation=generation))
    said = (
        "the API server refuses what ReplicaSet default/web asks for: "
        "create v1 pods default: spec.nodeName: Forbidden"
    )
    assert [r.getMessage() for r in caplog.records] == [said, said]
    assert {(r.levelno, r.exc_info) for r in caplog.records} == {
        (logging.WARNING, None)
    }
    assert refuse(refusals, owner(generation=2)) == 0.2


def test_it_is_the_generation_that_was_reconciled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusals = Refusals()
    item = owner(generation=1)
    with suppress(Requeue), refusals.asking_for(item):
        item.metadata.generation = 2  # an update brings the object up to date
        raise INVALID
    assert refuse(refusals, owner(generation=2)) == 0.05
    assert len(caplog.records) == 2


def test_what_is_refused_again_later_is_said_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusals = Refusals()
    refuse(refusals, owner())
    for _ in range(2):
        with refusals.asking_for(owner()):
            pass
    assert refuse(refusals, owner()) == 0.05
    assert len(caplog.records) == 2


@pytest.mark.parametrize("code", [404, 409, 429, 500, 503])
def test_other_errors_stay_what_they_are(
    caplog: pytest.LogCaptureFixture, code: int
) -> None:
    error = ApiError("broken", code=code, reason="")
    with pytest.raises(ApiError) as raised, Refusals().asking_for(owner()):
        raise error
    assert raised.value is error
    assert not caplog.records


def test_the_oldest_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(size=2)
    for uid in ("a", "b", "a", "c"):
        refuse(refusals, owner(uid))
    caplog.clear()
    assert refuse(refusals, owner("a")) == 0.2
    assert not caplog.records
    assert refuse(refusals, owner("b")) == 0.05


def test_end_of_a_namespace_is_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    cause = {"reason": "NamespaceTerminating", "field": "metadata.namespace"}
    ending = ApiError(
        "unable to create new content", code=403, details={"causes": [cause]}
    )

    def create() -> None:
        raise ending

    with Refusals().asking_for(owner()):
        create()
    assert not caplog.records
