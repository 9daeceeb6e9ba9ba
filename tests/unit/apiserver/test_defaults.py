"""Defaults, compared with what the real server made of the same objects."""

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.apiserver._defaults import apply_builtin_defaults
from homeostat.apiserver._defaults_create import (
    pod_qos_class,
    prepare_builtin_create,
    prepare_builtin_update,
)
from homeostat.apiserver._defaults_pod import image_tag
from homeostat.apiserver._normal import normalise
from homeostat.k8s import resources, schema_of

CASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("defaults.json").read_text()
)
# What the API server allocates, and the generation that it counts.
ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies")
NOW = "2024-01-01T00:00:00Z"


def _name(case: dict[str, Any]) -> str:
    return f"{case['given']['kind']}-{case['given']['metadata']['name']}"


def _kind(value: dict[str, Any]) -> GroupVersionKind:
    return GroupVersionKind.of(value["apiVersion"], value["kind"])


def _created(given: dict[str, Any]) -> dict[str, Any]:
    """Do what the server does when an object is created."""
    value = copy.deepcopy(given)
    gvk = _kind(value)
    resource = next(r for r in resources() if r.gvk == gvk)
    value["metadata"].setdefault("namespace", "default")
    if not resource.namespaced:
        del value["metadata"]["namespace"]
    value["metadata"]["uid"] = "UID"
    schema = schema_of(gvk)
    assert schema is not None
    assert normalise(value, schema, gvk.kind) == []
    apply_builtin_defaults(gvk, value)
    if "status" in resource.subresources and gvk.kind != "Node":
        value.pop("status", None)
    prepare_builtin_create(gvk, value, now=NOW)
    del value["metadata"]["uid"]
    return value


def _comparable(value: dict[str, Any]) -> dict[str, Any]:
    value = copy.deepcopy(value)
    value["metadata"].pop("generation", None)
    if value["kind"] == "Service":
        for name in (*ALLOCATED, "ipFamilyPolicy"):
            value["spec"].pop(name, None)
        for port in value["spec"].get("ports") or []:
            port.pop("nodePort", None)
    if value["kind"] == "PersistentVolume":
        value["status"].pop("lastPhaseTransitionTime", None)
    return value


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_new_object_is_what_the_real_server_makes_of_it(case: dict[str, Any]) -> None:
    assert _comparable(_created(case["given"])) == _comparable(case["stored"])


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_is_stored_is_not_changed_by_defaulting(case: dict[str, Any]) -> None:
    value = copy.deepcopy(case["stored"])
    schema = schema_of(_kind(value))
    assert schema is not None
    normalise(value, schema, value["kind"])
    apply_builtin_defaults(_kind(value), value)
    assert value == case["stored"]


def test_kinds_that_are_not_built_in_are_left_alone() -> None:
    value = {"metadata": {"name": "x"}}
    apply_builtin_defaults(GroupVersionKind("x.io", "v1", "Thing"), value)
    prepare_builtin_create(GroupVersionKind("x.io", "v1", "Thing"), value, now=NOW)
    assert value == {"metadata": {"name": "x"}}


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("busybox", "latest"),
        ("busybox:1.36", "1.36"),
        ("example.com:5000/a/b", "latest"),
        ("EXAMPLE.com/a/b:x", "x"),
        (f"a@sha256:{'a' * 64}", ""),
        (f"a:b@sha256:{'a' * 64}", "b"),
        ("Busybox", ""),
        ("", ""),
    ],
)
def test_an_image_has_a_tag_latest_or_none(image: str, tag: str) -> None:
    assert image_tag(image) == tag


def _containers(*listed: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return [{"resources": item} for item in listed]


def test_quality_of_service_follows_requests_and_limits() -> None:
    full = {"limits": {"cpu": "1", "memory": "1Gi"}}
    equal = {**full, "requests": {"cpu": "1000m", "memory": "1024Mi"}}
    assert pod_qos_class({"containers": _containers({})}) == "BestEffort"
    assert pod_qos_class({"containers": _containers(full, equal)}) == "Guaranteed"
    assert pod_qos_class({"containers": _containers(full, {})}) == "Burstable"
    zero = {"requests": {"cpu": "0"}}
    assert pod_qos_class({"containers": _containers(zero)}) == "BestEffort"


POD = GroupVersionKind("", "v1", "Pod")
DAEMON_SET = GroupVersionKind("apps", "v1", "DaemonSet")


def _stored(kind: str) -> dict[str, Any]:
    found = next(case for case in CASES if _name(case) == f"{kind}-smallest")
    stored: dict[str, Any] = copy.deepcopy(found["stored"])
    return stored


def test_a_pod_that_is_written_again_keeps_what_admission_gave_it() -> None:
    old, new = _stored("Pod"), _stored("Pod")
    for name in ("tolerations", "priority", "preemptionPolicy"):
        del new["spec"][name]
    prepare_builtin_update(POD, new, old)
    assert new == old


def test_a_daemon_set_counts_the_changes_of_its_template() -> None:
    old = _stored("DaemonSet")
    same, other = _stored("DaemonSet"), _stored("DaemonSet")
    del same["metadata"]["annotations"]
    prepare_builtin_update(DAEMON_SET, same, old)
    assert same == old
    other["spec"]["template"]["spec"]["hostNetwork"] = True
    prepare_builtin_update(DAEMON_SET, other, old)
    assert list(other["metadata"]["annotations"].values()) == ["2"]
