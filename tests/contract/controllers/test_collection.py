"""What the garbage collector and the namespace controller keep, and what goes."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.client import Propagation
from homeostat.errors import ForbiddenError, NotFoundError
from tests.contract.controllers.workload import CONFIG_MAP, EVENT, POD
from tests.harness.clusters import AnyCluster

Json = dict[str, Any]

NAMESPACE = GroupVersionKind("", "v1", "Namespace")
AUTOSCALER = GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler")
HOLD = "example.com/hold"

_numbers = itertools.count(1)


class Things:
    """ConfigMaps that own each other.

    A picture of one is its finalizers, its owners, those that it blocks with a ``!``,
    and a dagger when it is being deleted.
    """

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster

    def make(
        self, name: str, *owners: Json, hold: str = "", namespace: str | None = None
    ) -> Json:
        item: Json = {"apiVersion": "v1", "kind": "ConfigMap"}
        finalizers = [hold] if hold else []
        item["metadata"] = {
            "name": name,
            "ownerReferences": list(owners),
            "finalizers": finalizers,
        }
        return self.cluster.call(
            lambda client: client.create(item, namespace=namespace)
        )

    def change(self, name: str, **metadata: Any) -> None:
        patch = {"metadata": metadata}
        self.cluster.call(lambda client: client.patch(CONFIG_MAP, name, patch))

    def delete(self, name: str, propagation: Propagation | None = None) -> None:
        self.cluster.call(
            lambda client: client.delete(CONFIG_MAP, name, propagation=propagation)
        )

    def are(self, **expected: str) -> None:
        """Wait until this is all that there is."""

        def check() -> None:
            found = self.cluster.call(lambda client: client.list(CONFIG_MAP))
            pictures = {i["metadata"]["name"]: _picture(i["metadata"]) for i in found}
            pictures.pop("kube-root-ca.crt", None)
            assert pictures == expected

        self.cluster.eventually(check)


def _picture(meta: Json) -> str:
    owners = [
        r["name"] + ("!" if r.get("blockOwnerDeletion") else "")
        for r in meta.get("ownerReferences", [])
    ]
    dagger = ["+"] if "deletionTimestamp" in meta else []
    return " ".join([*dagger, *meta.get("finalizers", []), *owners])


def ref(item: Json, *, blocks: bool = False, **changes: str) -> Json:
    meta = item["metadata"]
    named = {k: item[k] for k in ("apiVersion", "kind")}
    named |= {"name": meta["name"], "uid": meta["uid"], **changes}
    return {**named, "blockOwnerDeletion": True} if blocks else named


@pytest.fixture
def things(any_cluster: AnyCluster) -> Things:
    return Things(any_cluster)


@pytest.fixture
def other(any_cluster: AnyCluster) -> Iterator[str]:
    """Another namespace."""
    name = f"{any_cluster.namespace}-{next(_numbers)}"
    item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    any_cluster.call(lambda client: client.create(item))
    yield name
    with suppress(NotFoundError):
        any_cluster.call(lambda client: client.delete(NAMESPACE, name))


def test_reference_that_is_wrong_in_part_names_nothing(things: Things) -> None:
    owner = things.make("owner")
    things.make("good", ref(owner))
    things.make("misnamed", ref(owner, name="other"))
    things.make("of-another-kind", ref(owner, kind="Secret"))
    absent = ref(owner, name="x", uid="nobody")
    things.make("half", ref(owner), absent)
    things.are(owner="", good="owner", half="owner")


def test_another_version_of_the_owner_is_the_owner(things: Things) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    spec = {"maxReplicas": 2, "scaleTargetRef": target}
    item: Json = {"apiVersion": "autoscaling/v2", "kind": AUTOSCALER.kind, "spec": spec}
    item["metadata"] = {"name": "scaler"}
    owner = things.cluster.call(lambda client: client.create(item))
    things.make("one", ref(owner, apiVersion="autoscaling/v1"))
    things.make("two", ref(owner))
    gone = things.make("gone", ref(owner, name="x", uid="nobody"))
    assert gone
    things.are(one="scaler", two="scaler")
    things.cluster.call(lambda client: client.delete(AUTOSCALER, "scaler"))
    things.are()


def test_owner_of_an_unknown_kind_keeps_what_it_owns(things: Things) -> None:
    unknown: Json = {"apiVersion": "nope.dev/v1", "kind": "Nope"}
    unknown |= {"name": "x", "uid": "x"}
    absent = {"apiVersion": "v1", "kind": "ConfigMap", "name": "y", "uid": "y"}
    things.make("one", unknown)
    things.make("two", absent, unknown)
    things.make("gone", absent)
    things.are(one="x", two="y x")


def test_what_is_being_deleted_keeps_its_references(things: Things) -> None:
    owner = things.make("owner")
    things.make("child", ref(owner), hold=HOLD)
    things.delete("child")
    absent = ref(owner, name="x", uid="nobody")
    things.change("child", ownerReferences=[ref(owner), absent])
    things.make("gone", absent)
    things.are(owner="", child=f"+ {HOLD} owner x")
    things.change("child", finalizers=None)


@pytest.mark.parametrize("length", [2, 3])
def test_owners_in_a_circle_go_in_the_foreground(things: Things, length: int) -> None:
    items = [things.make("t0")]
    for n in range(1, length):
        items.append(things.make(f"t{n}", ref(items[-1], blocks=True)))
    things.change("t0", ownerReferences=[ref(items[-1], blocks=True)])
    things.delete("t0", "Foreground")
    things.are()


def test_foreground_deletion_waits_for_those_that_block(things: Things) -> None:
    owner, keeper = things.make("owner"), things.make("keeper")
    things.make("blocks", ref(owner, blocks=True), hold=HOLD)
    things.make("free", ref(owner), hold=HOLD)
    things.make("leaf", ref(owner))
    things.make("shared", ref(owner, blocks=True), ref(keeper))
    things.delete("owner", "Foreground")
    rest = {"keeper": "", "free": f"+ {HOLD} owner", "shared": "keeper"}
    blocks = f"+ {HOLD} owner!"
    things.are(owner="+ foregroundDeletion", blocks=blocks, **rest)
    things.change("blocks", ownerReferences=[ref(owner)])
    things.are(blocks=f"+ {HOLD} owner", **rest)
    for name in ("blocks", "free"):
        things.change(name, finalizers=None)
    things.are(keeper="", shared="keeper")


def test_foreground_deletion_goes_down_to_what_blocks(things: Things) -> None:
    top = things.make("top")
    middle = things.make("middle", ref(top, blocks=True))
    loose = things.make("loose", ref(top))
    things.make("bottom", ref(middle, blocks=True), hold=HOLD)
    things.make("below", ref(loose, blocks=True), hold=HOLD)
    things.delete("top", "Foreground")
    things.are(
        top="+ foregroundDeletion",
        middle="+ foregroundDeletion top!",
        loose="+ foregroundDeletion top",
        bottom=f"+ {HOLD} middle!",
        below=f"+ {HOLD} loose!",
    )
    things.change("bottom", finalizers=None)
    things.are(loose="+ foregroundDeletion top", below=f"+ {HOLD} loose!")
    things.change("below", finalizers=None)
    things.are()


def test_orphaned_dependents_keep_their_other_owners(things: Things) -> None:
    owner, keeper = things.make("owner"), things.make("keeper")
    things.make("alone", ref(owner))
    things.make("shared", ref(owner), ref(keeper))
    things.make("held", ref(owner), hold=HOLD)
    things.delete("held")
    things.delete("owner", "Orphan")
    things.are(keeper="", alone="", shared="keeper", held=f"+ {HOLD}")
    things.change("held", finalizers=None)


def test_marker_of_the_dependent_decides_about_its_own(things: Things) -> None:
    owner = things.make("owner")
    orphans = things.make("orphans", ref(owner), hold="orphan")
    things.make("orphan", ref(orphans))
    waits = things.make("waits", ref(owner), hold="foregroundDeletion")
    things.make("blocks", ref(waits, blocks=True), hold=HOLD)
    things.delete("owner")
    things.are(orphan="", waits="+ foregroundDeletion owner", blocks=f"+ {HOLD} waits!")
    things.change("blocks", finalizers=None)
    things.are(orphan="")


def test_owner_in_another_namespace_is_none_and_is_told(
    things: Things, other: str
) -> None:
    owner = things.make("owner", namespace=other)
    local = things.make("local")
    things.make("child", ref(owner))
    things.make("half", ref(owner), ref(local))
    things.are(local="", half="local")
    where = things.cluster.namespace
    text = (
        f"ownerRef [v1/ConfigMap, namespace: {where}, name: owner, "
        f'uid: {owner["metadata"]["uid"]}] does not exist in namespace "{where}"'
    )

    def told() -> None:
        found = things.cluster.call(lambda client: client.list(EVENT))
        assert {
            (e["involvedObject"]["name"], e["type"], e["reason"], e["message"])
            for e in found
        } == {
            (name, "Warning", "OwnerRefInvalidNamespace", text)
            for name in ("child", "half")
        }
        assert {e["source"]["component"] for e in found} == {
            "garbage-collector-controller"
        }

    things.cluster.eventually(told)


def test_cluster_scoped_dependent_of_a_namespaced_owner_stays_as_it_is(
    things: Things, other: str
) -> None:
    owner = things.make("owner")
    absent = {"apiVersion": "v1", "kind": "Namespace", "name": "x", "uid": "nobody"}
    patch = {"metadata": {"ownerReferences": [ref(owner), absent]}}
    things.cluster.call(lambda client: client.patch(NAMESPACE, other, patch))
    things.delete("owner")
    things.make("gone", ref(owner))
    things.are()
    item = things.cluster.call(lambda client: client.get(NAMESPACE, other))
    assert _picture(item["metadata"]) == "owner x"


def test_namespace_tells_what_keeps_it(things: Things, other: str) -> None:
    cluster = things.cluster
    spec = {
        "containers": [{"name": "c", "image": "i:1"}],
        "nodeName": other,  # one that nobody has missed before
        "terminationGracePeriodSeconds": 0,
    }
    pod: Json = {"apiVersion": "v1", "kind": "Pod", "spec": spec}
    pod["metadata"] = {"name": "p", "finalizers": [HOLD]}

    def create() -> None:
        try:
            cluster.call(lambda client: client.create(pod, namespace=other))
        except ForbiddenError as error:
            raise AssertionError("no service account yet") from error

    cluster.eventually(create)
    things.make("a", hold=HOLD, namespace=other)
    things.make("b", namespace=other)
    cluster.call(lambda client: client.delete(NAMESPACE, other))
    fine = {
        "NamespaceDeletionDiscoveryFailure": "ResourcesDiscovered: "
        "All resources successfully discovered",
        "NamespaceDeletionGroupVersionParsingFailure": "ParsedGroupVersions: "
        "All legacy kube types successfully parsed",
        "NamespaceDeletionContentFailure": "ContentDeleted: "
        "All content successfully deleted, may be waiting on finalization",
    }

    def tells(remaining: str, finalizers: str) -> None:
        def check() -> None:
            item = cluster.call(lambda client: client.get(NAMESPACE, other))
            conditions = item["status"].get("conditions", [])
            told = {c["type"]: f"{c['reason']}: {c['message']}" for c in conditions}
            assert told == {
                **fine,
                "NamespaceContentRemaining": remaining,
                "NamespaceFinalizersRemaining": finalizers,
            }
            assert all("lastTransitionTime" in c for c in conditions)

        cluster.eventually(check)

    tells(
        "ContentRemoved: All content successfully removed",
        "ContentHasNoFinalizers: All content-preserving finalizers finished",
    )
    found = cluster.call(lambda client: client.list(CONFIG_MAP, namespace=other))
    assert {"a", "b"} <= {i["metadata"]["name"] for i in found}
    free = {"metadata": {"finalizers": None}}
    cluster.call(lambda client: client.patch(POD, "p", free, namespace=other))
    tells(
        "SomeResourcesRemain: Some resources are remaining: "
        "configmaps. has 1 resource instances",
        "SomeFinalizersRemain: Some content in the namespace has finalizers "
        f"remaining: {HOLD} in 1 resource instances",
    )
    cluster.call(lambda client: client.patch(CONFIG_MAP, "a", free, namespace=other))

    def gone() -> None:
        with pytest.raises(NotFoundError):
            cluster.call(lambda client: client.get(NAMESPACE, other))

    cluster.eventually(gone)
