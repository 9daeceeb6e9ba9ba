"""How a Deployment and its ReplicaSets are shown, line by line."""

from tests.contract.controllers.workload import Workload

__all__ = [
    "AVAILABLE",
    "HELD",
    "PAUSED",
    "RELEASED",
    "UNAVAILABLE",
    "empty",
    "is_available",
    "is_over",
    "noted",
    "progressed",
    "progressing",
    "rolled_out",
    "running",
    "shows",
]

# Keeps what is deleted; and lets it go.
HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
RELEASED = {"metadata": {"finalizers": None}}

AVAILABLE = (
    "  Available=True MinimumReplicasAvailable: Deployment has minimum availability."
)
UNAVAILABLE = (
    "  Available=False MinimumReplicasUnavailable: "
    "Deployment does not have minimum availability."
)
PAUSED = "  Progressing=Unknown DeploymentPaused: Deployment is paused"


def progressed(tag: str) -> str:
    """Return the line of a rollout that is over."""
    text = f'ReplicaSet "web-<{tag}>" has successfully progressed.'
    return f"  Progressing=True NewReplicaSetAvailable: {text}"


def progressing(tag: str) -> str:
    """Return the line of a rollout that is under way."""
    text = f'ReplicaSet "web-<{tag}>" is progressing.'
    return f"  Progressing=True ReplicaSetUpdated: {text}"


def running(name: str, count: int, notes: str) -> str:
    """Return the line of something whose pods are all there and available."""
    labelled = f" fullyLabeledReplicas={count}" if name != "web" else ""
    updated = f" updatedReplicas={count}" if name == "web" else ""
    return (
        f"{name}: {count} availableReplicas={count}{labelled} readyReplicas={count} "
        f"replicas={count} terminatingReplicas=0{updated} {notes}"
    )


def rolled_out(tag: str, count: int, *, revision: int) -> tuple[str, ...]:
    """Return the lines of a Deployment all of whose pods are new and available."""
    return running("web", count, f"revision={revision}"), AVAILABLE, progressed(tag)


def empty(name: str, notes: str) -> str:
    """Return the line of a ReplicaSet without pods."""
    return f"{name}: 0 replicas=0 terminatingReplicas=0 {notes}"


def shows(web: Workload, *lines: str) -> None:
    """Wait until the picture is this one."""

    def check() -> None:
        assert web.picture() == list(lines)

    web.cluster.eventually(check)


def noted(desired: int, most: int, revision: int) -> str:
    """Return what a Deployment notes on its ReplicaSet."""
    return f"desired-replicas={desired} max-replicas={most} revision={revision}"


def is_available(web: Workload, count: int) -> None:
    """Check how many pods are available."""
    assert web.get()["status"].get("availableReplicas") == count


def is_over(web: Workload, tag: str) -> None:
    """Check that the rollout of one pod is over."""
    assert progressed(tag).strip() in web.conditions()
    assert web.get()["status"]["replicas"] == 1
