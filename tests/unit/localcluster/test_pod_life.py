import pytest

from homeostat.api import ObjectMeta, OwnerReference
from homeostat.k8s import core_v1
from homeostat.localcluster import PodLife
from homeostat.localcluster._pod_life import life_of


def pod(**annotations: str) -> core_v1.Pod:
    named = {
        f"homeostat.dev/{name.replace('_', '-')}": text
        for name, text in annotations.items()
    }
    return core_v1.Pod(metadata=ObjectMeta(name="a", annotations=named))


def test_every_field_is_an_annotation() -> None:
    said = pod(
        start_delay="1m30s",
        missing_images="a, b,",
        ready="false",
        ready_delay="500ms",
        exit_code="7",
        run_for="1.5s",
        restart_delay="1h",
        evict_after="0",
        log="hello",
    )
    assert life_of(said) == PodLife(
        start_delay=90.0,
        missing_images=("a", "b"),
        ready=False,
        ready_delay=0.5,
        exit_code=7,
        run_for=1.5,
        restart_delay=3600.0,
        evict_after=0.0,
        log="hello",
    )


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run_for", "2", "'2' is no duration: write 500ms, 2s or 1m30s"),
        ("run_for", "s", "is no duration"),
        ("run_for", "-1s", "is no duration"),
        ("run_for", "1s x", "is no duration"),
        ("ready", "yes", "'yes' is neither true nor false"),
        ("exit_code", "256", "'256' is no exit code: write 0 to 255"),
        ("exit_code", "-1", "is no exit code"),
        ("restart_delay", "0s", "restart_delay must be more than 0"),
    ],
)
def test_a_bad_annotation_says_what_it_should_be(
    name: str, text: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        life_of(pod(**{name: text}))


def test_annotations_win_over_a_function_field_by_field() -> None:
    given = PodLife(exit_code=1, run_for=9.0)
    assert life_of(pod(), lambda _: given) is given
    both = life_of(pod(run_for="1s"), lambda _: given)
    assert (both.exit_code, both.run_for) == (1, 1.0)
    assert life_of(pod(), lambda _: None) == PodLife()


def test_pods_of_jobs_succeed_unless_something_else_is_said() -> None:
    owned = pod()
    owner = OwnerReference(
        api_version="batch/v1", kind="Job", name="j", uid="u", controller=True
    )
    owned.metadata.owner_references = [owner]
    assert life_of(owned).exit_code == 0
    assert life_of(owned, lambda _: PodLife()).exit_code is None


def test_negative_durations_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        PodLife(run_for=-1.0)
