"""Deletes: preconditions, grace, finalizers, and what is left to answer.

Source: apiserver ``pkg/registry/rest/delete.go``, ``generic/registry/store.go``.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeostat._transport import HttpResponse
from homeostat.api import GroupVersionKind
from homeostat.apiserver._access import child, items
from homeostat.apiserver._arrange import arranged, encode_dry
from homeostat.apiserver._context import Cluster, Target, timestamp
from homeostat.apiserver._decode import (
    JSON_TYPE,
    MEDIA_TYPES,
    check_size,
    decode_typed,
)
from homeostat.apiserver._list import read_page
from homeostat.apiserver._negotiate import form_of, media_type
from homeostat.apiserver._nesting import MalformedError
from homeostat.apiserver._options import DeleteOptions, ListOptions, delete_options
from homeostat.apiserver._registry import Served
from homeostat.apiserver._render import list_body, object_bytes, respond
from homeostat.apiserver._status import (
    bad_request,
    conflict,
    json_bytes,
    unsupported_media,
)
from homeostat.apiserver._store import Entry
from homeostat.apiserver._write import finished, remove

__all__ = [
    "check_preconditions",
    "delete_collection",
    "delete_entry",
    "delete_object",
]

Value = dict[str, Any]

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
DEFAULT_GRACE = 30  # seconds, of a Pod that sets none
# They leave their pods behind, if nobody says otherwise: so it once was for all kinds.
_ORPHANING = frozenset({("", "replicationcontrollers"), ("batch", "jobs")})
_ORPHANED_PODS = (
    "child pods are preserved by default when jobs are deleted; set "
    "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to "
    "suppress this warning"
)
_OPTIONS = GroupVersionKind("meta.k8s.io", "v1", "DeleteOptions")
_TERMINATED = frozenset({"Succeeded", "Failed"})


def _read_options(target: Target) -> DeleteOptions:
    """Decode the DeleteOptions of a request.

    Raises:
        StatusError: 400, 413, 415 or 422.
    """
    request = target.request
    check_size(request.body)
    if not request.body:
        return delete_options(request, None)
    content_type = request.headers.get("content-type", "") or JSON_TYPE
    media = media_type(content_type).name
    if media not in MEDIA_TYPES:
        raise unsupported_media(MEDIA_TYPES)
    try:
        body = decode_typed(_OPTIONS, request.body, media)
    except MalformedError as error:
        raise bad_request(str(error)) from None
    kind = body.get("kind", "DeleteOptions")
    if kind != "DeleteOptions":
        version = body.get("apiVersion") or "meta.k8s.io/v1"
        raise bad_request(
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"pkg/runtime/scheme.go:111"'
        )
    return delete_options(request, body)


def _warn(target: Target, options: DeleteOptions) -> None:
    served = target.served
    silent = options.propagation is None and options.orphan is None
    if silent and (served.group, served.plural) == ("batch", "jobs"):
        target.warnings.append(_ORPHANED_PODS)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a delete does to an object: its next state, or its removal."""

    value: Value
    gone: bool


def delete_object(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a delete of one object."""
    served = target.served
    form = form_of(cluster.clock, target.request)
    options = _read_options(target)
    _warn(target, options)
    live = target.existing()
    gone, data = delete_entry(cluster, served, live, options)
    if gone and not served.returns_deleted:
        return respond(_success(served, live), warnings=target.warnings)
    body = object_bytes(served, data, form) + b"\n"
    return respond(body, warnings=target.warnings)


def _success(served: Served, live: Entry) -> bytes:
    details = {"name": live.name, "kind": served.plural, "uid": live.uid}
    if served.group:
        details = {
            "name": live.name,
            "group": served.group,
            "kind": served.plural,
            "uid": live.uid,
        }
    return json_bytes(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
    )


def delete_collection(
    cluster: Cluster, target: Target, listing: ListOptions
) -> HttpResponse:
    """Answer a delete of everything that is selected; not atomic."""
    served = target.served
    options = _read_options(target)
    _warn(target, options)
    if listing.version not in ("", "0") and not listing.match:
        # The real server reads pages, and of pages a version is meant exactly.
        listing = replace(listing, match="Exact")
    entries, metadata = read_page(cluster, target, listing)
    for entry in entries:
        live = served.table.live.get(entry.key)
        if live is not None:
            delete_entry(cluster, served, live, options)
    form = form_of(cluster.clock, target.request)
    body = list_body(served, entries, metadata, form)
    return respond(body, warnings=target.warnings)


def delete_entry(
    cluster: Cluster, served: Served, live: Entry, options: DeleteOptions
) -> tuple[bool, bytes]:
    """Delete an object as far as it can be.

    Returns:
        Whether it is gone, and its last bytes.
    """
    check_preconditions(served, live, options)
    value = live.value
    cluster.strategy(served).deleting(cluster, live, value)
    plan = _plan(served, value, options, cluster.clock.now())
    if options.dry_run:
        return plan.gone, encode_dry(served, plan.value)
    if plan.gone:
        if (served.group, served.plural) == ("", "pods") and plan.value != live.value:
            # Their end is announced before it comes, also when it comes at once.
            cluster.store.put(served.table, live.key, arranged(served, plan.value))
        remove(cluster, served, live)
        plan.value["metadata"]["resourceVersion"] = str(cluster.store.revision)
        return True, encode_dry(served, plan.value)
    if plan.value == live.value:
        return False, live.data
    entry = cluster.store.put(served.table, live.key, arranged(served, plan.value))
    cluster.strategy(served).committed(cluster, entry)
    return False, entry.data


def check_preconditions(served: Served, live: Entry, options: DeleteOptions) -> None:
    """Refuse to delete another object than is meant.

    Raises:
        StatusError: 409.
    """
    if options.uid is not None and options.uid != live.uid:
        raise conflict(
            served.group,
            served.kind,
            live.name,
            f"the UID in the precondition ({options.uid}) does not match the UID in "
            f"record ({live.uid}). The object might have been deleted and then "
            "recreated",
        )
    if options.version is not None and options.version != str(live.revision):
        raise conflict(
            served.group,
            served.kind,
            live.name,
            f"the ResourceVersion in the precondition ({options.version}) does not "
            f"match the ResourceVersion in record ({live.revision}). The object might "
            "have been modified",
        )


def _plan(served: Served, value: Value, options: DeleteOptions, now: datetime) -> _Plan:
    metadata = value["metadata"]
    if metadata.get("deletionTimestamp") and metadata.get("deletionGracePeriodSeconds"):
        if not _shorten(metadata, options.grace):
            return _Plan(value, gone=False)
    elif (served.group, served.plural) == ("", "pods"):
        _mark(metadata, now, _pod_grace(value, options.grace))
    _set_finalizers(served, metadata, options)
    if (served.group, served.plural) == ("", "namespaces"):
        # The first delete only announces the end: the contents go before.
        first = not metadata.get("deletionTimestamp")
        metadata.setdefault("deletionTimestamp", timestamp(now))
        return _Plan(value, gone=not first and finished(value))
    if metadata.get("finalizers"):
        _mark(metadata, now, 0)
    gone = not metadata.get("deletionTimestamp") or finished(value)
    return _Plan(value, gone=gone)


def _shorten(metadata: Value, grace: int | None) -> bool:
    """Shorten the pending grace of an object, if that is what is asked for."""
    pending = metadata["deletionGracePeriodSeconds"]
    if grace is None or grace >= pending:
        return False
    grace = max(grace, 0)
    end = datetime.fromisoformat(metadata["deletionTimestamp"])
    sooner = end - timedelta(seconds=pending - grace)
    metadata["deletionTimestamp"] = timestamp(sooner)
    metadata["deletionGracePeriodSeconds"] = grace
    return True


def _pod_grace(pod: Value, asked: int | None) -> int:
    spec, status = child(pod, "spec"), child(pod, "status")
    if not spec.get("nodeName") or status.get("phase") in _TERMINATED:
        return 0
    grace = spec.get("terminationGracePeriodSeconds") if asked is None else asked
    if grace is None:
        grace = DEFAULT_GRACE
    return grace if grace >= 0 else 1


def _mark(metadata: Value, now: datetime, grace: int) -> None:
    """Set the deletion's time and grace, and count the generation, the first time."""
    if metadata.get("deletionTimestamp"):
        return
    # Beyond the year 9999 there is no timestamp: no grace is that long.
    end = now + timedelta(seconds=min(grace, 10**9))
    metadata["deletionTimestamp"] = timestamp(end)
    metadata["deletionGracePeriodSeconds"] = grace
    if metadata.get("generation"):
        metadata["generation"] += 1


def _set_finalizers(served: Served, metadata: Value, options: DeleteOptions) -> None:
    """Add or strip the garbage collector's finalizers as the policy says."""
    policy = options.propagation
    if policy is None and options.orphan is not None:
        policy = "Orphan" if options.orphan else "Background"
    present = items(metadata, "finalizers")
    finalizers = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    if policy is None:
        orphaning = (served.group, served.plural) in _ORPHANING
        if len(finalizers) < len(present) or not orphaning:
            return
        policy = "Orphan"
    if policy == "Orphan":
        finalizers.append(ORPHAN)
    elif policy == "Foreground":
        finalizers.append(FOREGROUND)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
