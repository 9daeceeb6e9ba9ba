from datetime import UTC, datetime

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._deployment_state import HASH_LABEL, State, look
from homeostat.localcluster._rollout import DESIRED_REPLICAS, MAX_REPLICAS, REVISION


def template(image: str, digest: str = "") -> core_v1.PodTemplateSpec:
    labels = {"app": "web", **({HASH_LABEL: digest} if digest else {})}
    return core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=labels),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name="c", image=image)]),
    )


def a_set(
    name: str,
    replicas: int,
    *,
    image: str = "old",
    desired: int | None = None,
    available: int = 0,
    born: int = 1,
) -> apps_v1.ReplicaSet:
    notes = {} if desired is None else {DESIRED_REPLICAS: str(desired)}
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(
            name=name,
            annotations=notes,
            creation_timestamp=Time.of(datetime(2026, 1, born, tzinfo=UTC)),
        ),
        spec=apps_v1.ReplicaSetSpec(replicas=replicas, template=template(image, name)),
        status=apps_v1.ReplicaSetStatus(
            replicas=replicas, available_replicas=available
        ),
    )


def state(
    *sets: apps_v1.ReplicaSet, replicas: int | None = 3, strategy: str = ""
) -> State:
    deployment = apps_v1.Deployment(
        metadata=ObjectMeta(
            name="web", annotations={"team": "a", REVISION: "7", MAX_REPLICAS: "9"}
        ),
        spec=apps_v1.DeploymentSpec(
            replicas=replicas,
            template=template("new"),
            strategy=apps_v1.DeploymentStrategy(type=strategy),
        ),
    )
    return look(deployment, sets)


def test_new_set_is_the_oldest_that_has_the_template() -> None:
    found = state(
        a_set("b", 1, image="new", born=2),
        a_set("c", 1, image="new", born=3),
        a_set("a", 1, born=4),
    )
    assert found.new is not None
    assert found.new.metadata.name == "b"
    assert [s.metadata.name for s in found.old] == ["c", "a"]


@pytest.mark.parametrize(
    ("sets", "scaling"),
    [
        ([a_set("a", 3, desired=3)], False),
        ([a_set("a", 3, desired=2)], True),
        ([a_set("a", 0, desired=2)], False),  # it was scaled for another time
        ([a_set("a", 3)], False),  # nothing is noted
        ([a_set("a", 2, desired=3), a_set("b", 1, desired=5)], True),
    ],
)
def test_scaling_is_told_by_what_sets_with_a_size_note(
    sets: list[apps_v1.ReplicaSet], *, scaling: bool
) -> None:
    assert state(*sets).is_scaling is scaling


@pytest.mark.parametrize(
    ("new", "saturated"),
    [
        (a_set("n", 3, image="new", desired=3, available=3), True),
        (a_set("n", 2, image="new", desired=3, available=3), False),
        (a_set("n", 3, image="new", desired=4, available=3), False),
        (a_set("n", 3, image="new", desired=3, available=2), False),
        (a_set("o", 3, desired=3, available=3), False),
    ],
)
def test_new_set_is_saturated_when_it_does_everything_alone(
    new: apps_v1.ReplicaSet, *, saturated: bool
) -> None:
    assert state(new).is_saturated is saturated


def test_only_set_with_a_size_is_scaled_or_the_latest() -> None:
    def name(*sets: apps_v1.ReplicaSet) -> str:
        found = state(*sets).only_or_latest
        return found.metadata.name if found else ""

    new = a_set("n", 0, image="new")
    assert name() == ""
    assert name(a_set("a", 1), a_set("b", 0), new) == "a"
    assert name(a_set("a", 1), a_set("b", 1), new) == ""
    assert name(a_set("a", 0), new) == "n"
    assert name(a_set("b", 0, born=2), a_set("a", 0, born=1)) == "b"


def test_bounds_are_a_quarter_unless_said_and_none_for_recreate() -> None:
    rollout = state(replicas=4).rollout
    assert (rollout.max_surge, rollout.max_unavailable) == (1, 1)
    rollout = state(replicas=10).rollout
    assert (rollout.max_surge, rollout.max_unavailable) == (3, 2)
    rollout = state(replicas=10, strategy="Recreate").rollout
    assert (rollout.max_surge, rollout.max_unavailable) == (0, 0)
    assert state(replicas=None).rollout.replicas == 1
    assert state(replicas=0).rollout.replicas == 0


def test_what_a_deployment_notes_for_itself_is_not_inherited() -> None:
    assert state().inherited_annotations == {"team": "a"}
