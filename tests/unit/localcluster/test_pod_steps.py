"""A pod's life, driven step by step on a clock of the test's own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import core_v1
from homeostat.localcluster import PodLife
from homeostat.localcluster._pod_status import Report
from homeostat.localcluster._pod_steps import next_step, stage_of

START = 0.02


def pod(**spec: Any) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    policy = spec.pop("restart_policy", "Always")
    return core_v1.Pod(
        metadata=ObjectMeta(name="a", namespace="x", uid="u"),
        spec=core_v1.PodSpec(
            containers=[container], node_name="n1", restart_policy=policy, **spec
        ),
        status=core_v1.PodStatus(phase="Pending"),
    )


def says(item: core_v1.Pod) -> str:
    """Return a pod's state in the words of ``kubectl get pods``, about."""
    (container,) = item.status.container_statuses or [core_v1.ContainerStatus()]
    word = item.status.reason or item.status.phase
    if item.status.phase in {"Pending", "Running"} and container.state.waiting:
        word = container.state.waiting.reason
    if container.ready:
        word += " ready"
    return word + (f" {container.restart_count}" if container.restart_count else "")


@dataclass
class Life:
    """Plays a kubelet; ``told`` has each state with the second in which it began."""

    pod: core_v1.Pod
    life: PodLife
    at: float = 0.0
    began: float = 0.0
    stage: str = ""
    told: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    events: list[str] = field(default_factory=list[str])

    def run(self, until: float) -> list[tuple[float, str]]:
        while True:
            if stage_of(self.pod) != self.stage:
                self.stage, self.began = stage_of(self.pod), self.at
            now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at)
            report = Report(pod=self.pod, host_ip="h", pod_ip="p", now=Time.of(now))
            since = self.at - self.began
            step = next_step(report, self.life, since=since, start=START)
            if step.event:
                self.events.append(step.event[0])
            if step.status is not None:
                self.pod.status = step.status
                self.told.append((round(self.at, 3), says(self.pod)))
                continue
            if step.wait is None or self.at + step.wait > until:
                return self.told
            assert step.wait > 0
            self.at += step.wait


def lived(
    until: float = 1000.0, /, *, item: core_v1.Pod | None = None, **life: Any
) -> Any:
    return Life(item or pod(), PodLife(**life)).run(until)


def test_a_usual_pod_starts_and_stays() -> None:
    assert lived() == [(START, "Running ready")]


def test_a_slow_start_is_shown() -> None:
    assert lived(start_delay=3.0) == [
        (0.0, "ContainerCreating"),
        (3.0, "Running ready"),
    ]


def test_a_pod_becomes_ready_late_or_never() -> None:
    assert lived(ready_delay=2.0) == [(START, "Running"), (2.02, "Running ready")]
    assert lived(ready=False) == [(START, "Running")]


def test_readiness_ends_when_the_life_says_so() -> None:
    life = Life(pod(), PodLife())
    life.run(1)
    life.life = PodLife(ready=False)
    assert life.run(2)[-1][1] == "Running"
    life.life = PodLife()
    assert life.run(3)[-1][1] == "Running ready"


def test_a_crash_loop_backs_off_twice_as_long_each_time() -> None:
    told = lived(35.0, exit_code=1, run_for=1.0)
    assert told == [
        (0.02, "Running ready"),
        (1.02, "Running ready 1"),  # a first restart waits for nothing
        (2.02, "CrashLoopBackOff 1"),
        (12.02, "Running ready 2"),
        (13.02, "CrashLoopBackOff 2"),
        (33.02, "Running ready 3"),
        (34.02, "CrashLoopBackOff 3"),
    ]


def test_the_back_off_ends_at_five_minutes() -> None:
    life = Life(pod(), PodLife(exit_code=1, run_for=1.0, restart_delay=100.0))
    times = [at for at, word in life.run(3000.0) if word.startswith("Running")]
    assert [round(b - a) for a, b in pairwise(times)][-3:] == [301, 301, 301]
    assert set(life.events) == {"BackOff"}


@pytest.mark.parametrize(
    ("policy", "code", "end"),
    [
        ("Never", 0, "Succeeded"),
        ("Never", 2, "Failed"),
        ("OnFailure", 0, "Succeeded"),
    ],
)
def test_a_pod_ends_by_its_restart_policy(policy: str, code: int, end: str) -> None:
    told = lived(item=pod(restart_policy=policy), exit_code=code, run_for=1.0)
    assert told == [(START, "Running ready"), (1.02, end)]


def test_on_failure_starts_what_failed_again() -> None:
    told = lived(2.0, item=pod(restart_policy="OnFailure"), exit_code=2, run_for=1.0)
    assert told[-1] == (1.02, "Running ready 1")


def test_a_missing_image_waits_until_it_changes() -> None:
    life = Life(pod(), PodLife(missing_images=["busybox"]))
    assert life.run(100) == [(0.0, "ErrImagePull"), (1.0, "ImagePullBackOff")]
    assert life.events == ["Failed", "BackOff"]
    life.pod.spec.containers[0].image = "busybox:2"
    assert life.run(100)[-1][1] == "Running ready"


def test_a_node_evicts() -> None:
    life = Life(pod(), PodLife(evict_after=5.0))
    assert life.run(100) == [(START, "Running ready"), (5.02, "Evicted")]
    assert life.events == ["Evicted"]


def test_a_pods_own_deadline_ends_it() -> None:
    told = lived(item=pod(active_deadline_seconds=7))
    assert told == [(START, "Running ready"), (7.02, "DeadlineExceeded")]


def test_the_first_of_several_ends_counts() -> None:
    told = lived(
        item=pod(restart_policy="Never"), exit_code=0, run_for=9.0, evict_after=3.0
    )
    assert told[-1] == (3.02, "Evicted")
