from typing import Any

import pytest

from homeostat.api import (
    AlreadyOwnedError,
    CustomResource,
    ObjectMeta,
    Spec,
    Status,
    controller_of,
    custom_resource,
    owner_references,
    set_controller_reference,
    set_owner_reference,
    to_dict,
)


@custom_resource(group="example.com", version="v1")
class Thing(CustomResource[Spec, Status]):
    """A thing."""


def thing(name: str, namespace: str = "d", uid: str = "") -> Thing:
    meta = ObjectMeta(name=name, namespace=namespace, uid=uid)
    return Thing(metadata=meta, spec=Spec())


@pytest.fixture(params=["typed", "dict"])
def form(request: pytest.FixtureRequest) -> Any:
    return to_dict if request.param == "dict" else lambda made: made


def test_a_controller_reference_names_the_owner(form: Any) -> None:
    child = form(thing("c"))
    set_controller_reference(form(thing("o", uid="1")), child)
    (ref,) = owner_references(child)
    assert to_dict(ref) == {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "name": "o",
        "uid": "1",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    assert controller_of(child) == ref


def test_setting_it_again_changes_nothing_but_the_uid(form: Any) -> None:
    child = form(thing("c"))
    set_controller_reference(form(thing("o", uid="1")), child)
    set_controller_reference(form(thing("o", uid="2")), child)
    assert [ref.uid for ref in owner_references(child)] == ["2"]


def test_a_second_controller_is_refused(form: Any) -> None:
    child = form(thing("c"))
    set_controller_reference(form(thing("o", uid="1")), child)
    with pytest.raises(AlreadyOwnedError, match="Thing o") as caught:
        set_controller_reference(form(thing("other", uid="2")), child)
    assert caught.value.owner.name == "o"
    set_owner_reference(form(thing("other", uid="2")), child)
    assert [ref.name for ref in owner_references(child)] == ["o", "other"]


def test_a_plain_reference_does_not_control(form: Any) -> None:
    child = form(thing("c"))
    set_owner_reference(form(thing("o", uid="1")), child)
    assert controller_of(child) is None
    (ref,) = owner_references(child)
    assert (ref.controller, ref.block_owner_deletion) == (None, None)


def test_a_plain_reference_does_not_take_control_away(form: Any) -> None:
    child, owner = form(thing("c")), form(thing("o", uid="1"))
    set_controller_reference(owner, child, block_owner_deletion=False)
    set_owner_reference(owner, child)
    (ref,) = owner_references(child)
    assert (ref.controller, ref.block_owner_deletion) == (True, False)


@pytest.mark.parametrize("namespace", ["", "other"])
def test_an_owner_in_another_namespace_is_refused(form: Any, namespace: str) -> None:
    with pytest.raises(ValueError, match="same namespace or cluster-scoped"):
        set_owner_reference(form(thing("o", uid="1")), form(thing("c", namespace)))


def test_a_cluster_scoped_owner_may_own_anything(form: Any) -> None:
    child = form(thing("c"))
    set_owner_reference(form(thing("o", namespace="", uid="1")), child)
    assert len(owner_references(child)) == 1


def test_an_owner_that_was_never_created_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match="has no uid"):
        set_controller_reference(form(thing("o")), form(thing("c")))


def test_a_child_without_metadata_or_with_null_references_gets_them() -> None:
    owner = thing("o", namespace="", uid="1")
    bare: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod"}
    set_owner_reference(owner, bare)
    null: dict[str, Any] = {**bare, "metadata": {"ownerReferences": None}}
    set_owner_reference(owner, null)
    assert bare["metadata"] == null["metadata"]
