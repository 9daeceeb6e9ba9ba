"""What becomes of a Deployment whose ReplicaSets are refused, taken away or doubled."""

import re

from tests.contract.controllers.pictures import (
    HELD,
    PAUSED,
    RELEASED,
    UNAVAILABLE,
    empty,
    is_available,
    is_over,
    noted,
    progressed,
    rolled_out,
    running,
    shows,
)
from tests.contract.controllers.workload import DEPLOYMENT, REPLICA_SET, Workload
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

# Pods that the server refuses.
REFUSED = {"nodeName": "node-1", "schedulingGates": [{"name": "example.com/gate"}]}


def test_what_pods_fail_at_is_told_of_the_deployment(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2, pod=REFUSED)
    why = (
        'Pod "web-<1>-POD" is invalid: spec.nodeName: Forbidden: '
        "cannot be set until all schedulingGates have been cleared"
    )
    failure = f"  ReplicaFailure=True FailedCreate: {why}"
    first = "web: 2 terminatingReplicas=0 unavailableReplicas=2 revision=1"
    created = (
        '  Progressing=True NewReplicaSetCreated: Created new replica set "web-<1>"'
    )
    below = "web-<1>: 2 replicas=0 terminatingReplicas=0 " + noted(2, 3, 1)
    shows(web, first, UNAVAILABLE, created, failure, below, failure)

    def told() -> None:
        assert f"ReplicaSet FailedCreate: Error creating: {why}" in web.events()

    web.cluster.eventually(told)
    web.patch(paused=True)
    shows(web, first, UNAVAILABLE, PAUSED, failure, below, failure)
    web.patch(paused=False)
    web.roll("2", pod={"nodeName": None, "schedulingGates": None})
    shows(
        web,
        *rolled_out("2", 2, revision=2),
        empty("web-<1>", noted(2, 3, 1)),
        running("web-<2>", 2, noted(2, 3, 2)),
    )


def test_replica_set_that_is_refused_is_told(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=1)
    web.cluster.eventually(lambda: is_available(web, 1))
    # Room for the Deployment's own annotations and not for those of a ReplicaSet.
    web.send({"metadata": {"annotations": {"a/b": "x" * (262144 - 42)}}})
    web.roll("2")
    why = (
        'Failed to create new replica set "NAME": ReplicaSet.apps "NAME" is invalid: '
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    )

    def told() -> None:
        found = [re.sub(r'"web-[^"]+"', '"NAME"', each) for each in web.conditions()]
        assert f"Progressing=False ReplicaSetCreateError: {why}" in found
        found = [re.sub(r'"web-[^"]+"', '"NAME"', each) for each in web.events()]
        assert f"Deployment ReplicaSetCreateError: {why}" in found

    web.cluster.eventually(told)
    web.send({"metadata": {"annotations": {"a/b": None}}})
    web.cluster.eventually(lambda: is_over(web, "2"))


def test_replica_set_on_its_way_out_still_has_the_name(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=2)
    web.cluster.eventually(lambda: is_available(web, 2))
    former = web.sets()["1"]["metadata"]
    web.change_set("1", HELD)
    web.cluster.call(lambda client: client.delete(REPLICA_SET, former["name"]))
    web.patch(replicas=3)
    # It is told to grow, and makes no pods any more.
    shows(
        web,
        "web: 3 availableReplicas=2 readyReplicas=2 replicas=2 terminatingReplicas=0 "
        "unavailableReplicas=1 updatedReplicas=2 revision=1",
        UNAVAILABLE,
        progressed("1"),
        running("web-<1>", 2, noted(3, 4, 1)).replace(": 2", ": 3"),
    )
    web.change_set("1", RELEASED)
    shows(
        web,
        *rolled_out("1", 3, revision=1),
        running("web-<1>", 3, noted(3, 4, 1)),
    )
    assert web.sets()["1"]["metadata"]["uid"] != former["uid"]


def test_orphaned_replica_set_is_adopted_by_the_next_deployment(
    any_cluster: AnyCluster,
) -> None:
    web = Workload(any_cluster)
    web.create("1", replicas=2)
    web.cluster.eventually(lambda: is_available(web, 2))
    former = web.sets()["1"]["metadata"]["uid"]
    web.cluster.call(
        lambda client: client.delete(DEPLOYMENT, "web", propagation="Orphan")
    )
    web.cluster.eventually(lambda: _is_gone(web))
    web.create("2", replicas=2)
    shows(
        web,
        *rolled_out("2", 2, revision=2),
        empty("web-<1>", noted(2, 3, 1)),
        running("web-<2>", 2, noted(2, 3, 2)),
    )
    adopted = web.sets()["1"]["metadata"]
    assert adopted["uid"] == former
    (owner,) = adopted["ownerReferences"]
    assert owner["uid"] == web.get()["metadata"]["uid"]
    assert owner["controller"] is owner["blockOwnerDeletion"] is True


def _is_gone(web: Workload) -> None:
    found = web.cluster.call(lambda client: client.list(DEPLOYMENT))
    assert not found


def test_replica_set_of_other_labels_is_released_and_its_name_stepped_around(
    any_cluster: AnyCluster,
) -> None:
    web = Workload(any_cluster)
    web.create(replicas=1)
    web.cluster.eventually(lambda: is_available(web, 1))
    former = web.sets()["1"]["metadata"]
    web.change_set("1", {"metadata": {"labels": {"app": "other"}}})

    def stepped_around() -> None:
        found = web.cluster.call(lambda client: client.list(REPLICA_SET))
        owned = {
            i["metadata"]["uid"]: "ownerReferences" in i["metadata"] for i in found
        }
        assert owned.pop(former["uid"]) is False
        assert list(owned.values()) == [True]
        status = web.get()["status"]
        assert (status["collisionCount"], status["availableReplicas"]) == (1, 1)

    web.cluster.eventually(stepped_around)


def test_of_two_equal_replica_sets_the_older_counts(any_cluster: AnyCluster) -> None:
    web = Workload(any_cluster)
    web.create(replicas=1, paused=True)
    for name in ("one", "two"):  # by their names as by their age
        web.create_set(name, {"app": "web", "pod-template-hash": name})

    def settled() -> None:
        found = web.cluster.call(lambda client: client.list(REPLICA_SET))
        sizes = {i["metadata"]["name"]: i["spec"]["replicas"] for i in found}
        assert sizes == {"one": 1, "two": 0}
        text = 'ReplicaSet "one" has successfully progressed.'
        assert f"Progressing=True NewReplicaSetAvailable: {text}" in web.conditions()

    web.patch(paused=False)
    web.cluster.eventually(settled)
