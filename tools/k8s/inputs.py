"""What the real server publishes, fetched from it or read from a folder of dumps."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.k8s.realserver import real_server

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True)
class Inputs:
    """The server's own description of itself.

    Attributes:
        version: ``gitVersion``, as ``v1.36.3``.
        groups: The items of the aggregated discovery documents of /api and /apis.
        schemas: Every component schema by its OpenAPI name.
    """

    version: str
    groups: list[dict[str, Any]]
    schemas: dict[str, dict[str, Any]]


def fetch() -> dict[str, Any]:
    """Start the real server and return its documents by path."""
    with real_server() as server:
        documents = {"/version": server.get("/version")}
        for path in ("/api", "/apis"):
            documents[path] = server.get(path, accept=_AGGREGATED)
        index = server.get("/openapi/v3")
        for path, entry in index["paths"].items():
            if path.startswith("api"):
                documents[f"/openapi/v3/{path}"] = server.get(
                    entry["serverRelativeURL"]
                )
        return documents


def read(folder: Path) -> dict[str, Any]:
    """Return documents that ``save`` wrote."""
    documents: dict[str, Any] = json.loads((folder / "documents.json").read_text())
    return documents


def save(documents: dict[str, Any], folder: Path) -> None:
    """Keep documents, so that the next run needs no server."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "documents.json").write_text(json.dumps(documents))


def inputs(documents: dict[str, Any]) -> Inputs:
    """Return the inputs that a set of documents holds."""
    schemas: dict[str, dict[str, Any]] = {}
    for path, document in sorted(documents.items()):
        if path.startswith("/openapi/v3/"):
            for name, schema in (
                document.get("components", {}).get("schemas", {}).items()
            ):
                # Each document names its own group only in the kinds of DeleteOptions
                # and WatchEvent; nothing else differs between two of them.
                schemas.setdefault(name, schema)
    groups = documents["/api"]["items"] + documents["/apis"]["items"]
    return Inputs(documents["/version"]["gitVersion"], groups, schemas)
