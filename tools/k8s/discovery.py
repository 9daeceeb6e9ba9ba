"""Keep the discovery documents of the real server, with custom resources installed.

python -m tools.k8s.discovery
"""

import json
import time
from pathlib import Path

from homeostat.api import JSON
from tools.k8s.realserver import RealServer, real_server

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "unit" / "apiserver"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_GROUPS = ("aaa.io", "example.com")


def definitions() -> list[JSON]:
    """Return custom resources in several groups, versions and scopes."""
    scale = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
    return [
        _definition(
            "example.com",
            {"plural": "things", "kind": "Thing", "shortNames": ["th"]},
            ("v1alpha1", "v1", "v1beta1"),
            subresources={"status": {}, "scale": scale},
        ),
        _definition("example.com", {"plural": "gadgets", "kind": "Gadget"}, ("v2",)),
        _definition("aaa.io", {"plural": "as", "kind": "A"}, ("v1",), scope="Cluster"),
    ]


def _definition(
    group: str,
    names: JSON,
    versions: tuple[str, ...],
    *,
    scope: str = "Namespaced",
    subresources: JSON = None,
) -> JSON:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": names,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "subresources": subresources or {},
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
                for version in versions
            ],
        },
    }


def _settled(server: RealServer) -> None:
    """Wait until discovery shows every group; it is built in the background."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        document = server.get("/apis", accept=_AGGREGATED)
        found = {item["metadata"]["name"]: item for item in document["items"]}
        counts = [len(found.get(group, {}).get("versions", ())) for group in _GROUPS]
        if counts == [1, 4]:
            time.sleep(1)
            return
        time.sleep(0.2)
    raise RuntimeError("discovery did not settle")


def main() -> None:
    with real_server() as server:
        for definition in definitions():
            server.request("POST", _DEFINITIONS, definition)
        _settled(server)
        documents: dict[str, JSON] = {"definitions": definitions()}
        for path in ("/api", "/apis"):
            documents[f"{path} aggregated"] = server.get(path, accept=_AGGREGATED)
            documents[path] = server.get(path)
        documents["/api/v1"] = server.get("/api/v1")
        for group in documents["/apis"]["groups"]:
            documents[f"/apis/{group['name']}"] = server.get(f"/apis/{group['name']}")
            for version in group["versions"]:
                path = f"/apis/{version['groupVersion']}"
                documents[path] = server.get(path)
    # What differs from run to run.
    documents["/api"]["serverAddressByClientCIDRs"][0]["serverAddress"] = "ADDRESS"
    text = json.dumps(documents, separators=(",", ":"))
    (FOLDER / "discovery.json").write_text(text + "\n")
    print(f"{len(documents)} documents, {len(text)} bytes")


if __name__ == "__main__":
    main()
