import gc
import json
import sys

import msgspec
import pytest

from homeostat.api import GroupVersionKind, NamespacedName
from homeostat.cache import Record
from homeostat.cache._shelf import Shelf
from homeostat.errors import InvalidObjectError
from homeostat.k8s import core_v1
from tests.unit.cache.support import POD, record

OWNERS = [
    {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u1"},
    {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "r",
        "uid": "u2",
        "controller": True,
    },
]


def test_envelope_is_read_without_the_body() -> None:
    found = record(
        "web",
        "17",
        labels={"app": "web"},
        metadata={
            "generation": 3,
            "ownerReferences": OWNERS,
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"a": "1"},
        },
    )
    assert found.key == NamespacedName("default", "web")
    assert (found.uid, found.version, found.generation) == ("uid-web", 17, 3)
    assert found.labels == {"app": "web"}
    assert found.annotations == {"a": "1"}
    assert found.owner_uids == ("u1", "u2")
    assert found.controller_uid == "u2"
    assert found.controller is not None
    assert found.controller.name == "r"
    assert found.deleting


def test_bytes_are_kept_exactly() -> None:
    data = b'{ "metadata": {"name":"x", "annotations":null},  "spec":{"a":1.0e2} }'
    found = Record.read(data, gvk=POD)
    assert found.data == data
    assert found.annotations == {}


def test_every_read_is_the_readers_own() -> None:
    found = record(spec={"containers": [{"name": "c", "image": "i"}]})
    found.object["spec"]["containers"].clear()
    typed = found.decode(core_v1.Pod)
    assert typed.spec is not None
    typed.spec.containers.clear()
    again = found.decode(core_v1.Pod)
    assert again.spec is not None
    assert len(again.spec.containers) == 1
    assert len(found.object["spec"]["containers"]) == 1
    with pytest.raises(TypeError):
        found.labels["a"] = "b"  # type: ignore[index]  # read-only


def test_object_of_a_list_item_names_its_kind() -> None:
    found = Record.read(b'{"metadata":{"name":"x"}}', gvk=POD)
    assert found.object["kind"] == "Pod"
    assert found.object["apiVersion"] == "v1"


def test_metadata_only_keeps_the_metadata_bytes_and_the_real_kind() -> None:
    found = record("web", 5, spec={"nodeName": "n"}).metadata_only()
    assert found.path("spec.nodeName") is None
    assert json.loads(found.data)["kind"] == "PartialObjectMetadata"
    assert found.object["kind"] == "Pod"
    assert found.gvk == POD
    assert found.version == 5


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.nodeName", "n1"),
        ("spec.missing", None),
        ("status.phase.deep", None),
        ("spec.nodeName.deep", None),
        ("nothing.here", None),
        ("nothing", None),
        ("spec.containers.1.name", "b"),
        ("spec.containers.7.name", None),
        (r"metadata.labels.app\.io/name", "x"),
        ("spec.replicas", 3),
        ("spec.null.deep", None),
    ],
)
def test_path_extracts_one_field(path: str, expected: object) -> None:
    found = record(
        labels={"app.io/name": "x"},
        spec={
            "nodeName": "n1",
            "replicas": 3,
            "null": None,
            "containers": [{"name": "a"}, {"name": "b"}],
        },
        status={"phase": "Running"},
    )
    assert found.path(path) == expected


@pytest.mark.parametrize("path", ["", ".", "spec.", "spec..x", ".spec"])
def test_bad_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="bad path"):
        record().path(path)


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b'{"metadata":3}', b"nope", b'{"metadata":{"name":7}}']
)
def test_bytes_without_metadata_are_an_invalid_object(data: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="metadata"):
        Record.read(data, gvk=POD)


def test_message_of_an_invalid_object_names_it() -> None:
    with pytest.raises(InvalidObjectError, match="v1 Pod bad"):
        Record.read(b'{"metadata":{"name":"bad","labels":{"a":1}}}', gvk=POD)


def test_what_many_have_in_common_is_held_once() -> None:
    shelf = Shelf(POD)
    one, two = (
        record(name, labels={"app": "web"}, metadata={"ownerReferences": OWNERS})
        for name in ("one", "two")
    )
    one, two = one.on(shelf), two.on(shelf)
    assert one.shared_labels is two.shared_labels
    assert one.owner_uids is two.owner_uids


def test_labels_of_each_objects_own_do_not_pile_up() -> None:
    shelf = Shelf(POD)
    for number in range(5000):
        shelf.labels(msgspec.Raw(b'{"n":"%d"}' % number))
        shelf.owners(msgspec.Raw(b'[{"uid":"%d"}]' % number))
    assert len(shelf._labels) <= 4096
    assert len(shelf._owners) <= 4096


def test_version_that_is_no_number_is_read_as_it_is() -> None:
    for version in ("abc", "007", "0"):
        found = record(version=version)
        assert (found.version, found.resource_version) == (None, version)


def test_records_are_equal_only_to_themselves_and_can_be_keys() -> None:
    one, two = record(), record()
    assert one != two
    assert len({one, two, one}) == 2


def test_collector_need_not_know_records() -> None:
    assert not gc.is_tracked(record(labels={"app": "web"}))


def test_kind_comes_from_the_bytes_where_nobody_gives_it() -> None:
    data = b'{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"}}'
    assert Record.read(data).gvk == GroupVersionKind("apps", "v1", "Deployment")


def test_repr_has_no_content() -> None:
    found = record("web", data={"password": "secret"})
    assert "secret" not in repr(found)


def test_record_is_small() -> None:
    assert sys.getsizeof(record()) <= 128
