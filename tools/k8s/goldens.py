"""Create the objects of defaults.yaml on the real server and keep its answers.

What a fresh server holds of itself is kept, too.

python -m tools.k8s.goldens
"""

import json
from pathlib import Path

import yaml

from homeostat.api import JSON, GroupVersionKind
from homeostat.k8s import resources
from tools.k8s.realserver import RealServer, real_server

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "unit" / "apiserver"
_OWN = ("uid", "resourceVersion", "creationTimestamp", "managedFields")


def path_of(manifest: JSON) -> str:
    """Return the collection that an object is created in."""
    gvk = GroupVersionKind.of(manifest["apiVersion"], manifest["kind"])
    resource = next(r for r in resources() if r.gvk == gvk)
    return resource.path("default" if resource.namespaced else "")


def create(server: RealServer, manifest: JSON) -> JSON:
    """Create one object; what differs from run to run is taken out of the answer."""
    reply = server.request("POST", path_of(manifest), manifest)
    answer = reply.json()
    if reply.code != 201:
        raise RuntimeError(f"{manifest['kind']}: {answer['message']}")
    uid = answer["metadata"]["uid"]
    for name in _OWN:
        answer["metadata"].pop(name, None)
    return json.loads(json.dumps(answer).replace(uid, "UID"))


def samples(server: RealServer) -> list[JSON]:
    """Return what a fresh server holds: a few objects of each kind, untouched."""
    found: list[JSON] = []
    for resource in resources():
        if "list" in resource.verbs:
            listed = server.get(f"{resource.path()}?limit=3")["items"]
            of_kind = {
                "apiVersion": resource.gvk.api_version,
                "kind": resource.gvk.kind,
            }
            found += [of_kind | item for item in listed]
    return found


def main() -> None:
    manifests = list(yaml.safe_load_all((FOLDER / "defaults.yaml").read_text()))
    with real_server() as server:
        objects = samples(server)
        cases = [{"given": m, "stored": create(server, m)} for m in manifests]
    for path, value in (
        (FOLDER / "defaults.json", cases),
        (FOLDER.parent / "k8s" / "objects.json", objects),
    ):
        path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
        print(f"{path.name}: {len(value)} objects")


if __name__ == "__main__":
    main()
