"""Small objects to send, and what is read back from many answers."""

from typing import Any

__all__ = [
    "config_map",
    "containers",
    "deployment",
    "finalized",
    "managed",
    "names",
    "owner",
    "pod",
    "rejection",
]

Json = dict[str, Any]


def config_map(name: str, data: Any = None, **metadata: Any) -> Json:
    """Return a ConfigMap; keywords are metadata."""
    item: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
    }
    return item if data is None else {**item, "data": dict(data)}


def finalized(name: str, *finalizers: str) -> Json:
    """Return a ConfigMap that outlives its deletion."""
    return config_map(name, finalizers=list(finalizers or ("example.com/hold",)))


def deployment(name: str, **spec: Any) -> Json:
    """Return a valid Deployment; keywords go into its spec."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": template,
            **spec,
        },
    }


def containers(*found: Any) -> Json:
    """Return the configuration of a Deployment d that names its containers alone."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": {"containers": list(found)}}},
    }


def pod(name: str, **spec: Any) -> Json:
    """Return a valid Pod; keywords go into its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i:1"}], **spec},
    }


def owner(name: str = "a", uid: str = "u", **more: Any) -> Json:
    """Return an owner reference to a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, **more}


def names(document: Any) -> list[str]:
    """Return the names in a list, in its order."""
    return [item["metadata"]["name"] for item in document["items"]]


def rejection(details: Any) -> list[tuple[str, str]]:
    """Return the causes as (reason, field)."""
    return [(c.get("reason"), c.get("field")) for c in details.get("causes", ())]


def managed(item: Any) -> dict[str, Any]:
    """Return who owns which fields of an object."""
    return {
        entry["manager"]: entry["fieldsV1"]
        for entry in item["metadata"].get("managedFields", ())
    }
