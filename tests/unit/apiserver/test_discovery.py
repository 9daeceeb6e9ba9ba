"""Discovery, compared with the documents of the real server, order included."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind, GroupVersionResource, Resource
from homeostat.apiserver._crd_serve import VERBS
from homeostat.apiserver._discovery import (
    api_group,
    api_group_list,
    api_resource_list,
    api_versions,
    document_hash,
    group_discovery_list,
    version_order,
)
from homeostat.k8s import resources

REAL: dict[str, Any] = json.loads(
    Path(__file__).with_name("discovery.json").read_text()
)


def _served() -> tuple[list[Resource], dict[GroupVersionResource, str]]:
    found = list(resources())
    stored: dict[GroupVersionResource, str] = {}
    for definition in REAL["definitions"]:
        spec = definition["spec"]
        names = spec["names"]
        for version in spec["versions"]:
            resource = Resource(
                gvk=GroupVersionKind(spec["group"], version["name"], names["kind"]),
                plural=names["plural"],
                namespaced=spec["scope"] == "Namespaced",
                short_names=tuple(names.get("shortNames", ())),
                categories=tuple(names.get("categories", ())),
                verbs=VERBS,
                subresources=frozenset(version["subresources"]),
            )
            found.append(resource)
            stored[resource.gvr] = spec["versions"][0]["name"]
    return found, stored


SERVED, STORED = _served()


def _text(value: Any) -> str:
    return json.dumps(value, indent=1)


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_aggregated_documents_are_the_real_ones(path: str) -> None:
    made = group_discovery_list(SERVED, core=path == "/api")
    assert _text(made) == _text(REAL[f"{path} aggregated"])


def test_the_beta_of_aggregated_discovery_differs_in_name_alone() -> None:
    made = group_discovery_list(SERVED, core=True, version="v2beta1")
    assert made["apiVersion"] == "apidiscovery.k8s.io/v2beta1"
    assert made["items"] == REAL["/api aggregated"]["items"]


def test_versions_and_groups_are_the_real_ones() -> None:
    assert _text(api_versions("ADDRESS")) == _text(REAL["/api"])
    assert _text(api_group_list(SERVED)) == _text(REAL["/apis"])


@pytest.mark.parametrize(
    "path", [p for p in REAL if p.count("/") == 2 and p != "/api/v1"]
)
def test_each_group_is_the_real_one(path: str) -> None:
    assert _text(api_group(SERVED, path.rpartition("/")[2])) == _text(REAL[path])


@pytest.mark.parametrize("path", ["/api/v1", *(p for p in REAL if p.count("/") == 3)])
def test_each_resource_list_is_the_real_one(path: str) -> None:
    _, _, group, version = path.split("/") if path != "/api/v1" else ("", "", "", "v1")
    made = api_resource_list(SERVED, group, version, stored=STORED)
    assert _text(made) == _text(REAL[path])


def test_what_is_not_served_has_no_document() -> None:
    assert api_group(SERVED, "nothing.io") is None
    assert api_group(SERVED, "") is None
    assert api_resource_list(SERVED, "apps", "v2") is None


def test_only_what_is_served_is_listed() -> None:
    pods = [r for r in resources() if r.plural == "pods"]
    made = group_discovery_list(pods, core=True)
    assert [r["resource"] for r in made["items"][0]["versions"][0]["resources"]] == [
        "pods"
    ]
    assert group_discovery_list(pods, core=False)["items"] == []


def test_versions_are_ordered_by_maturity() -> None:
    given = ["foo", "v1alpha1", "v1", "v10", "v2beta3", "v2beta10", "v2"]
    assert sorted(given, key=version_order) == [
        "v10",
        "v2",
        "v1",
        "v2beta10",
        "v2beta3",
        "v1alpha1",
        "foo",
    ]


def test_a_hash_is_that_of_the_bytes() -> None:
    assert document_hash(b"a") != document_hash(b"b")
    assert len(document_hash(b"a")) == 128
