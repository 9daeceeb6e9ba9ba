from datetime import UTC, datetime

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import core_v1
from homeostat.localcluster._kubelet import (
    ended_status,
    is_ending,
    is_starting,
    node_status,
    running_status,
)

NOW = Time.of(datetime(2026, 1, 1, tzinfo=UTC))


def pod(**spec: object) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name="a"),
        spec=core_v1.PodSpec(containers=[container], node_name="n1", **spec),  # type: ignore[arg-type]
        status=core_v1.PodStatus(
            phase="Pending",
            conditions=[core_v1.PodCondition(type="PodScheduled", status="True")],
        ),
    )


def status(item: core_v1.Pod) -> core_v1.PodStatus:
    return running_status(item, host_ip="10.0.0.1", pod_ip="10.1.0.1", now=NOW)


def condition(found: core_v1.PodStatus, name: str) -> str:
    return next(c.status for c in found.conditions if c.type == name)


def test_only_bound_pending_pods_start() -> None:
    item = pod()
    assert is_starting(item)
    item.metadata.deletion_timestamp = NOW
    assert not is_starting(item)
    assert not is_starting(core_v1.Pod(status=core_v1.PodStatus(phase="Pending")))


def test_running_pod_is_ready_and_keeps_other_conditions() -> None:
    found = status(pod())
    assert found.phase == "Running"
    assert condition(found, "Ready") == "True"
    assert condition(found, "PodScheduled") == "True"
    assert [(c.name, c.ready, c.started) for c in found.container_statuses] == [
        ("c", True, True)
    ]


def test_unmet_readiness_gate_keeps_the_pod_from_being_ready() -> None:
    gate = core_v1.PodReadinessGate(condition_type="example.com/lb")
    item = pod(readiness_gates=[gate])
    assert condition(status(item), "Ready") == "False"
    assert condition(status(item), "ContainersReady") == "True"
    item.status.conditions.append(
        core_v1.PodCondition(type="example.com/lb", status="True")
    )
    assert condition(status(item), "Ready") == "True"


def test_node_is_ready() -> None:
    found = {c.type: c.status for c in node_status("10.0.0.1", NOW).conditions}
    assert found["Ready"] == "True"
    assert found["DiskPressure"] == "False"


def test_a_pod_that_has_no_phase_yet_starts() -> None:
    item = pod()
    item.status.phase = ""
    assert is_starting(item)
    item.status.phase = "Running"
    assert not is_starting(item)


def test_a_gate_that_is_false_is_not_met() -> None:
    gate = core_v1.PodReadinessGate(condition_type="example.com/lb")
    item = pod(readiness_gates=[gate])
    item.status.conditions.append(
        core_v1.PodCondition(type="example.com/lb", status="False")
    )
    assert condition(status(item), "Ready") == "False"


def test_running_pod_has_addresses_a_start_and_its_class() -> None:
    item = pod()
    item.status.qos_class = "Guaranteed"
    found = status(item)
    assert (found.host_ip, [i.ip for i in found.host_ips]) == ("10.0.0.1", ["10.0.0.1"])
    assert (found.pod_ip, [i.ip for i in found.pod_ips]) == ("10.1.0.1", ["10.1.0.1"])
    assert (found.start_time, found.qos_class) == (NOW, "Guaranteed")
    assert status(pod()).qos_class == "BestEffort"


def test_init_containers_have_ended_well() -> None:
    first = core_v1.Container(name="first", image="busybox")
    (found,) = status(pod(init_containers=[first])).init_container_statuses
    assert (found.name, found.ready, found.started) == ("first", True, False)
    assert found.state is not None
    assert found.state.running is None
    assert found.state.terminated is not None
    assert found.state.terminated.reason == "Completed"


def test_a_second_report_replaces_the_first_one() -> None:
    item = pod()
    item.status = status(item)
    types = [c.type for c in status(item).conditions]
    assert len(types) == len(set(types)) == 5


def test_pod_with_an_end_says_how_it_ended() -> None:
    item = pod(restart_policy="Never")
    item.status = status(item)
    assert is_ending(item)
    for code, phase, reason in (0, "Succeeded", "Completed"), (137, "Failed", "Error"):
        found = ended_status(item, exit_code=code, now=NOW)
        assert (found.phase, condition(found, "Ready")) == (phase, "False")
        ended = found.container_statuses[0].state.terminated
        assert ended is not None
        assert (ended.exit_code, ended.reason) == (code, reason)
    assert not is_ending(item)
