from typing import Any

import pytest

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver import ApiServer
from homeostat.cli._demo import summarise
from homeostat.cli._scenario import Sample, meddling, missing, steps_for
from homeostat.cli._tree import Node
from homeostat.client import Client

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
PODSET = GroupVersionKind("test.dev", "v1", "PodSet")
READY = [{"type": "Ready", "status": "True"}]


def podset(*, generation: int = 2, observed: int = 2, **rest: Any) -> dict[str, Any]:
    return {
        "kind": "PodSet",
        "metadata": {"name": "web", "uid": "u1", "generation": generation},
        "status": {"observedGeneration": observed, "conditions": READY},
        **rest,
    }


def deployment(ready: int = 2, *, uid: str = "d1") -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "uid": uid},
        "spec": {"replicas": 2},
        "status": {"replicas": 2, "readyReplicas": ready},
    }


def pod(name: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "uid": name},
        "status": {"conditions": READY},
    }


def tree(root: dict[str, Any], *children: dict[str, Any]) -> Node:
    return Node(root, [Node(child) for child in children])


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (None, "the object is not there"),
        (
            tree(podset(generation=3), deployment()),
            "the status does not speak of the present generation",
        ),
        (tree(podset(status=None)), "the status does not speak of the present"),
        (tree(podset(status={"observedGeneration": 2})), "the status has no cond"),
        (tree(podset()), "there is no Deployment"),
        (tree(podset(), pod("web")), "there is no Deployment"),
        (tree(podset(), deployment(ready=1)), "Deployment web: 1/2 ready"),
        (
            tree(
                podset(status={"observedGeneration": 2, "conditions": []}),
                deployment(),
            ),
            "PodSet web: waiting",
        ),
    ],
)
def test_what_is_missing(found: Node | None, what: str) -> None:
    assert missing(found, [DEPLOYMENT]).startswith(what)


def test_nothing_is_missing_of_a_tree_that_has_converged() -> None:
    assert missing(tree(podset(), deployment()), [DEPLOYMENT]) == ""
    assert missing(tree(podset()), []) == ""


def test_trouble_below_the_children_counts() -> None:
    waiting = {"kind": "Pod", "metadata": {"name": "p", "uid": "p"}, "status": {}}
    root = Node(podset(), [Node(deployment(), [Node(waiting)])])
    assert missing(root, [DEPLOYMENT]) == "Pod p: Pending"


def sample(
    *, owned: tuple[GroupVersionKind, ...] = (), subresources: frozenset[str]
) -> Sample:
    return Sample(
        document={"metadata": {"name": "web"}},
        resource=Resource(
            gvk=PODSET, plural="podsets", namespaced=True, subresources=subresources
        ),
        owned=owned,
    )


@pytest.mark.parametrize(
    ("one", "titles"),
    [
        (sample(subresources=frozenset()), ["create", "delete"]),
        (sample(subresources=frozenset({"scale"})), ["create", "scale", "delete"]),
        (
            sample(subresources=frozenset(), owned=(DEPLOYMENT,)),
            ["create", "a third party edits", "a third party deletes", "delete"],
        ),
    ],
)
def test_only_steps_that_make_sense_for_the_kind(
    one: Sample, titles: list[str]
) -> None:
    steps = steps_for(one)
    assert len(steps) == len(titles)
    for step, title in zip(steps, titles, strict=True):
        assert step.title.startswith(title)


def test_the_last_step_ends_when_nothing_is_left() -> None:
    last = steps_for(sample(subresources=frozenset()))[-1]
    assert last.missing(tree(podset())) == "something is left"
    assert last.missing(None) == ""


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ([], ""),
        (["Pod web-x changed"], "Pod web-x changed"),
        (["Pod a changed", "Pod b changed"], "2 Pods changed"),
        (["Pod a added", "Pod a changed"], "Pod a added, Pod a changed"),
        (
            ["PodSet changed", "Pod a added", "Deployment web changed", "Pod b added"],
            "PodSet changed, 2 Pods added, Deployment web changed",
        ),
        (["retry"], "retry"),
    ],
)
def test_reasons_in_few_words(reasons: list[str], text: str) -> None:
    assert summarise(reasons) == text


@pytest.mark.parametrize(
    ("content", "patch"),
    [
        ({"spec": {"replicas": 3, "paused": False}}, {"spec": {"replicas": 1}}),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}),
        ({"spec": {"replicas": 0}}, {"spec": {"replicas": 1}}),
        ({"data": {"a": "1"}, "immutable": True}, {"data": None, "immutable": None}),
        ({"rules": [], "status": {}}, {"rules": None}),
        ({"spec": {"ports": []}}, {"metadata": {"labels": None}}),
    ],
)
def test_meddling_takes_what_the_owner_wants(
    content: dict[str, Any], patch: dict[str, Any]
) -> None:
    meta = {"name": "x", "labels": {"app": "x"}}
    child = {"apiVersion": "v1", "kind": "X", "metadata": meta, **content}
    assert meddling(child) == patch


def test_nothing_is_taken_from_what_has_nothing() -> None:
    assert meddling({"kind": "X", "metadata": {"name": "x"}, "spec": {}}) == {}


CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "controller": True}


async def test_edit_has_converged_when_what_was_taken_is_back() -> None:
    """Also of kinds that have no replicas."""
    client = Client(ApiServer().transport())
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
    web = await client.create(owner)
    reference = {**OWNER, "uid": web["metadata"]["uid"]}
    child = await client.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "ownerReferences": [reference]},
            "data": {"level": "debug"},
        }
    )
    maps = Resource(gvk=CONFIG_MAP, plural="configmaps", namespaced=True)
    one = Sample(document=owner, resource=maps, owned=(CONFIG_MAP,))
    edit = next(step for step in steps_for(one) if "edits" in step.title)
    await edit.act(client)
    edited = await client.get(CONFIG_MAP, "settings")
    assert "data" not in edited

    left = edit.missing(tree(podset(), edited))
    assert left == "ConfigMap settings is as the third party left it"
    assert edit.missing(tree(podset(), child)) == ""
