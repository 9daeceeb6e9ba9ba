"""What clients ask before they list: discovery, versions, the kind's definition."""

from typing import Any, Final

from benchmarks.replay._objects import API_VERSION, GROUP, KIND, PLURAL

__all__ = ["DEFINITION", "VERSION", "group", "groups", "namespace", "resources", "root"]

VERSION: Final = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-04-01T00:00:00Z",
    "goVersion": "go1.26.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}

_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update"]
_KINDS: Final[dict[str, list[tuple[str, str, str, bool]]]] = {
    "v1": [("namespaces", "namespace", "Namespace", False)],
    "apiextensions.k8s.io/v1": [
        (
            "customresourcedefinitions",
            "customresourcedefinition",
            "CustomResourceDefinition",
            False,
        )
    ],
    API_VERSION: [(PLURAL, KIND.lower(), KIND, True)],
}

DEFINITION: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"{PLURAL}.{GROUP}",
        "uid": "00000000-0000-4000-8000-000000000001",
        "resourceVersion": "2",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {
            "plural": PLURAL,
            "singular": KIND.lower(),
            "kind": KIND,
            "listKind": f"{KIND}List",
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
        "conversion": {"strategy": "None"},
    },
    "status": {
        "acceptedNames": {"plural": PLURAL, "kind": KIND},
        "storedVersions": ["v1"],
        "conditions": [
            {
                "type": each,
                "status": "True",
                "reason": "Accepted",
                "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for each in ("NamesAccepted", "Established")
        ],
    },
}


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "uid": f"00000000-0000-4000-8000-{sum(name.encode()):012d}",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def root(*, aggregated: bool) -> dict[str, Any]:
    """Return what is served at /api."""
    if aggregated:
        return _aggregated(["v1"])
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }


def groups(*, aggregated: bool) -> dict[str, Any]:
    """Return what is served at /apis."""
    named = [each for each in _KINDS if "/" in each]
    if aggregated:
        return _aggregated(named)
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(each) for each in named],
    }


def group(name: str) -> dict[str, Any] | None:
    """Return a group by its name, None when it is not served."""
    named = next((each for each in _KINDS if each.startswith(f"{name}/")), None)
    if named is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(named)}


def resources(group_version: str) -> dict[str, Any] | None:
    """Return the resources of a group-version, None when it is not served."""
    kinds = _KINDS.get(group_version)
    if kinds is None:
        return None
    entries: list[dict[str, Any]] = []
    for plural, singular, kind, namespaced in kinds:
        entry = {
            "name": plural,
            "singularName": singular,
            "namespaced": namespaced,
            "kind": kind,
            "verbs": [*_VERBS, "watch"],
        }
        status = {"name": f"{plural}/status", "singularName": ""}
        entries += [entry, {**entry, **status, "verbs": ["get", "patch", "update"]}]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": entries,
    }


def _group(group_version: str) -> dict[str, Any]:
    name, _, version = group_version.partition("/")
    entry = {"groupVersion": group_version, "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def _aggregated(named: list[str]) -> dict[str, Any]:
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": each.rpartition("/")[0]},
                "versions": [_aggregated_version(each)],
            }
            for each in named
        ],
    }


def _aggregated_version(group_version: str) -> dict[str, Any]:
    group_name, _, version = group_version.rpartition("/")
    return {
        "version": version,
        "freshness": "Current",
        "resources": [
            {
                "resource": plural,
                "responseKind": {"group": group_name, "version": version, "kind": kind},
                "scope": "Namespaced" if namespaced else "Cluster",
                "singularResource": singular,
                "verbs": [*_VERBS, "watch"],
                "subresources": [
                    {
                        "subresource": "status",
                        "responseKind": {
                            "group": group_name,
                            "version": version,
                            "kind": kind,
                        },
                        "verbs": ["get", "patch", "update"],
                    }
                ],
            }
            for plural, singular, kind, namespaced in _KINDS[group_version]
        ],
    }
