from collections import Counter
from datetime import UTC, datetime, timedelta

from homeostat.api import Time
from homeostat.k8s import core_v1
from homeostat.localcluster._namespace_status import Remains, namespace_conditions

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FULL = Remains(
    undiscovered={"z.dev/v1": "no answer", "b.dev/v1": "503"},
    failures=["pods is forbidden", "a is forbidden"],
    counts={"pods.": 2, "jobs.batch": 1},
    finalizers=Counter({"z.dev/hold": 1, "a.dev/hold": 2}),
)


def told(remains: Remains, *, counted: bool = True) -> dict[str, tuple[str, str]]:
    conditions = namespace_conditions([], remains, counted=counted, now=NOW)
    return {c.type: (c.status, c.message) for c in conditions}


def test_all_that_is_left_is_told_in_order() -> None:
    assert told(FULL) == {
        "NamespaceDeletionDiscoveryFailure": (
            "True",
            (
                "Discovery failed for some groups, 2 failing: unable to retrieve the "
                "complete list of server APIs: b.dev/v1: 503, z.dev/v1: no answer"
            ),
        ),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "True",
            (
                "Failed to delete all resource types, 2 remaining: "
                "a is forbidden, pods is forbidden"
            ),
        ),
        "NamespaceContentRemaining": (
            "True",
            (
                "Some resources are remaining: jobs.batch has 1 resource instances, "
                "pods. has 2 resource instances"
            ),
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            (
                "Some content in the namespace has finalizers remaining: a.dev/hold in "
                "2 resource instances, z.dev/hold in 1 resource instances"
            ),
        ),
    }


def test_what_remains_is_not_told_before_all_was_counted() -> None:
    content = told(FULL, counted=False)
    assert content["NamespaceContentRemaining"][0] == "False"
    assert content["NamespaceFinalizersRemaining"][0] == "False"
    assert content["NamespaceDeletionContentFailure"][0] == "True"


def test_namespace_is_empty_only_where_all_could_be_asked() -> None:
    assert Remains().is_nothing
    assert not Remains(undiscovered={"a.dev/v1": "503"}).is_nothing
    assert not Remains(failures=["forbidden"]).is_nothing
    assert not Remains(counts={"pods.": 1}).is_nothing


def test_transition_is_of_the_status_and_conditions_of_others_stay() -> None:
    audited = core_v1.NamespaceCondition(type="Audited", status="True")
    first = namespace_conditions([audited], FULL, counted=True, now=NOW)
    later = NOW + timedelta(seconds=9)
    left = Remains(counts={"pods.": 1})
    conditions = namespace_conditions(first, left, counted=True, now=later)
    assert conditions[0] == audited
    times = {c.type: c.last_transition_time for c in conditions[1:]}
    assert times["NamespaceContentRemaining"] == Time.of(NOW)
    assert times["NamespaceFinalizersRemaining"] == Time.of(later)
