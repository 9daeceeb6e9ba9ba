from datetime import UTC, datetime, timedelta, timezone

import pytest

from homeostat.api import (
    GroupVersionKind,
    GroupVersionResource,
    MicroTime,
    NamespacedName,
    Request,
    Resource,
    Time,
    kind_of,
    parse_resource_version,
    wire_name,
)

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


def test_kinds_read_their_api_version() -> None:
    assert GroupVersionKind.of("apps/v1", "Deployment") == DEPLOYMENT
    assert GroupVersionKind.of("v1", "Pod") == GroupVersionKind("", "v1", "Pod")
    assert str(DEPLOYMENT) == "apps/v1 Deployment"
    assert DEPLOYMENT.group_kind == ("apps", "Deployment")
    assert GroupVersionResource("", "v1", "pods").api_version == "v1"


def test_the_kind_of_a_dict() -> None:
    assert kind_of({"apiVersion": "apps/v1", "kind": "Deployment"}) == DEPLOYMENT
    assert kind_of(DEPLOYMENT) is DEPLOYMENT
    with pytest.raises(ValueError, match="needs apiVersion and kind"):
        kind_of({"kind": "Deployment"})
    with pytest.raises(ValueError, match="'Pod' is no kind: name a class or a Group"):
        kind_of("Pod")  # type: ignore[arg-type]


def test_names_read_as_people_write_them() -> None:
    assert str(Request("default", "web")) == "default/web"
    assert str(Request("", "node", "east")) == "east/node"
    assert str(NamespacedName("", "node")) == "node"
    assert len({Request("a", "b"), Request("a", "b", "")}) == 1
    assert sorted([Request("b", "a"), Request("a", "b")])[0].namespace == "a"


def test_paths() -> None:
    pods = Resource(
        gvk=GroupVersionKind("", "v1", "Pod"), plural="pods", namespaced=True
    )
    nodes = Resource(
        gvk=GroupVersionKind("", "v1", "Node"), plural="nodes", namespaced=False
    )
    assert pods.path() == "/api/v1/pods"
    assert pods.path("d", "p", "log") == "/api/v1/namespaces/d/pods/p/log"
    assert nodes.path("ignored", "n") == "/api/v1/nodes/n"
    assert pods.gvr == GroupVersionResource("", "v1", "pods")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("9223372036854775808", 2**63),
        ("", None),
        ("0", None),
        ("01", None),
        ("-1", None),
        ("+1", None),
        ("1a", None),
        ("\u0661", None),
        (" 1", None),
        ("9" * 5000, None),
    ],
)
def test_resource_versions(text: str, number: int | None) -> None:
    assert parse_resource_version(text) == number


def test_wire_names() -> None:
    names = ["api_version", "from_", "x", "host_ip", "fields_v1"]
    assert [wire_name(name) for name in names] == [
        "apiVersion",
        "from",
        "x",
        "hostIp",
        "fieldsV1",
    ]


def test_times_are_utc() -> None:
    there = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert str(Time.of(there)) == "2024-01-01T10:00:00Z"
    assert str(Time.parse("2024-01-01T12:00:00.5+02:00")) == "2024-01-01T10:00:00Z"
    assert str(MicroTime.parse("2024-01-01T10:00:00.5Z")) == (
        "2024-01-01T10:00:00.500000Z"
    )
    assert Time.of(there) == there
    assert isinstance(Time.of(there) + timedelta(seconds=1), Time)


@pytest.mark.parametrize("text", ["2024-01-01", "2024-01-01T10:00:00", "x"])
def test_a_time_without_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Time.parse(text)
    with pytest.raises(ValueError, match="no time zone"):
        Time.of(datetime(2024, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="no time zone"):
        str(Time(2024, 1, 1))
    assert Time.of(datetime(2024, 1, 1, tzinfo=UTC)).year == 2024
