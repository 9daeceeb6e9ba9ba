"""When a finalizer is put on, when it runs, and how it comes off. Pure.

Guarantee: if the reconciler ever started for an object, the clean-up has succeeded
before the object disappears. For that the finalizer is on the object before the first
reconcile may write; it is never added to an object that is being deleted; and it comes
off only after its clean-up returned, by a patch that fails when anyone else changed the
list meanwhile.

Source: kube-rs ``runtime/src/finalizer.rs``.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from homeostat.api import JSON

__all__ = ["Step", "add_patch", "next_step", "remove_patch"]

Step: TypeAlias = Literal["add", "reconcile", "clean_up", "wait"]


def next_step(
    *, wanted: Sequence[str], present: Sequence[str], deleting: bool
) -> tuple[Step, str]:
    """Return what to do with an object, and for which finalizer.

    Args:
        wanted: The controller's finalizers, in the order of their declaration.
        present: ``metadata.finalizers`` of the object.
        deleting: Whether it has a deletionTimestamp.

    Returns:
        ``add`` a finalizer first; ``reconcile``; ``clean_up`` one finalizer, the last
        declared first; or ``wait`` for others to let the object go.
    """
    if deleting:
        for name in reversed(wanted):
            if name in present:
                return "clean_up", name
        return "wait", ""
    for name in wanted:
        if name not in present:
            return "add", name
    return "reconcile", ""


def add_patch(name: str, *, present: Sequence[str], uid: str) -> list[JSON]:
    """Return the JSON patch that adds a finalizer, if the list is as it was read.

    A test for null passes when the list is absent: of two controllers that add theirs
    at once, the second fails instead of overwriting the first.
    """
    path = "/metadata/finalizers"
    before = list(present) or None
    add: JSON = (
        {"op": "add", "path": f"{path}/-", "value": name}
        if before
        else {"op": "add", "path": path, "value": [name]}
    )
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": path, "value": before},
        add,
    ]


def remove_patch(name: str, *, present: Sequence[str], uid: str) -> list[JSON]:
    """Return the JSON patch that removes a finalizer, if it is still where it was.

    No resourceVersion is tested: the clean-up is done whatever else has changed.
    """
    path = f"/metadata/finalizers/{list(present).index(name)}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": path, "value": name},
        {"op": "remove", "path": path},
    ]
