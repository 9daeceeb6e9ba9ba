"""What the StatefulSet controller leaves behind after each step of a user."""

from collections.abc import Iterable
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from tests.contract.controllers.history import STATEFUL_SET, Recorded
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

CLAIM = GroupVersionKind("", "v1", "PersistentVolumeClaim")
HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
RELEASED = {"metadata": {"finalizers": None}}
# Pods that no node takes.
WAITING = {"nodeSelector": {"no": "node"}}
# Of the template with the tag 1, and what is its hash on any server.
FIRST = "web-7f9458d8fd"


class Web(Recorded):
    """A StatefulSet; a picture of a pod is its tag, and what is the matter with it."""

    def __init__(self, cluster: AnyCluster) -> None:
        super().__init__(cluster, STATEFUL_SET)

    def create(self, tag: str = "1", *, pod: Json | None = None, **spec: Any) -> Json:
        return super().create(tag, pod=pod, **{"serviceName": "net", **spec})

    def pictures(self) -> dict[str, str]:
        tags = self.revisions()
        return {name: _picture(item, tags) for name, item in self.pods().items()}

    def has(self, *pods: str, start: int = 0) -> None:
        """Wait until these are the pods, from the first ordinal on, and no others."""
        expected = {f"web-{n}": pod for n, pod in enumerate(pods, start)}

        def check() -> None:
            assert self.pictures() == expected

        self.cluster.eventually(check)

    def owners(self) -> dict[str, list[str]]:
        """Return the kinds of the owners of each claim."""
        return {
            item["metadata"]["name"]: [
                reference["kind"]
                for reference in item["metadata"].get("ownerReferences", [])
                if reference["controller"] and reference["blockOwnerDeletion"]
            ]
            for item in self.all(CLAIM)
        }

    def claims(self, **owners: Iterable[str]) -> None:
        """Wait until these are the claims, ``data-web-0`` as ``data_web_0``."""
        expected = {k.replace("_", "-"): [*v] for k, v in owners.items()}

        def check() -> None:
            assert self.owners() == expected

        self.cluster.eventually(check)


def _picture(item: Json, tags: Any) -> str:
    meta, status = item["metadata"], item["status"]
    notes = [tags.get(meta["labels"]["controller-revision-hash"], "?")]
    if not meta.get("ownerReferences"):
        notes.append("orphan")
    if "deletionTimestamp" in meta:
        notes.append("deleting")
    if status["phase"] != "Running":
        notes.append(status["phase"])
    return " ".join(notes)


def status(count: int, tag: str, **changes: Any) -> str:
    """Return the status of a StatefulSet with nothing under way."""
    fields: Json = {
        "availableReplicas": count,
        "collisionCount": 0,
        "currentReplicas": count,
        "currentRevision": tag,
        "readyReplicas": count,
        "replicas": count,
        "updateRevision": tag,
        "updatedReplicas": count,
        **changes,
    }
    always = {"availableReplicas", "collisionCount", "replicas"}
    return " ".join(f"{k}={v}" for k, v in fields.items() if v or k in always)


@pytest.fixture
def web(any_cluster: AnyCluster) -> Web:
    return Web(any_cluster)


def volume(name: str) -> Json:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return {"metadata": {"name": name, "labels": {"own": name}}, "spec": spec}


def test_pods_have_their_names_and_their_storage(web: Web) -> None:
    web.create(replicas=2, ordinals={"start": 3}, volumeClaimTemplates=[volume("data")])
    web.has("1", "1", start=3)
    web.shows(status(2, "1"))
    assert web.get()["status"]["currentRevision"] == FIRST
    pod = web.pods()["web-4"]
    meta, spec = pod["metadata"], pod["spec"]
    assert meta["generateName"] == "web-"
    assert meta["labels"] == {
        "app": "web",
        "apps.kubernetes.io/pod-index": "4",
        "controller-revision-hash": FIRST,
        "statefulset.kubernetes.io/pod-name": "web-4",
    }
    assert (spec["hostname"], spec["subdomain"]) == ("web-4", "net")
    claimed = {"claimName": "data-web-4"}
    assert {"name": "data", "persistentVolumeClaim": claimed} in spec["volumes"]
    claims = {item["metadata"]["name"]: item["metadata"] for item in web.all(CLAIM)}
    assert claims["data-web-3"]["labels"] == {"app": "web", "own": "data"}
    web.patch(replicas=1)
    web.has("1", start=3)
    # Its storage stays.
    web.claims(data_web_3=[], data_web_4=[])

    def told() -> None:
        created, whose = "Normal SuccessfulCreate: Create", "in StatefulSet web"
        assert web.events() == [
            f"{created} Claim data-web-3 Pod web-3 {whose} success",
            f"{created} Claim data-web-4 Pod web-4 {whose} success",
            f"{created} Pod web-3 {whose} successful",
            f"{created} Pod web-4 {whose} successful",
            f"Normal SuccessfulDelete: Delete Pod web-4 {whose} successful",
        ]

    web.cluster.eventually(told)


def test_update_goes_down_to_the_partition(web: Web) -> None:
    web.create(replicas=3)
    web.has("1", "1", "1")
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    web.roll("2", updateStrategy=partition)
    web.has("1", "1", "2")
    web.shows(status(3, "1", currentReplicas=2, updateRevision="2", updatedReplicas=1))
    # What is below the partition comes back as it was.
    web.delete("web-0")
    web.has("1", "1", "2")
    web.patch(updateStrategy={"rollingUpdate": {"partition": 0}})
    web.has("2", "2", "2")
    web.shows(status(3, "2"))
    # Going back takes up the former revision, as the newest one.
    web.roll("1")
    web.has("1", "1", "1")
    web.shows(status(3, "1"))
    assert [*web.revisions().values()] == ["2", "1"]


def test_update_waits_for_a_pod_that_is_stuck(web: Web) -> None:
    web.create(replicas=3, podManagementPolicy="Parallel")
    web.has("1", "1", "1")
    web.roll("2", pod=WAITING)
    web.has("1", "1", "2 Pending")
    web.shows(
        status(
            2,
            "1",
            replicas=3,
            updateRevision="2",
            updatedReplicas=1,
        )
    )
    # It keeps nobody from growing, and the new ones are in its place now.
    web.roll("3", replicas=5, pod=WAITING)
    web.has("1", "1", "2 Pending", "3 Pending", "3 Pending")
    web.roll("4")
    web.has("4", "4", "4", "4", "4")
    web.shows(status(5, "4"))


def test_ordered_pods_wait_for_those_before_them(web: Web) -> None:
    web.create(replicas=3, pod=WAITING)
    web.has("1 Pending")
    web.shows(status(0, "1", replicas=1, currentReplicas=1, updatedReplicas=1))
    web.roll("2")
    # The first one keeps its former template until a user deletes it.
    web.shows(
        status(
            0,
            "1",
            replicas=1,
            currentReplicas=1,
            updateRevision="2",
            updatedReplicas=0,
        )
    )
    web.delete("web-0")
    web.has("2", "2", "2")
    web.change("web-2", HELD)
    web.delete("web-2")
    web.patch(replicas=1)
    web.has("2", "2", "2 deleting")
    web.change("web-2", RELEASED)
    web.has("2")
    web.shows(status(1, "2"))


def test_finished_pod_is_made_anew(web: Web) -> None:
    web.create(replicas=2)
    web.has("1", "1")
    uids = {name: item["metadata"]["uid"] for name, item in web.pods().items()}
    web.fail("web-0")
    web.fail("web-1", "Succeeded")

    def renewed() -> None:
        web.shows(status(2, "1"))
        found = {name: item["metadata"]["uid"] for name, item in web.pods().items()}
        assert found.keys() == uids.keys()
        assert not {*found.values()} & {*uids.values()}

    web.cluster.eventually(renewed)


def test_users_replace_pods_where_the_strategy_says_so(web: Web) -> None:
    web.create(replicas=2, updateStrategy={"type": "OnDelete"}, revisionHistoryLimit=1)
    web.has("1", "1")
    for tag in "234":
        web.roll(tag)
        web.shows(
            status(2, "1", currentReplicas=2, updateRevision=tag, updatedReplicas=0)
        )
    # Of those that no pod has, one stays.
    assert [*web.revisions().values()] == ["1", "3", "4"]
    web.delete("web-0")
    web.has("4", "1")
    web.shows(status(2, "1", currentReplicas=1, updateRevision="4", updatedReplicas=1))


def test_pods_are_adopted_and_released_by_label_and_name(web: Web) -> None:
    web.create(replicas=1)
    web.has("1")
    web.cluster.call(
        lambda client: client.delete(STATEFUL_SET, "web", propagation="Orphan")
    )
    web.has("1 orphan")
    web.cluster.eventually(lambda: _is_gone(web))
    web.create(replicas=1)
    web.has("1")
    web.change("web-0", {"metadata": {"labels": {"app": "other"}}})
    # It keeps its name from its successor.
    web.has("1 orphan")
    web.delete("web-0")
    web.has("1")
    web.change(
        "web-0", {"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": None}}}
    )

    def mended() -> None:
        labels = web.pods()["web-0"]["metadata"]["labels"]
        assert labels["statefulset.kubernetes.io/pod-name"] == "web-0"
        update = (
            "Normal SuccessfulUpdate: Update Pod web-0 in StatefulSet web successful"
        )
        assert update in web.events()

    web.cluster.eventually(mended)


def _is_gone(web: Web) -> None:
    assert not web.all(STATEFUL_SET)


def test_claims_go_as_the_policy_says(web: Web) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    web.create(
        replicas=2,
        volumeClaimTemplates=[volume("data")],
        persistentVolumeClaimRetentionPolicy=policy,
    )
    web.has("1", "1")
    web.claims(data_web_0=["StatefulSet"], data_web_1=["StatefulSet"])
    web.patch(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain"})
    web.claims(data_web_0=[], data_web_1=[])
    web.patch(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    web.patch(replicas=1)
    web.claims(data_web_0=[])
    web.patch(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})
    web.claims(data_web_0=["StatefulSet"])
    web.delete("web", STATEFUL_SET)
    web.claims()


def test_pod_is_available_some_time_after_it_is_ready(web: Web) -> None:
    web.create(replicas=2, minReadySeconds=3600)
    web.has("1")
    web.shows(status(1, "1", availableReplicas=0))
    web.patch(minReadySeconds=1)
    web.has("1", "1")
    web.shows(status(2, "1"))


def test_pods_that_are_refused_are_told(web: Web) -> None:
    refused = {"nodeName": "node-1", "schedulingGates": [{"name": "example.com/gate"}]}
    web.create(replicas=2, pod=refused)
    why = (
        'Pod "web-0" is invalid: spec.nodeName: Forbidden: '
        "cannot be set until all schedulingGates have been cleared"
    )
    failed = f"Create Pod web-0 in StatefulSet web failed error: {why}"

    def told() -> None:
        assert web.events() == [f"Warning FailedCreate: {failed}"]

    web.cluster.eventually(told)
    web.roll("2", pod={"nodeName": None, "schedulingGates": None})
    web.has("2", "2")
    web.shows(status(2, "2"))
