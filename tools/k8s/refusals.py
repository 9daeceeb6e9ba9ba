"""Send the wrong objects of refused.yaml to the real server and keep its errors.

python -m tools.k8s.refusals
"""

import json
from pathlib import Path

import yaml

from homeostat.api import JSON
from homeostat.schema import merge_patch
from tools.k8s.goldens import path_of
from tools.k8s.realserver import RealServer, Reply, real_server

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "unit" / "apiserver"


def _updated(server: RealServer, path: str, given: JSON, patch: JSON) -> JSON:
    """Create an object, try to update it, and take it away again."""
    created = server.request("POST", path, given)
    if created.code != 201:
        raise RuntimeError(f"{given['kind']}: {created.json()['message']}")
    old = created.json()
    name = f"{path}/{old['metadata']['name']}"
    new = merge_patch(old, patch)
    reply = server.request("PUT", name, new)
    options = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
    server.request("PATCH", name, {"metadata": {"finalizers": None}}, headers=_MERGE)
    server.request("DELETE", name, options)
    answer = json.loads(
        json.dumps(_answer(reply)).replace(old["metadata"]["uid"], "UID")
    )
    return {"old": _still(old), "new": _still(new), **answer}


_MERGE = {"Content-Type": "application/merge-patch+json"}


def _still(value: JSON) -> JSON:
    """Return an object without what differs from run to run."""
    copied = json.loads(json.dumps(value))
    copied["metadata"] |= {"uid": "UID", "creationTimestamp": "2024-01-01T00:00:00Z"}
    for name in ("managedFields", "resourceVersion"):
        copied["metadata"].pop(name, None)
    text = json.dumps(copied)
    return json.loads(text.replace(value["metadata"]["uid"], "UID"))


def _answer(reply: Reply) -> JSON:
    answer = reply.json()
    causes = answer.get("details", {}).get("causes", [])
    return {"code": reply.code, "causes": causes, "message": answer.get("message", "")}


def main() -> None:
    given = yaml.safe_load((FOLDER / "refused.yaml").read_text())
    cases: list[JSON] = []
    with real_server() as server:
        for case in given["cases"]:
            base = given["bases"][case["base"]]
            wanted = merge_patch(base, case.get("create", {}))
            path = path_of(wanted)
            named = {"name": f"{case['base']}: {case['name']}"}
            if "update" in case:
                found = _updated(server, path, wanted, case["update"])
            else:
                reply = server.request("POST", f"{path}?dryRun=All", wanted)
                found = {"new": wanted, **_answer(reply)}
            if found["code"] < 400:
                print(f"accepted: {named['name']}")
            cases.append(named | found)
    (FOLDER / "refused.json").write_text(json.dumps(cases, indent=1) + "\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
