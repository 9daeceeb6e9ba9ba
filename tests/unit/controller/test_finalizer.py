from typing import Any

import pytest

from homeostat.controller._finalizer import add_patch, next_step, remove_patch
from homeostat.schema import PatchError, json_patch

NAME = "example.com/cleanup"
OTHER = "example.com/other"


@pytest.mark.parametrize(
    ("wanted", "present", "deleting", "step"),
    [
        ([], [], False, ("reconcile", "")),
        ([], [], True, ("wait", "")),
        ([NAME], [], False, ("add", NAME)),
        ([NAME], [OTHER], False, ("add", NAME)),
        ([NAME], [NAME], False, ("reconcile", "")),
        ([NAME], [NAME], True, ("clean_up", NAME)),
        ([NAME], [], True, ("wait", "")),
        ([NAME], [OTHER], True, ("wait", "")),
        ([NAME, OTHER], [NAME], False, ("add", OTHER)),
        ([NAME, OTHER], [NAME, OTHER], True, ("clean_up", OTHER)),
        ([NAME, OTHER], [NAME], True, ("clean_up", NAME)),
    ],
)
def test_next_step(
    wanted: list[str], present: list[str], deleting: bool, step: tuple[str, str]
) -> None:
    assert next_step(wanted=wanted, present=present, deleting=deleting) == step


def obj(*finalizers: str, uid: str = "u1") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "a", "uid": uid}
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return {"metadata": metadata}


@pytest.mark.parametrize("before", [(), (OTHER,)])
def test_add_keeps_the_finalizers_of_others(before: tuple[str, ...]) -> None:
    patch = add_patch(NAME, present=before, uid="u1")
    assert json_patch(obj(*before), patch) == obj(*before, NAME)


@pytest.mark.parametrize(
    ("read", "now"), [((), (OTHER,)), ((OTHER,), ()), ((OTHER,), (OTHER, "x.y/z"))]
)
def test_add_fails_when_the_list_was_changed_meanwhile(
    read: tuple[str, ...], now: tuple[str, ...]
) -> None:
    with pytest.raises(PatchError):
        json_patch(obj(*now), add_patch(NAME, present=read, uid="u1"))


def test_patches_fail_on_a_successor_of_the_same_name() -> None:
    successor = obj(NAME, uid="u2")
    with pytest.raises(PatchError):
        json_patch(successor, remove_patch(NAME, present=[NAME], uid="u1"))
    with pytest.raises(PatchError):
        json_patch(obj(uid="u2"), add_patch(NAME, present=[], uid="u1"))


def test_remove_takes_its_own_away() -> None:
    patch = remove_patch(NAME, present=[OTHER, NAME], uid="u1")
    assert json_patch(obj(OTHER, NAME), patch) == obj(OTHER)


def test_remove_fails_when_the_list_has_moved() -> None:
    patch = remove_patch(NAME, present=[OTHER, NAME], uid="u1")
    with pytest.raises(PatchError):
        json_patch(obj(NAME, OTHER), patch)
