"""Which claims get which volumes, and what becomes of both."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.errors import NotFoundError
from tests.contract.controllers.events import wait_for_events
from tests.contract.controllers.workload import POD
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

CLAIM = GroupVersionKind("", "v1", "PersistentVolumeClaim")
VOLUME = GroupVersionKind("", "v1", "PersistentVolume")


class Storage:
    """Claims, and volumes whose names begin with the namespace of the test."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster
        self.volumes: list[str] = []

    def make(self, item: Json) -> Json:
        return self.cluster.call(lambda client: client.create(item))

    def name(self, name: str) -> str:
        return f"{self.cluster.namespace}-{name}"

    def volume(self, name: str, size: str, **spec: Any) -> None:
        labels = spec.pop("labels", {})
        spec = {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": self.name("class"),
            "nfs": {"server": "x", "path": "/"},
            **spec,
        }
        meta = {"name": self.name(name), "labels": labels}
        self.volumes.append(self.name(name))
        self.make(
            {"apiVersion": "v1", "kind": VOLUME.kind, "metadata": meta, "spec": spec}
        )

    def claim(self, name: str, size: str, **spec: Any) -> None:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": self.name("class"),
            "resources": {"requests": {"storage": size}},
            **spec,
        }
        if spec["storageClassName"] is None:
            del spec["storageClassName"]
        meta = {"name": name}
        self.make(
            {"apiVersion": "v1", "kind": CLAIM.kind, "metadata": meta, "spec": spec}
        )

    def delete(self, kind: GroupVersionKind, name: str) -> None:
        self.cluster.call(
            lambda client: client.delete(kind, name, grace_period_seconds=0)
        )

    def get(self, kind: GroupVersionKind, name: str) -> Json:
        return self.cluster.call(lambda client: client.get(kind, name))

    def claims_are(self, **expected: str) -> None:
        """Wait until the claims are in these phases, with these volumes."""

        def check() -> None:
            found = self.cluster.call(lambda client: client.list(CLAIM))
            lines = {each["metadata"]["name"]: self._claim(each) for each in found}
            assert lines == expected, lines

        self.cluster.eventually(check)

    def _claim(self, item: Json) -> str:
        size = item["status"].get("capacity", {}).get("storage", "")
        volume = item["spec"].get("volumeName", "")
        volume = volume.removeprefix(f"{self.cluster.namespace}-")
        volume = volume.replace(item["metadata"]["uid"], "UID")
        notes = sorted(
            key.removeprefix("pv.kubernetes.io/")
            for key in item["metadata"].get("annotations", {})
            if key.startswith("pv.kubernetes.io/")
        )
        return " ".join(filter(None, [item["status"]["phase"], volume, size, *notes]))

    def volumes_are(self, **expected: str) -> None:
        """Wait until the volumes are in these phases, of these claims."""

        def check() -> None:
            lines = {name: self._volume(name) for name in expected}
            assert lines == expected, lines

        self.cluster.eventually(check)

    def _volume(self, name: str) -> str:
        try:
            item = self.get(VOLUME, self.name(name))
        except NotFoundError:
            return "gone"
        assert item["status"]["lastPhaseTransitionTime"]
        claim = item["spec"].get("claimRef", {})
        uid = "" if claim.get("uid") or not claim else "(no uid)"
        notes = [
            key.rpartition("/")[2] for key in item["metadata"].get("annotations", {})
        ]
        parts = [item["status"]["phase"], claim.get("name", ""), uid, *notes]
        return " ".join(filter(None, parts))

    def told(self, name: str, *expected: str) -> None:
        """Wait until these are the events of a claim."""
        wait_for_events(self.cluster, name, *expected)


@pytest.fixture
def storage(any_cluster: AnyCluster) -> Iterator[Storage]:
    made = Storage(any_cluster)
    yield made
    for name in made.volumes:
        with suppress(NotFoundError):
            made.delete(VOLUME, name)


BOUND = "bind-completed bound-by-controller"


def test_claim_gets_the_smallest_volume_that_serves_it(storage: Storage) -> None:
    storage.volume("small", "1Gi")
    storage.volume("big", "9Gi")
    storage.volume("fit", "3Gi", labels={"a": "b"})
    storage.volume("other", "3Gi", accessModes=["ReadOnlyMany"])
    storage.volume("named", "2Gi", storageClassName="")
    where = {"namespace": storage.cluster.namespace, "name": "reserved"}
    storage.volume("kept", "2Gi", claimRef=where)
    storage.volumes_are(
        **dict.fromkeys(("small", "big", "fit", "other", "named"), "Available"),
        kept="Available reserved (no uid)",
    )
    storage.claim("two", "2Gi")
    storage.claims_are(two=f"Bound fit 3Gi {BOUND}")
    storage.claim("picky", "1Gi", selector={"matchLabels": {"a": "b"}})
    storage.claim("reserved", "1Gi")
    storage.claim("name", "1Gi", storageClassName="", volumeName=storage.name("named"))
    storage.claim("taken", "1Gi", volumeName=storage.name("fit"))
    storage.claim("large", "5Gi", volumeName=storage.name("small"))
    storage.claims_are(
        two=f"Bound fit 3Gi {BOUND}",
        picky="Pending",
        reserved=f"Bound kept 2Gi {BOUND}",
        name="Bound named 2Gi bind-completed",
        taken="Pending fit",
        large="Pending small",
    )
    storage.volumes_are(
        small="Available",
        big="Available",
        fit="Bound two bound-by-controller",
        kept="Bound reserved",
        named="Bound name bound-by-controller",
    )
    small, fit = storage.name("small"), storage.name("fit")
    absent = f'storageclass.storage.k8s.io "{storage.name("class")}" not found'
    storage.told("picky", f"Warning ProvisioningFailed: {absent}")
    text = f'Cannot bind to requested volume "{small}": requested PV is too small'
    storage.told("large", f"Warning VolumeMismatch: {text}")
    text = f'volume "{fit}" already bound to a different claim.'
    storage.told("taken", f"Warning FailedBinding: {text}")

    for name in ("picky", "large", "taken", "two"):
        storage.delete(CLAIM, name)
    storage.volumes_are(fit="Released two bound-by-controller")
    # A volume that is bound waits for its claim to go, unless it is forced.
    storage.delete(VOLUME, storage.name("kept"))
    storage.volumes_are(kept="Bound reserved")
    storage.delete(CLAIM, "reserved")
    storage.volumes_are(kept="gone")


def test_volume_of_the_standard_class_comes_with_the_first_pod(
    storage: Storage,
) -> None:
    storage.claim("data", "1Gi", storageClassName=None)
    storage.claims_are(data="Pending")
    claim = storage.get(CLAIM, "data")
    assert claim["spec"]["storageClassName"] == "standard"
    waiting = "waiting for first consumer to be created before binding"
    storage.told("data", f"Normal WaitForFirstConsumer: {waiting}")
    source = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    container = {"name": "c", "image": "busybox"}
    spec = {"containers": [container], "volumes": [source]}
    meta = {"name": "p"}
    storage.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    storage.claims_are(data=f"Bound pvc-UID 1Gi {BOUND}")
    name = f"pvc-{claim['metadata']['uid']}"
    volume = storage.get(VOLUME, name)
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    [term] = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    [rule] = term["matchExpressions"]
    assert rule["values"] == [storage.get(POD, "p")["spec"]["nodeName"]]

    storage.delete(CLAIM, "data")
    storage.claims_are(data=f"Bound pvc-UID 1Gi {BOUND}")
    storage.delete(POD, "p")
    storage.claims_are()

    def gone() -> None:
        with pytest.raises(NotFoundError):
            storage.get(VOLUME, name)

    storage.cluster.eventually(gone)
