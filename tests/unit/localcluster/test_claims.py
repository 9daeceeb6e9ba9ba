from datetime import UTC, datetime

from homeostat.api import (
    LabelSelector,
    ObjectMeta,
    OwnerReference,
    Selector,
    Time,
)
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import claim, selector_of

NOW = Time.of(datetime(2026, 1, 1, tzinfo=UTC))


def pod(
    name: str, *, owner: str = "", app: str = "web", deleting: bool = False
) -> core_v1.Pod:
    reference = OwnerReference(
        api_version="apps/v1", kind="ReplicaSet", name="rs", uid=owner, controller=True
    )
    return core_v1.Pod(
        metadata=ObjectMeta(
            name=name,
            labels={"app": app},
            owner_references=[reference] if owner else [],
            deletion_timestamp=NOW if deleting else None,
        )
    )


def sorted_by_claim(*, leaving: bool = False) -> tuple[list[str], ...]:
    owner = apps_v1.ReplicaSet(
        metadata=ObjectMeta(uid="me", deletion_timestamp=NOW if leaving else None)
    )
    pods = [
        pod("mine", owner="me"),
        pod("mine-leaving", owner="me", deleting=True),
        pod("theirs", owner="other"),
        pod("nobodys"),
        pod("nobodys-other", app="other"),
        pod("nobodys-leaving", deleting=True),
        pod("lost", owner="me", app="other"),
        pod("theirs-lost", owner="other", app="other"),
    ]
    claims = claim(owner, Selector.parse("app=web"), pods)
    return tuple(
        [p.metadata.name for p in part]
        for part in (claims.owned, claims.adopt, claims.release)
    )


def test_claim_sorts_by_controller_and_selector() -> None:
    assert sorted_by_claim() == (["mine", "mine-leaving"], ["nobodys"], ["lost"])


def test_owner_that_is_being_deleted_neither_adopts_nor_releases() -> None:
    assert sorted_by_claim(leaving=True) == (["mine", "mine-leaving"], [], [])


def test_workload_without_a_selector_selects_nothing() -> None:
    assert not selector_of(None).matches({})
    assert not selector_of(None).matches({"app": "web"})
    assert selector_of(LabelSelector(match_labels={"a": "b"})).matches({"a": "b"})
