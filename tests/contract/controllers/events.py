"""What controllers told of an object."""

from tests.contract.controllers.workload import EVENT
from tests.harness.clusters import AnyCluster

__all__ = ["events_of", "wait_for_events"]


def events_of(cluster: AnyCluster, name: str, *, component: str = "") -> set[str]:
    """Return what was told of what has a name, each text once.

    Args:
        cluster: Where it is.
        name: Of the object, whatever its kind.
        component: Who told it, "" for all.
    """
    found = cluster.call(lambda client: client.list(EVENT))
    return {
        f"{e['type']} {e['reason']}: {e['message']}"
        for e in found
        if e["involvedObject"]["name"] == name
        and component in {"", e["source"]["component"]}
    }


def wait_for_events(cluster: AnyCluster, name: str, *expected: str) -> None:
    """Wait until this was told of what has a name, and nothing else."""

    def check() -> None:
        assert events_of(cluster, name) == set(expected)

    cluster.eventually(check)
