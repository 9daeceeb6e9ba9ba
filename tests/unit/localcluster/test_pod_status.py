from datetime import UTC, datetime
from typing import Any

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import core_v1
from homeostat.localcluster._node_status import node_status
from homeostat.localcluster._pod_status import (
    Report,
    crashed_status,
    ended_status,
    evicted_status,
    running_status,
    waiting_status,
)

NOW = Time.of(datetime(2026, 1, 1, tzinfo=UTC))
LATER = Time.of(datetime(2026, 1, 2, tzinfo=UTC))


def pod(**spec: Any) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name="a", namespace="x", uid="u"),
        spec=core_v1.PodSpec(containers=[container], node_name="n1", **spec),
        status=core_v1.PodStatus(
            phase="Pending",
            conditions=[core_v1.PodCondition(type="PodScheduled", status="True")],
        ),
    )


def report(item: core_v1.Pod, now: Time = NOW) -> Report:
    return Report(pod=item, host_ip="10.0.0.1", pod_ip="10.1.0.1", now=now)


def conditions(found: core_v1.PodStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in found.conditions}


def test_running_pod_is_ready_and_keeps_other_conditions() -> None:
    found = running_status(report(pod()))
    assert found.phase == "Running"
    assert conditions(found) == {
        "PodReadyToStartContainers": ("True", ""),
        "Initialized": ("True", ""),
        "Ready": ("True", ""),
        "ContainersReady": ("True", ""),
        "PodScheduled": ("True", ""),
    }
    assert [(c.name, c.ready, c.started) for c in found.container_statuses] == [
        ("c", True, True)
    ]


def test_pod_that_waits_says_what_for() -> None:
    found = waiting_status(report(pod()), {})
    assert found.phase == "Pending"
    assert conditions(found)["Ready"] == ("False", "ContainersNotReady")
    (ready,) = (c for c in found.conditions if c.type == "Ready")
    assert ready.message == "containers with unready status: [c]"
    assert conditions(found)["PodReadyToStartContainers"] == ("False", "")
    (container,) = found.container_statuses
    assert container.state.waiting is not None
    assert container.state.waiting.reason == "ContainerCreating"
    assert (container.ready, container.started) == (False, False)
    assert found.pod_ip == ""


def test_a_gate_keeps_the_pod_from_being_ready_until_it_is_met() -> None:
    gate = core_v1.PodReadinessGate(condition_type="example.com/lb")
    item = pod(readiness_gates=[gate])
    refused = ("False", "ReadinessGatesNotReady")
    assert conditions(running_status(report(item)))["Ready"] == refused
    assert conditions(running_status(report(item)))["ContainersReady"][0] == "True"
    met = core_v1.PodCondition(type="example.com/lb", status="False")
    item.status.conditions.append(met)
    assert conditions(running_status(report(item)))["Ready"] == refused
    met.status = "True"
    assert conditions(running_status(report(item)))["Ready"] == ("True", "")


def test_running_pod_has_addresses_a_start_and_its_class() -> None:
    item = pod()
    item.status.qos_class = "Guaranteed"
    found = running_status(report(item))
    assert (found.host_ip, [i.ip for i in found.host_ips]) == ("10.0.0.1", ["10.0.0.1"])
    assert (found.pod_ip, [i.ip for i in found.pod_ips]) == ("10.1.0.1", ["10.1.0.1"])
    assert (found.start_time, found.qos_class) == (NOW, "Guaranteed")
    assert running_status(report(pod())).qos_class == "BestEffort"


def test_init_containers_have_ended_well_but_sidecars_run() -> None:
    first = core_v1.Container(name="first", image="busybox")
    side = core_v1.Container(name="side", image="busybox", restart_policy="Always")
    item = pod(init_containers=[first, side])
    ended, runs = running_status(report(item)).init_container_statuses
    assert (ended.name, ended.ready, ended.started) == ("first", True, False)
    assert ended.state.terminated is not None
    assert ended.state.terminated.reason == "Completed"
    assert runs.started
    assert runs.state.running is not None


def test_a_second_report_keeps_the_times_of_what_did_not_change() -> None:
    item = pod()
    item.status = running_status(report(item))
    again = running_status(report(item, LATER), ready=False)
    times = {c.type: c.last_transition_time for c in again.conditions}
    assert times["Initialized"] == NOW
    assert times["Ready"] == LATER
    assert len(again.conditions) == 5
    (container,) = again.container_statuses
    assert container.state.running is not None
    assert container.state.running.started_at == NOW


def test_crashed_container_remembers_its_end_and_counts_its_starts() -> None:
    item = pod()
    item.status = running_status(report(item))
    item.status = crashed_status(report(item, LATER), 3, 20.0)
    (container,) = item.status.container_statuses
    assert container.state.waiting is not None
    assert container.state.waiting.reason == "CrashLoopBackOff"
    assert container.state.waiting.message == (
        "back-off 20s restarting failed container=c pod=a_x(u)"
    )
    ended = container.last_state.terminated
    assert ended is not None
    assert (ended.exit_code, ended.reason) == (3, "Error")
    assert (ended.started_at, ended.finished_at) == (NOW, LATER)
    assert item.status.phase == "Running"
    item.status = running_status(report(item, LATER), again=True)
    (container,) = item.status.container_statuses
    assert container.restart_count == 1
    assert container.last_state.terminated == ended
    assert container.state.running is not None


def test_ended_pod_succeeds_or_fails_by_its_exit_code() -> None:
    good = ended_status(report(pod()), 0)
    assert good.phase == "Succeeded"
    assert conditions(good)["Ready"] == ("False", "PodCompleted")
    assert conditions(good)["Initialized"] == ("True", "PodCompleted")
    bad = ended_status(report(pod()), 2)
    assert bad.phase == "Failed"
    assert conditions(bad)["ContainersReady"] == ("False", "PodFailed")
    assert conditions(bad)["Initialized"] == ("True", "")


def test_evicted_pod_has_failed_and_says_why() -> None:
    found = evicted_status(report(pod()))
    assert (found.phase, found.reason) == ("Failed", "Evicted")
    assert conditions(found)["DisruptionTarget"] == ("True", "TerminationByKubelet")


def test_node_is_ready() -> None:
    found = {c.type: c.status for c in node_status("n", "10.0.0.1", NOW).conditions}
    assert found["Ready"] == "True"
    assert found["DiskPressure"] == "False"
