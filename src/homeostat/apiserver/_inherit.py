"""What an update takes over from the object that it replaces, whatever it says itself.

So clients cannot change what is the server's, a status is written by itself, and an
update of another object, or of an older state of it, is refused.
"""

from typing import Any

from homeostat.apiserver._arrange import HEAD
from homeostat.apiserver._kinds import spec_of
from homeostat.apiserver._managed import kept_by_status
from homeostat.apiserver._parts import is_part
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, conflict, invalid, server_error
from homeostat.apiserver._store import Entry
from homeostat.schema import FieldError

__all__ = [
    "check_preconditions",
    "count_generation",
    "inherit",
    "inherit_end",
    "isolate",
]

Value = dict[str, Any]


def check_preconditions(
    served: Served, live: Entry, metadata: Value, *, patched: bool
) -> None:
    """Refuse an update that names another object, or another state of it.

    Args:
        served: The resource.
        live: The object as it is.
        metadata: Of the object as the client wants it.
        patched: The write is a patch, which need not name a version.

    Raises:
        StatusError: 409, 422, or 500 for a version that is no number.
    """
    uid = metadata.get("uid")
    if uid and uid != live.uid and not patched:
        raise conflict(
            served.group,
            served.plural,
            live.name,
            f"StorageError: invalid object, Code: 4, Key: /registry/"
            f"{served.plural}/{live.key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
            f"{live.uid}",
        )
    version = metadata.get("resourceVersion") or ""
    if version and not (version.isascii() and version.isdecimal()):
        raise server_error(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version in ("", "0"):
        if (served.custom or served.needs_version) and not patched:
            raise _version_needed(served, live.name, version)
        return
    if int(version) != live.revision:
        raise conflict(served.group, served.plural, live.name)


def _version_needed(served: Served, name: str, version: str) -> StatusError:
    error = FieldError(
        "FieldValueInvalid",
        "metadata.resourceVersion",
        int(version or 0),
        "must be specified for an update",
    )
    return invalid(served.group, served.plural, name, [error])


def inherit(metadata: Value, old: Value) -> None:
    """Restore what clients cannot change; an own uid was checked before."""
    metadata["uid"] = metadata.get("uid") or old["uid"]
    for key in ("creationTimestamp", "generation", "selfLink"):
        if key in old:
            metadata[key] = old[key]
        else:
            metadata.pop(key, None)


def inherit_end(metadata: Value, old: Value) -> None:
    """Restore what a delete has set.

    Only once ownership is settled: who leaves it out of an update takes it from those
    who own it.
    """
    if not metadata.get("deletionTimestamp") and "deletionTimestamp" in old:
        metadata["deletionTimestamp"] = old["deletionTimestamp"]
    grace = old.get("deletionGracePeriodSeconds")
    if grace is not None:
        metadata["deletionGracePeriodSeconds"] = grace
    else:
        metadata.pop("deletionGracePeriodSeconds", None)


def isolate(served: Served, value: Value, old: Value, subresource: str) -> None:
    """Let a write change the status or the rest, never both."""
    if not served.has_status or is_part(served, subresource):
        return
    if subresource != "status":
        if "status" in old:
            value["status"] = old["status"]
        else:
            value.pop("status", None)
        return
    for key in (*value, *old):
        if key in ("status", "metadata"):
            continue
        if key in old:
            value[key] = old[key]
        else:
            value.pop(key, None)
    metadata, before = value["metadata"], old["metadata"]
    for key in kept_by_status(served):
        if key in before:
            metadata[key] = before[key]
        else:
            metadata.pop(key, None)


def count_generation(served: Served, new: Value, old: Value) -> None:
    """Start a new generation when what is desired has changed."""
    if not served.generation:
        return
    if served.custom:
        skip = HEAD | {"status"} if served.has_status else HEAD
        before = {key: item for key, item in old.items() if key not in skip}
        after = {key: item for key, item in new.items() if key not in skip}
    else:
        before, after = spec_of(old), spec_of(new)
    if served.kind == "Deployment" and not served.custom:
        # Rollbacks are made through annotations.
        before["annotations"] = old["metadata"].get("annotations")
        after["annotations"] = new["metadata"].get("annotations")
    if served.kind == "EndpointSlice" and not served.custom:
        before["labels"] = old["metadata"].get("labels")
        after["labels"] = new["metadata"].get("labels")
    if before != after:
        generation = old["metadata"].get("generation", 0)
        new["metadata"]["generation"] = generation + 1
