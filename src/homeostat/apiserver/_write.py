"""The write pipeline: from an object to a commit.

Every write goes the same way: default, keep what clients may not change, track
ownership, let the kind's strategy complete the object, count the generation, validate,
detect that nothing changed, commit.
"""

from dataclasses import dataclass
from typing import Any

from homeostat.apiserver._access import child
from homeostat.apiserver._arrange import arranged, encode_dry
from homeostat.apiserver._builtin_validation import validate_builtin
from homeostat.apiserver._builtin_warnings import builtin_warnings
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._counts import check_counts, check_scale
from homeostat.apiserver._defaults import apply_builtin_defaults
from homeostat.apiserver._defaults_create import (
    prepare_builtin_create,
    prepare_builtin_update,
)
from homeostat.apiserver._inherit import (
    check_preconditions,
    count_generation,
    inherit,
    inherit_end,
    isolate,
)
from homeostat.apiserver._managed import track, unchanged
from homeostat.apiserver._meta import (
    check_metadata,
    check_metadata_update,
    drop_duplicate_owners,
    finalizer_warnings,
)
from homeostat.apiserver._namespaces import admit, name_told
from homeostat.apiserver._options import WriteOptions
from homeostat.apiserver._parts import begin, check_part, is_part, keep_part
from homeostat.apiserver._pod_accounts import admit_debugging, admit_pod
from homeostat.apiserver._pod_priority import admit_priority, check_default_class
from homeostat.apiserver._registry import Served
from homeostat.apiserver._shape import check_target
from homeostat.apiserver._status import already_exists, invalid, server_error
from homeostat.apiserver._store import Entry
from homeostat.schema import FieldError, apply_defaults, drop_nulls, validate

__all__ = [
    "Change",
    "commit_new",
    "commit_update",
    "finished",
    "remove",
]

Value = dict[str, Any]
ManagedFields = list[dict[str, Any]]

# Beyond this a name with its suffix would not be a label any more.
MAX_BASE = 58
NAME_TRIES = 8
# A kubelet registers its node with the status that it has.
_STATUS_AT_BIRTH = frozenset({"nodes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write about to be made.

    Attributes:
        value: The object as the client wants it, in the version of the request.
        options: The request's parameters.
        subresource: "" for the object itself.
        managed: Ownership, when the caller has settled it already.
        patched: The write is a patch, which inherits what it does not name.
    """

    value: Value
    options: WriteOptions
    subresource: str = ""
    managed: ManagedFields | None = None
    patched: bool = False


def commit_new(cluster: Cluster, target: Target, change: Change) -> bytes:
    """Create an object and return its bytes, in the stored version.

    Raises:
        StatusError: It is refused.
    """
    served, options = target.served, change.options
    value = _stored(served, change.value)
    check_target(target, value)
    metadata = value["metadata"]
    admit(cluster, served, metadata)
    _dedupe(target, metadata, patched=change.patched)
    told = name_told(metadata)
    version = metadata.pop("resourceVersion", "")
    strategy = cluster.strategy(served)
    _begin(cluster, served, metadata)
    strategy.admit(served, metadata.get("name", ""))
    _default(served, change, value)
    strategy.default(value, None)
    if served.has_status and served.plural not in _STATUS_AT_BIRTH:
        value.pop("status", None)
    _own(cluster, served, None, value, change)
    if served.generation:
        metadata["generation"] = 1
    _admit(cluster, served, value, told)
    strategy.prepare(cluster, value, None)
    begin(served, value, target.user)
    if not served.custom:
        prepare_builtin_create(served.storage, value, now=cluster.now())
    _judge(cluster, target, change, value, None)
    key = served.key(metadata.get("namespace", ""), metadata["name"])
    if version not in ("", "0") and not options.dry_run:
        text = "resourceVersion should not be set on objects to be created"
        raise server_error(text)
    _refuse_existing(served, key, metadata)
    if options.dry_run:
        if version:
            metadata["resourceVersion"] = version
        return encode_dry(served, value)
    entry = cluster.store.put(served.table, key, arranged(served, value))
    strategy.committed(cluster, entry)
    return _latest(served, entry)


def _dedupe(target: Target, metadata: Value, *, patched: bool) -> None:
    warning = drop_duplicate_owners(metadata, patched=patched)
    if warning:
        target.warnings.append(warning)


def _warn(target: Target, change: Change, new: Value, old: Value | None) -> None:
    served = target.served
    if served.custom:
        before = old["metadata"] if old else None
        texts = finalizer_warnings(new["metadata"], before)
    else:
        part = change.subresource
        texts = builtin_warnings(served.storage, new, old, subresource=part)
    target.warnings.extend(texts)


def _stored(served: Served, value: Value) -> Value:
    """Return a built-in object in the stored version, where it is checked.

    A custom one is defaulted and checked in the version of the request, and turned
    into the stored one when it is committed.
    """
    return value if served.custom else served.packed(value)


def _latest(served: Served, entry: Entry) -> bytes:
    # A hook may have committed a further version, as the CRD's does.
    return served.table.live.get(entry.key, entry).data


def _begin(cluster: Cluster, served: Served, metadata: Value) -> None:
    """Set what only the server sets, and the name when it is to be generated."""
    for key in ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(key, None)
    metadata.pop("generation", None)
    base = metadata.get("generateName")
    if base and not metadata.get("name"):
        namespace = metadata.get("namespace", "")
        for _ in range(NAME_TRIES):
            metadata["name"] = base[:MAX_BASE] + cluster.random.suffix()
            if served.key(namespace, metadata["name"]) not in served.table.live:
                break
    metadata["uid"] = cluster.random.uuid()
    metadata["creationTimestamp"] = cluster.now()


def _refuse_existing(served: Served, key: str, metadata: Value) -> None:
    live = served.table.live.get(key)
    if live is None:
        return
    error = already_exists(served.group, served.plural, metadata["name"])
    if live.value["metadata"].get("deletionTimestamp"):
        error.message = f"object is being deleted: {error.message}"
    elif metadata["name"].startswith(metadata.get("generateName") or "\0"):
        error.message += (
            ", the server was not able to generate a unique name for the object"
        )
    raise error


def commit_update(
    cluster: Cluster, target: Target, live: Entry, change: Change
) -> bytes:
    """Bring an object into its new state and return its bytes.

    Raises:
        StatusError: The write is refused.
    """
    served, options = target.served, change.options
    old = live.value if not served.custom else served.view(live.value)
    value = _stored(served, change.value)
    check_target(target, value)
    check_preconditions(served, live, value["metadata"], patched=change.patched)
    _dedupe(target, value["metadata"], patched=change.patched)
    inherit(value["metadata"], old["metadata"])
    isolate(served, value, old, change.subresource)
    strategy = cluster.strategy(served)
    _default(served, change, value)
    if not change.subresource:
        strategy.default(value, old)
    _own(cluster, served, old, value, change)
    keep_part(served, value, old, change.subresource, cluster.now())
    inherit_end(value["metadata"], old["metadata"])
    if change.subresource != "status":
        if not is_part(served, change.subresource):
            strategy.prepare(cluster, value, old)
        if not served.custom:
            prepare_builtin_update(served.storage, value, old)
        count_generation(served, value, old)
    _judge(cluster, target, change, value, old)
    value["metadata"]["resourceVersion"] = str(live.revision)
    final = arranged(served, value)
    if finished(final):
        if not options.dry_run:
            remove(cluster, served, live)
        return encode_dry(served, value)
    if unchanged(live.value, final):
        return live.data
    if options.dry_run:
        return encode_dry(served, value)
    entry = cluster.store.put(served.table, live.key, final)
    strategy.committed(cluster, entry)
    return _latest(served, entry)


def remove(cluster: Cluster, served: Served, live: Entry) -> None:
    """Commit a deletion."""
    entry = cluster.store.remove(served.table, live.key)
    cluster.strategy(served).removed(cluster, entry)


def finished(value: Value) -> bool:
    """Tell whether nothing holds back an object that is being deleted."""
    metadata = value["metadata"]
    if value["kind"] == "Namespace" and child(value, "spec").get("finalizers"):
        return False
    return bool(
        metadata.get("deletionTimestamp")
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
    )


def _own(
    cluster: Cluster, served: Served, old: Value | None, new: Value, change: Change
) -> None:
    if change.managed is not None:
        new["metadata"].pop("managedFields", None)
        if change.managed:
            new["metadata"]["managedFields"] = change.managed
        return
    track(
        served,
        old,
        new,
        manager=change.options.manager,
        now=cluster.now(),
        subresource=change.subresource,
    )


def _default(served: Served, change: Change, value: Value) -> None:
    if not served.custom:
        apply_builtin_defaults(served.storage, value)
    elif served.schema is not None:
        if change.managed is None:
            # The decoder drops them, and what was applied does not pass through it.
            drop_nulls(value, served.schema)
        apply_defaults(value, served.schema)


def _admit(cluster: Cluster, served: Served, value: Value, name: str) -> None:
    """Give a new object what the plugins of admission give it."""
    admit_pod(cluster, served, value, name)
    admit_priority(cluster, served, value, name)


def _judge(
    cluster: Cluster, target: Target, change: Change, new: Value, old: Value | None
) -> None:
    """Refuse an object, or take it and tell what it is warned of.

    Raises:
        StatusError: It is refused.
    """
    served = target.served
    errors = _check(served, change, new, old) + cluster.strategy(served).check(new, old)
    if errors:
        name = new["metadata"].get("name", "")
        raise invalid(served.storage.group, served.kind, name, errors)
    admit_debugging(cluster, served, new, change.subresource)
    check_default_class(cluster, served, new)
    _warn(target, change, new, old)


def _check(
    served: Served, change: Change, new: Value, old: Value | None
) -> list[FieldError]:
    errors = check_metadata(
        new["metadata"],
        served.group,
        served.plural,
        namespaced=served.namespaced,
        custom=served.custom,
    )
    if old is not None:
        errors += check_metadata_update(new["metadata"], old["metadata"])
    part = check_part(served, new, old, change.subresource)
    if part is not None:
        errors += part
    elif not served.custom:
        errors += validate_builtin(served.storage, new, old, group=served.group)
        if served.group == "apps":
            errors += check_counts(new, old)
    elif served.validation is not None:
        if old is None:
            errors += validate(new, served.validation)
        else:
            errors += validate(new, served.validation, old=old)
    return errors + check_scale(served, new, change.subresource)
