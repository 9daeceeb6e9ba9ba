"""What may be changed of a running pod through subresources of its own.

``ephemeralcontainers`` adds containers for debugging, ``resize`` changes what the
containers ask for; each keeps all else as it is.

Source: kubernetes ``pkg/registry/core/pod/strategy.go`` and
``pkg/apis/core/validation/validation.go``.
"""

from typing import Any, Final

from homeostat.apiserver._builtin_validation_container import container_errors
from homeostat.apiserver._builtin_validation_pod import pod_spec
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._defaults_create import pod_qos_class
from homeostat.schema import FieldError, duplicate, forbidden, invalid

__all__ = ["DEBUG", "POD_CHANGES", "check_pod_change", "keep_pod"]

Value = dict[str, Any]

DEBUG: Final = "ephemeralcontainers"
_GROUPS: Final = ("containers", "initContainers")
POD_CHANGES: Final = frozenset({DEBUG, "resize"})
"""The subresources."""

_SCALABLE: Final = ("cpu", "memory")
# Debugging must not become a service that others rely on.
_NOT_FOR_DEBUG: Final = (
    "ports",
    "resources",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_FOR_DEBUG_ONLY: Final = "cannot be set for an Ephemeral Container"


def keep_pod(new: Value, old: Value, subresource: str) -> None:
    """Take from a pod what its subresource does not change, in place."""
    given, spec = child(new, "spec"), {**child(old, "spec")}
    if subresource == DEBUG:
        spec.pop("ephemeralContainers", None)
        debug = children(given, "ephemeralContainers")
        if debug:
            spec["ephemeralContainers"] = debug
    elif _sizes(given) == _sizes(spec):
        for group in _GROUPS:
            if group in spec:
                pairs = zip(spec[group], given[group], strict=True)
                spec[group] = [_resized(before, after) for before, after in pairs]
    else:
        return  # what is added or removed is told
    new["spec"] = spec
    metadata, before = new["metadata"], old["metadata"]
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        metadata.pop(name, None)
        if name in before:
            metadata[name] = before[name]


def _sizes(spec: Value) -> list[int]:
    return [len(children(spec, group)) for group in _GROUPS]


def _resized(before: Value, after: Value) -> Value:
    if before.get("name") != after.get("name"):
        return after
    kept = {**before}
    for name in ("resources", "resizePolicy"):
        kept.pop(name, None)
        if name in after:
            kept[name] = after[name]
    return kept


def check_pod_change(new: Value, old: Value, subresource: str) -> list[FieldError]:
    """Return what is wrong with a pod that its subresource has changed."""
    spec, before = child(new, "spec"), child(old, "spec")
    errors = pod_spec(spec, "spec")
    if subresource == DEBUG:
        return errors + _debug_errors(spec) + _debug_changes(spec, before)
    if child(before, "os").get("name") == "windows":
        return [forbidden("[]", "windows pods cannot be resized")]
    if pod_qos_class(spec) != pod_qos_class(before):
        text = "Pod QOS Class may not change as a result of resizing"
        errors.append(invalid("spec", pod_qos_class(before), text))
    moved = _moved(spec, before)
    if moved:
        return errors + moved
    return errors + _resize_errors(spec, before)


def _debug_errors(spec: Value) -> list[FieldError]:
    errors: list[FieldError] = []
    volumes = {volume.get("name") for volume in children(spec, "volumes")}
    others = {each.get("name") for group in _GROUPS for each in children(spec, group)}
    names = set(others)
    for index, container in enumerate(children(spec, "ephemeralContainers")):
        path = f"spec.ephemeralContainers[{index}]"
        name, target = container.get("name"), container.get("targetContainerName")
        checked = {k: v for k, v in container.items() if k not in _NOT_FOR_DEBUG}
        errors += container_errors(checked, path, volumes)
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
        if target and target not in others:
            where = f"{path}.targetContainerName"
            errors.append(FieldError("FieldValueNotFound", where, target))
        errors += [
            forbidden(f"{path}.{field}", _FOR_DEBUG_ONLY)
            for field in _NOT_FOR_DEBUG
            if container.get(field)
        ]
        for place, mount in enumerate(children(container, "volumeMounts")):
            errors += [
                forbidden(f"{path}.volumeMounts[{place}].{field}", _FOR_DEBUG_ONLY)
                for field in ("subPath", "subPathExpr")
                if mount.get(field)
            ]
    return errors


def _debug_changes(spec: Value, before: Value) -> list[FieldError]:
    """Tell what may not change; the real server adds a diff of its own structs."""
    found = {each.get("name"): each for each in children(spec, "ephemeralContainers")}
    errors: list[FieldError] = []
    for container in children(before, "ephemeralContainers"):
        name = container["name"]
        if found.get(name) != container:
            what = "changed" if name in found else "removed"
            text = f'existing ephemeral containers "{name}" may not be {what}\n'
            errors.append(forbidden("spec.ephemeralContainers", text))
    return errors


def _moved(spec: Value, before: Value) -> list[FieldError]:
    errors: list[FieldError] = []
    for group in _GROUPS:
        old = [each.get("name") for each in children(before, group)]
        new = [each.get("name") for each in children(spec, group)]
        if len(old) != len(new):
            text = f"{group} may not be added or removed on resize"
            errors.append(forbidden(f"spec.{group}", text))
            continue
        text = f"{group} may not be renamed or reordered on resize"
        errors += [
            forbidden(f"spec.{group}[{index}].name", text)
            for index, (was, now) in enumerate(zip(old, new, strict=True))
            if was != now
        ]
    return errors


def _resize_errors(spec: Value, before: Value) -> list[FieldError]:
    errors: list[FieldError] = []
    others: list[FieldError] = []
    for group in _GROUPS:
        pairs = zip(children(spec, group), children(before, group), strict=True)
        for index, (new, old) in enumerate(pairs):
            path = f"spec.{group}[{index}]"
            was, now = child(old, "resources"), child(new, "resources")
            errors += [
                forbidden(
                    f"{path}.resources.{kind}", f"resource {kind} cannot be removed"
                )
                for kind in ("requests", "limits")
                if child(was, kind).keys() - child(now, kind).keys()
            ]
            if group == "containers" and _fixed(new) != _fixed(old):
                text = "only cpu and memory resources are mutable"
                others.append(forbidden("spec", text))
            elif _fixed(new) != _fixed(old):
                text = (
                    "only cpu and memory resources for init or sidecar containers are "
                    "mutable"
                )
                others.append(forbidden(path, text))
            elif new != old and group != "containers" and not _is_sidecar(new):
                text = "resources for non-sidecar init containers are immutable"
                others.append(forbidden("spec", text))
    return errors + others


def _is_sidecar(container: Value) -> bool:
    return container.get("restartPolicy") == "Always"


def _fixed(container: Value) -> Value:
    """Return a container without what a resize may change."""
    resources = {**child(container, "resources")}
    for kind in ("requests", "limits"):
        amounts = child(resources, kind)
        kept = {name: v for name, v in amounts.items() if name not in _SCALABLE}
        resources.pop(kind, None)
        if kept:
            resources[kind] = kept
    return {**container, "resources": resources}
