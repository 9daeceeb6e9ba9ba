from typing import Any

import pytest

from homeostat.api import GroupVersionKind, Unstructured
from homeostat.cache import Index, Indexer, Lister, Record
from homeostat.cache._packing import Packer, train
from homeostat.cache._shelf import Shelf
from tests.unit.cache.support import POD, record

BY_NODE = Index(POD, path="spec.nodeName")


def on(node: str | None, name: str = "web", version: int = 1, **more: str) -> Record:
    return record(name, version, spec={"nodeName": node} if node else {}, **more)


def found(indexer: Indexer, value: str, index: Index[Any] = BY_NODE) -> list[str]:
    return [r.name for r in indexer.by_index(index[value])]


def test_index_is_built_when_first_asked_for_and_kept_up_to_date() -> None:
    indexer = Indexer(POD)
    old = on("n1")
    indexer.replace(None, old)
    assert found(indexer, "n1") == ["web"]
    new = on("n2", version=2)
    indexer.replace(old, new)
    assert found(indexer, "n1") == []
    assert found(indexer, "n2") == ["web"]
    indexer.replace(new, None)
    assert found(indexer, "n2") == []
    assert len(indexer) == 0


def test_object_without_the_value_is_not_in_the_index() -> None:
    indexer = Indexer(POD)
    indexer.replace(None, on(None))
    assert indexer.by_index(BY_NODE[None]) == []


def test_lists_give_several_values() -> None:
    by_finalizer = Index(POD, path="metadata.finalizers")
    indexer = Indexer(POD)
    indexer.replace(None, record(metadata={"finalizers": ["a/x", "b/y", "a/x"]}))
    assert found(indexer, "a/x", by_finalizer) == ["web"]
    assert found(indexer, "b/y", by_finalizer) == ["web"]


def test_function_that_raises_leaves_the_object_out_until_it_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def node(item: Record) -> object:
        return {"n1": "first"}[item.path("spec.nodeName")]

    index = Index(POD, by=node)
    indexer = Indexer(POD)
    indexer.add_index(index)
    bad = on("n9")
    indexer.replace(None, bad)
    assert list(indexer.failures) == ["node of default/web"]
    assert "raised" in caplog.text
    assert len(indexer) == 1
    good = on("n1", version=2)
    indexer.replace(bad, good)
    assert indexer.failures == {}
    assert found(indexer, "first", index) == ["web"]


@pytest.mark.parametrize("value", [{"a": 1}, [[1]]])
def test_value_that_is_no_key_is_a_failure_of_the_index(value: object) -> None:
    index = Index(POD, by=lambda _: value, name="odd")
    indexer = Indexer(POD)
    indexer.add_index(index)
    indexer.replace(None, record())
    assert list(indexer.failures) == ["odd of default/web"]


def test_owners_and_namespaces_are_indexed() -> None:
    owners = [
        {"apiVersion": "v1", "kind": "X", "name": "x", "uid": "o1"},
        {"apiVersion": "v1", "kind": "X", "name": "y", "uid": "o2", "controller": True},
    ]
    indexer = Indexer(POD)
    child = record(metadata={"ownerReferences": owners})
    indexer.replace(None, child)
    assert indexer.owned_by("o1") == [child]
    assert indexer.owned_by("o1", controller=True) == []
    assert indexer.owned_by("o2", controller=True) == [child]
    assert indexer.records("default") == [child]
    assert indexer.records("other") == []
    indexer.replace(child, None)
    assert indexer.owned_by("o1") == []
    assert not indexer._owned
    assert not indexer._spaces


def test_index_of_another_kind_is_refused() -> None:
    other = Index(GroupVersionKind("apps", "v1", "Deployment"), path="spec.x")
    with pytest.raises(ValueError, match="cannot be used on v1 Pod"):
        Indexer(POD).by_index(other["a"])


@pytest.mark.parametrize(
    "options", [{}, {"path": "a", "by": lambda _: None}, {"path": "a..b"}]
)
def test_bad_declarations_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"path"):
        Index(POD, **options)


def selected(indexer: Indexer, fields: str) -> list[str]:
    lister = Lister[Unstructured](indexer, POD)
    return [r.name for r in lister.records(fields=fields)]


def test_fields_of_the_name_and_of_indexes_select() -> None:
    indexer = Indexer(POD)
    indexer.add_index(BY_NODE)
    for record_ in (on("n1", "a"), on("n2", "b"), on(None, "c", namespace="prod")):
        indexer.replace(None, record_)
    assert selected(indexer, "metadata.name=b") == ["b"]
    assert selected(indexer, "metadata.name!=b") == ["a", "c"]
    assert selected(indexer, "metadata.namespace=prod") == ["c"]
    assert selected(indexer, "spec.nodeName=n1") == ["a"]
    assert selected(indexer, "spec.nodeName=") == ["c"]
    assert selected(indexer, "spec.nodeName!=n1,metadata.namespace!=prod") == ["b"]


def test_values_that_are_no_texts_are_selected_as_they_are_written() -> None:
    indexer = Indexer(POD)
    indexer.add_index(Index(POD, path="spec.replicas"))
    indexer.add_index(Index(POD, path="spec.paused"))
    indexer.replace(None, record("a", spec={"replicas": 3, "paused": True}))
    indexer.replace(None, record("b", spec={"replicas": 5, "paused": False}))
    assert selected(indexer, "spec.replicas=3") == ["a"]
    assert selected(indexer, "spec.paused=true") == ["a"]


def test_field_without_an_index_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"declare Index\(Pod, path='spec.nodeName'\)"):
        selected(Indexer(POD), "spec.nodeName=n1")


def test_only_objects_that_are_reached_are_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf(POD)
    indexer = Indexer(POD)
    indexer.add_index(BY_NODE)
    owner = [{"uid": "o1", "controller": True}]
    for number in range(2000):
        made = record(
            f"p{number}",
            labels={"app": f"a{number % 100}"},
            spec={"nodeName": f"n{number % 100}", "words": list("compressible")},
            metadata={"ownerReferences": owner if number % 100 == 0 else []},
        ).on(shelf)
        if shelf.packer.due:
            shelf.packer.adopt(train(shelf.packer.samples))
        indexer.replace(None, made)
    for each in indexer:
        each.repack()
    unpacked: list[bytes] = []
    unpack = Packer.unpack

    def count(packer: Packer, packed: bytes) -> bytes:
        unpacked.append(packed)
        return unpack(packer, packed)

    monkeypatch.setattr(Packer, "unpack", count)
    lister = Lister[Unstructured](indexer, POD)
    lists = [
        lister.list(labels={"app": "a7"}),
        lister.list(labels="app in (a7),app!=a8"),
        lister.list(fields="spec.nodeName=n7"),
        lister.list(index=BY_NODE["n7"]),
        lister.list(owner="o1"),
        lister.list(controller="o1", namespace="default"),
    ]
    assert [len(each) for each in lists] == [20] * 6
    assert [r.name for r in lists[0].records][:2] == ["p7", "p107"]
    assert unpacked == []
    assert len(list(lists[0])) == 20
    assert len(unpacked) == 20


def test_what_names_an_object_is_held_once_however_often_it_changes() -> None:
    indexer = Indexer(POD)
    first, second = record("web", 1, uid="u"), record("web", 2, uid="u")
    assert first.name is not second.name
    indexer.replace(None, first)
    indexer.replace(first, second)
    assert second.name is first.name
    assert second.uid is first.uid
    successor = record("web", 3, uid="v")
    indexer.replace(second, successor)
    assert successor.name is first.name
    assert successor.uid == "v"
