"""What the Deployment controller leaves behind after each step of a user."""

from typing import Any

from tests.contract.controllers.pictures import (
    AVAILABLE,
    HELD,
    PAUSED,
    RELEASED,
    UNAVAILABLE,
    empty,
    is_available,
    is_over,
    noted,
    progressed,
    progressing,
    rolled_out,
    running,
    shows,
)
from tests.contract.controllers.workload import DEPLOYMENT, Workload
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

REVISION = "deployment.kubernetes.io/revision"
# Pods that no node takes.
WAITING = {"nodeSelector": {"no": "node"}}


def test_rollouts_and_going_back_count_revisions(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=3)
    shows(
        web,
        *rolled_out("1", 3, revision=1),
        running("web-<1>", 3, noted(3, 4, 1)),
    )
    web.roll("2")
    shows(
        web,
        *rolled_out("2", 3, revision=2),
        empty("web-<1>", noted(3, 4, 1)),
        running("web-<2>", 3, noted(3, 4, 2)),
    )
    web.roll("1")
    shows(
        web,
        *rolled_out("1", 3, revision=3),
        running("web-<1>", 3, noted(3, 4, 3) + " revision-history=1"),
        empty("web-<2>", noted(3, 4, 2)),
    )
    web.roll("2")
    web.cluster.eventually(lambda: _has(web.get(), "revision", "4"))
    web.roll("1")
    shows(
        web,
        *rolled_out("1", 3, revision=5),
        running("web-<1>", 3, noted(3, 4, 5) + " revision-history=1,3"),
        empty("web-<2>", noted(3, 4, 4) + " revision-history=2"),
    )


def _has(item: dict[str, Any], note: str, value: str) -> None:
    annotations = item["metadata"]["annotations"]
    assert annotations[f"deployment.kubernetes.io/{note}"] == value


def test_annotations_follow_what_they_tell_of(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2)
    web.patch(replicas=5)
    one = running("web-<1>", 5, noted(5, 7, 1))
    shows(web, *rolled_out("1", 5, revision=1), one)
    # What may be at most is noted when a ReplicaSet is scaled, and not before.
    web.patch(strategy={"rollingUpdate": {"maxSurge": 9}})
    web.send({"metadata": {"annotations": {"team": "a"}}})
    shows(
        web,
        running("web", 5, "revision=1 team=a"),
        AVAILABLE,
        progressed("1"),
        f"{one} team=a",
    )
    web.send({"metadata": {"annotations": {"team": None}}})
    web.patch(replicas=0)
    shows(
        web,
        "web: 0 terminatingReplicas=0 revision=1",
        AVAILABLE,
        progressed("1"),
        empty("web-<1>", noted(0, 9, 1) + " team=a"),
    )


def test_progress_is_told_only_with_a_deadline(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    line = running("web", 2, "revision=1")
    one = running("web-<1>", 2, noted(2, 3, 1))
    web.create(replicas=2, progressDeadlineSeconds=2147483647)
    shows(web, line, AVAILABLE, one)
    for paused in (True, False):
        web.patch(paused=paused)
        shows(web, line, AVAILABLE, one)
    web.patch(progressDeadlineSeconds=600)
    shows(web, line, AVAILABLE, progressed("1"), one)
    web.patch(progressDeadlineSeconds=2147483647)
    shows(web, line, AVAILABLE, one)


def test_paused_deployment_scales_and_rolls_out_nothing(
    any_cluster: AnyCluster,
) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2, paused=True)
    shows(
        web,
        "web: 2 terminatingReplicas=0",
        UNAVAILABLE,
        PAUSED,
    )
    web.patch(paused=False)
    one = running("web-<1>", 2, noted(2, 3, 1))
    shows(web, *rolled_out("1", 2, revision=1), one)
    web.patch(paused=True)
    shows(web, running("web", 2, "revision=1"), AVAILABLE, PAUSED, one)
    web.roll("2", replicas=4)
    shows(
        web,
        running("web", 4, "revision=1").replace(" updatedReplicas=4", ""),
        AVAILABLE,
        PAUSED,
        running("web-<1>", 4, noted(4, 5, 1)),
    )
    web.patch(paused=False)
    shows(
        web,
        *rolled_out("2", 4, revision=2),
        empty("web-<1>", noted(4, 5, 1)),
        running("web-<2>", 4, noted(4, 5, 2)),
    )


def test_scaling_amid_a_stuck_rollout_is_shared_and_takes_nobody_away(
    any_cluster: AnyCluster,
) -> None:
    web = Workload(any_cluster)
    limits = {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    web.create(replicas=10, strategy=limits)
    web.cluster.eventually(lambda: is_available(web, 10))
    web.roll("2", pod=WAITING)

    def sizes(*expected: int) -> None:
        def check() -> None:
            sets = web.sets()
            assert [sets[tag]["spec"]["replicas"] for tag in sorted(sets)] == [
                *expected
            ]
            # Nothing is under way any more: each status is that of its spec.
            for item in sets.values():
                status = item["status"]
                assert status["observedGeneration"] == item["metadata"]["generation"]
                assert status.get("replicas", 0) == item["spec"]["replicas"]

        web.cluster.eventually(check)

    sizes(8, 5)
    web.roll("3", pod=WAITING)
    sizes(8, 0, 5)
    web.patch(replicas=15)
    sizes(11, 0, 7)
    web.patch(replicas=6)
    sizes(4, 0, 5)
    shows(
        web,
        "web: 6 availableReplicas=4 readyReplicas=4 replicas=9 terminatingReplicas=0 "
        "unavailableReplicas=5 updatedReplicas=5 revision=3",
        AVAILABLE,
        progressing("3"),
        running("web-<1>", 4, noted(6, 9, 1)),
        empty("web-<2>", noted(10, 13, 2)),
        "web-<3>: 5 fullyLabeledReplicas=5 replicas=5 terminatingReplicas=0 "
        + noted(6, 9, 3),
    )


def test_rollout_that_timed_out_stays_so_when_paused(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2, progressDeadlineSeconds=2)
    web.cluster.eventually(lambda: is_available(web, 2))
    web.roll("2", pod=WAITING)
    text = 'ReplicaSet "web-<2>" has timed out progressing.'
    counts = "availableReplicas=2 readyReplicas=2 replicas=3 terminatingReplicas=0"
    picture = [
        f"web: 2 {counts} unavailableReplicas=1 updatedReplicas=1 revision=2",
        AVAILABLE,
        f"  Progressing=False ProgressDeadlineExceeded: {text}",
        running("web-<1>", 2, noted(2, 3, 1)),
        "web-<2>: 1 fullyLabeledReplicas=1 replicas=1 terminatingReplicas=0 "
        + noted(2, 3, 2),
    ]
    shows(web, *picture)
    for paused in (True, False):
        web.patch(paused=paused)
        shows(web, *picture)


def test_recreate_tells_of_each_step(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=3, strategy={"type": "Recreate"})
    web.cluster.eventually(lambda: is_available(web, 3))
    web.roll("2")
    shows(
        web,
        *rolled_out("2", 3, revision=2),
        empty("web-<1>", noted(3, 3, 1)),
        running("web-<2>", 3, noted(3, 3, 2)),
    )

    def told() -> None:
        assert web.events() == [
            "Deployment ScalingReplicaSet: Scaled down replica set web-<1> from 3 to 0",
            "Deployment ScalingReplicaSet: Scaled up replica set web-<1> from 0 to 3",
            "Deployment ScalingReplicaSet: Scaled up replica set web-<2> from 0 to 3",
            "ReplicaSet SuccessfulCreate: Created pod: web-<1>-POD",
            "ReplicaSet SuccessfulCreate: Created pod: web-<2>-POD",
            "ReplicaSet SuccessfulDelete: Deleted pod: web-<1>-POD",
        ]

    web.cluster.eventually(told)


def test_recreate_waits_for_pods_that_run_and_not_for_finished_ones(
    any_cluster: AnyCluster,
) -> None:
    web = Workload(any_cluster)
    web.create(replicas=1, strategy={"type": "Recreate"})
    web.cluster.eventually(lambda: is_available(web, 1))
    name = web.pods()[0]["metadata"]["name"]
    web.change_pod(name, HELD)
    web.roll("2")
    shows(
        web,
        "web: 1 terminatingReplicas=1 revision=1",
        UNAVAILABLE,
        progressed("1"),
        "web-<1>: 0 replicas=0 terminatingReplicas=1 " + noted(1, 1, 1),
    )
    web.change_pod(name, {"status": {"phase": "Succeeded"}}, subresource="status")
    shows(
        web,
        *rolled_out("2", 1, revision=2),
        empty("web-<1>", noted(1, 1, 1)),
        running("web-<2>", 1, noted(1, 1, 2)),
    )
    web.change_pod(name, RELEASED)


def test_history_is_kept_by_revision_also_while_paused(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=1)

    def keeps(*tags: str) -> None:
        def check() -> None:
            is_available(web, 1)
            assert sorted(web.sets()) == [*tags]

        web.cluster.eventually(check)

    def rolled(tag: str, revision: str) -> None:
        web.roll(tag)
        web.cluster.eventually(lambda: _has(web.get(), "revision", revision))
        web.cluster.eventually(lambda: is_over(web, tag))

    web.cluster.eventually(lambda: is_over(web, "1"))
    for tag in "23":
        rolled(tag, tag)
    rolled("1", "4")  # the oldest ReplicaSet has the newest revision
    rolled("4", "5")
    web.patch(revisionHistoryLimit=2)
    keeps("1", "3", "4")
    web.patch(paused=True)
    web.patch(revisionHistoryLimit=0)
    keeps("4")


def test_deployment_on_its_way_out_only_tells(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2)
    web.cluster.eventually(lambda: is_available(web, 2))
    web.send(HELD)
    web.cluster.call(lambda client: client.delete(DEPLOYMENT, "web"))
    web.roll("2", replicas=4)
    shows(
        web,
        "web: 4 availableReplicas=2 readyReplicas=2 replicas=2 terminatingReplicas=0 "
        "revision=1",
        UNAVAILABLE,
        progressed("1"),
        running("web-<1>", 2, noted(2, 3, 1)),
    )
    web.send(RELEASED)


def test_revision_counts_as_no_generation(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create("1")
    for generation, tag in enumerate(("1", "2", "3"), 1):
        if generation > 1:
            web.roll(tag)

        def check(expected: int = generation) -> None:
            item = any_cluster.call(lambda client: client.get(DEPLOYMENT, "web"))
            meta = item["metadata"]
            revision = meta.get("annotations", {}).get(REVISION)
            assert (meta["generation"], revision) == (expected, str(expected))
            assert item["status"]["observedGeneration"] == expected
            owners = [
                entry.get("subresource")
                for entry in meta["managedFields"]
                if f"f:{REVISION}" in str(entry["fieldsV1"])
            ]
            assert owners == ["status"]

        any_cluster.eventually(check)
