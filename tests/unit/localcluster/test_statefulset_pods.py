import pytest

from homeostat.api import ObjectMeta, OwnerReference
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._statefulset_pods import (
    is_member,
    new_pod,
    ordinal_of,
    retained_owners,
    waits_for_old_claim,
)

POLICY = apps_v1.StatefulSetPersistentVolumeClaimRetentionPolicy


def owner(
    when_deleted: str = "Retain", when_scaled: str = "Retain"
) -> apps_v1.StatefulSet:
    return apps_v1.StatefulSet(
        metadata=ObjectMeta(name="web", namespace="n", uid="set"),
        spec=apps_v1.StatefulSetSpec(
            replicas=2,
            persistent_volume_claim_retention_policy=POLICY(
                when_deleted=when_deleted, when_scaled=when_scaled
            ),
            volume_claim_templates=[claim()],
        ),
    )


def pod(name: str = "web-1") -> core_v1.Pod:
    return core_v1.Pod(metadata=ObjectMeta(name=name, namespace="n", uid=name))


def claim(*owners: OwnerReference) -> core_v1.PersistentVolumeClaim:
    meta = ObjectMeta(name="data", owner_references=list(owners))
    return core_v1.PersistentVolumeClaim(metadata=meta)


def ref(
    kind: str, uid: str, name: str = "web", *, controls: bool = True
) -> OwnerReference:
    version = "v1" if kind == "Pod" else "apps/v1"
    return OwnerReference(
        api_version=version,
        kind=kind,
        name=name,
        uid=uid,
        controller=controls,
        block_owner_deletion=controls,
    )


SET = ref("StatefulSet", "set")
STAYS, SURPLUS = ref("Pod", "web-1", "web-1"), ref("Pod", "web-2", "web-2")
OTHER = ref("ReplicaSet", "other", "other")


@pytest.mark.parametrize(
    ("name", "ordinal"),
    [("web-0", 0), ("web-12", 12), ("web-2147483648", -1), ("web", -1), ("web-x", -1)],
)
def test_ordinal_ends_the_name(name: str, ordinal: int) -> None:
    assert ordinal_of(pod(name)) == ordinal


def test_members_are_known_by_their_name() -> None:
    assert [
        n for n in ("web-0", "web-a-0", "web0", "we-0") if is_member(owner(), pod(n))
    ] == ["web-0"]


@pytest.mark.parametrize(
    ("when_deleted", "when_scaled", "name", "wanted"),
    [
        ("Retain", "Retain", "web-1", []),
        ("Retain", "Retain", "web-2", []),
        ("Delete", "Retain", "web-1", [SET]),
        ("Delete", "Retain", "web-2", [SET]),
        ("Retain", "Delete", "web-1", []),
        ("Retain", "Delete", "web-2", [SURPLUS]),
        ("Delete", "Delete", "web-1", [SET]),
        ("Delete", "Delete", "web-2", [SURPLUS]),
    ],
)
def test_claims_belong_to_whom_the_policy_says(
    when_deleted: str, when_scaled: str, name: str, wanted: list[OwnerReference]
) -> None:
    asked, one = owner(when_deleted, when_scaled), pod(name)
    mine = ref("Pod", name, name)
    for before in ([], [SET], [mine], [SET, mine]):
        found = retained_owners(claim(*before), asked, one)
        assert (before if found is None else found) == wanted
        assert (found is None) == (before == wanted)
    weak = ref("StatefulSet", "set", controls=False)
    assert retained_owners(claim(weak), asked, one) == wanted


def test_claims_of_others_are_left_alone() -> None:
    asked = owner("Delete", "Delete")
    assert retained_owners(claim(OTHER), asked, pod()) is None
    assert retained_owners(claim(OTHER, SET), asked, pod()) == [OTHER]
    assert retained_owners(claim(ref("StatefulSet", "former")), asked, pod()) is None
    former = ref("Pod", "former", "web-1")
    assert retained_owners(claim(former), asked, pod()) is None
    # Where all is kept it does not matter who controls it.
    assert retained_owners(claim(OTHER, SET), owner(), pod()) == [OTHER]
    free = ref("ReplicaSet", "other", "other", controls=False)
    assert retained_owners(claim(free), asked, pod()) == [free, SET]


def test_pod_waits_for_a_claim_of_its_predecessor_to_go() -> None:
    former = claim(ref("Pod", "former", "web-1"))
    assert waits_for_old_claim(owner(when_scaled="Delete"), 1, [former])
    assert not waits_for_old_claim(owner(when_scaled="Delete"), 1, [claim(SET)])
    assert not waits_for_old_claim(owner(), 1, [former])


def test_storage_takes_the_place_of_a_volume_of_its_name() -> None:
    volumes = [core_v1.Volume(name="data"), core_v1.Volume(name="tmp")]
    template = core_v1.PodTemplateSpec(spec=core_v1.PodSpec(volumes=volumes))
    made = new_pod(owner(), template, "r", 1)
    assert [v.name for v in made.spec.volumes] == ["data", "tmp"]
    data = made.spec.volumes[0].persistent_volume_claim
    assert data is not None
    assert data.claim_name == "data-web-1"
    assert template.spec.hostname == ""
