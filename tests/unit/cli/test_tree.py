from typing import Any

from rich.console import Console

from homeostat.cli._tree import build_tree, render, state_of


def thing(kind: str, name: str, owner: str = "", **rest: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "uid": f"{kind}-{name}"}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"kind": kind, "metadata": metadata, **rest}


def text_of(root: dict[str, Any], objects: list[dict[str, Any]]) -> list[str]:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(render(build_tree(root, objects)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_children_hang_below_their_owners_in_order_of_name() -> None:
    root = thing("PodSet", "web")
    deployment = thing("Deployment", "web", "PodSet-web")
    pods = [thing("Pod", name, "Deployment-web") for name in ("b", "a")]
    stranger = thing("Pod", "other", "Deployment-other")
    assert text_of(root, [*pods, deployment, stranger, root]) == [
        "PodSet web",
        "└── Deployment web",
        "    ├── Pod a  Pending",
        "    └── Pod b  Pending",
    ]


def test_cycle_of_owners_is_cut() -> None:
    one = thing("A", "one", "B-two")
    two = thing("B", "two", "A-one")
    assert text_of(one, [one, two]) == ["A one", "└── B two"]


def test_state_of_workload_counts_ready_replicas() -> None:
    item = thing(
        "Deployment",
        "web",
        spec={"replicas": 3},
        status={"replicas": 3, "readyReplicas": 2},
    )
    assert state_of(item) == ("waiting", "2/3 ready")
    item["status"]["readyReplicas"] = 3
    assert state_of(item) == ("ready", "3/3 ready")


def test_surplus_pods_are_not_ready() -> None:
    item = thing(
        "ReplicaSet",
        "web",
        spec={"replicas": 1},
        status={"replicas": 3, "readyReplicas": 1},
    )
    assert state_of(item) == ("waiting", "1/1 ready")


def test_state_of_pod_names_its_node() -> None:
    ready = [{"type": "Ready", "status": "True"}]
    item = thing("Pod", "a", spec={"nodeName": "node-1"}, status={"conditions": ready})
    assert state_of(item) == ("ready", "Ready on node-1")


def test_deletion_wins_over_every_other_state() -> None:
    item = thing("Deployment", "web", spec={"replicas": 0}, status={})
    item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert state_of(item) == ("leaving", "deleting")


def test_condition_speaks_for_custom_resources() -> None:
    condition = {"type": "Ready", "status": "False", "message": "1 of 3 pods"}
    item = thing("PodSet", "web", status={"conditions": [condition]})
    assert state_of(item) == ("waiting", "1 of 3 pods")
