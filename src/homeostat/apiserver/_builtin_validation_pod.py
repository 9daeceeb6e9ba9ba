"""Validation of pods and of their templates.

Source: kubernetes ``pkg/apis/core/validation/validation.go``.
"""

from typing import Final

from homeostat.api import JSON
from homeostat.apiserver._builtin_validation_common import (
    Errors,
    Value,
    annotations,
    label_text,
    labels,
    one_of,
    subdomain,
)
from homeostat.apiserver._builtin_validation_container import containers
from homeostat.apiserver._defaults_access import child, children
from homeostat.schema import FieldError, duplicate, forbidden, invalid, required

__all__ = ["pod", "pod_spec", "pod_template"]

_RESTART: Final = ("Always", "OnFailure", "Never")
_DNS: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_MAX_INT32: Final = 2**31 - 1
# In the order in which the real server looks.
_SOURCES: Final = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
# The name that each source must carry.
_SOURCE_NAMES: Final = {
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}
_CHANGEABLE: Final = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
    "was previously negative)"
)


def pod(new: Value, old: Value | None) -> Errors:
    """Validate a pod."""
    spec = child(new, "spec")
    errors = pod_spec(spec, "spec")
    if old is not None:
        errors += _changes(spec, child(old, "spec"))
        return errors
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        text = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden("spec.nodeName", text))
    return errors


def pod_template(template: Value, path: str) -> Errors:
    """Validate the template of a workload."""
    metadata = child(template, "metadata")
    return [
        *labels(child(metadata, "labels"), f"{path}.labels"),
        *annotations(child(metadata, "annotations"), f"{path}.annotations"),
        *pod_spec(child(template, "spec"), f"{path}.spec"),
    ]


def pod_spec(spec: Value, path: str) -> Errors:
    """Validate what a pod shall be."""
    volumes = children(spec, "volumes")
    errors = _volumes(volumes, f"{path}.volumes")
    # What is wrong with a volume is told again by those who mount it.
    broken = {error.field.partition("]")[0] for error in errors}
    sound = {
        volume.get("name")
        for index, volume in enumerate(volumes)
        if f"{path}.volumes[{index}" not in broken
    }
    errors += containers(spec, path, sound)
    errors += one_of(spec.get("restartPolicy"), f"{path}.restartPolicy", _RESTART)
    errors += one_of(spec.get("dnsPolicy"), f"{path}.dnsPolicy", _DNS)
    errors += labels(child(spec, "nodeSelector"), f"{path}.nodeSelector")
    for name in ("serviceAccountName", "nodeName", "priorityClassName"):
        if spec.get(name):
            errors += subdomain(spec[name], f"{path}.{name}")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        text = f"must be between 1 and {_MAX_INT32}, inclusive"
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, text))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            errors += label_text(spec[name], f"{path}.{name}")
    for index, each in enumerate(children(spec, "tolerations")):
        errors += _toleration(each, f"{path}.tolerations[{index}]")
    return errors


def _volumes(volumes: list[Value], path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        name = volume.get("name", "")
        if not name:
            errors.append(required(f"{here}.name"))
        elif name in names:
            errors.append(duplicate(f"{here}.name", name))
        else:
            errors += label_text(name, f"{here}.name")
        names.add(name)
        given = [key for key, value in volume.items() if isinstance(value, dict)]
        sources = [key for key in _SOURCES if key in given]
        for source in sources[1:]:
            text = "may not specify more than 1 volume type"
            errors.append(forbidden(f"{here}.{source}", text))
        for source in sources[:1]:
            wanted = _SOURCE_NAMES.get(source)
            if wanted and not volume[source].get(wanted):
                errors.append(required(f"{here}.{source}.{wanted}"))
    return errors


def _toleration(given: Value, path: str) -> Errors:
    errors: Errors = []
    key, operator = given.get("key", ""), given.get("operator", "")
    effect = given.get("effect", "")
    if key:
        errors += labels({key: ""}, f"{path}.key")
    elif operator != "Exists":
        text = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        errors.append(invalid(f"{path}.operator", operator, text))
    if "tolerationSeconds" in given and effect != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(invalid(f"{path}.effect", effect, text))
    if operator == "Exists":
        if given.get("value"):
            text = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid(f"{path}.operator", given["value"], text))
    else:
        errors += one_of(operator or "Equal", f"{path}.operator", ("Equal", "Exists"))
    if effect:
        errors += one_of(effect, f"{path}.effect", _EFFECTS)
    return errors


def _changes(new: Value, old: Value) -> Errors:
    """Check what may not change; the real server adds a diff of its own structs."""
    for name in ("containers", "initContainers"):
        if len(children(new, name)) != len(children(old, name)):
            text = "pod updates may not add or remove containers"
            return [forbidden(f"spec.{name}", text)]
    errors = _deadline(new, old)
    before, after = children(old, "tolerations"), children(new, "tolerations")
    errors += _only_added(before, after)
    if _frozen(new) != _frozen(old):
        text = f"pod updates may not change fields other than {_CHANGEABLE}"
        errors.append(forbidden("spec", text))
    return errors


def _deadline(new: Value, old: Value) -> Errors:
    path = "spec.activeDeadlineSeconds"
    after, before = new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    if before is not None and after is None:
        text = "must not update from a positive integer to nil value"
        return [invalid(path, None, text)]
    if before is not None and after is not None and after > before:
        text = "must be less than or equal to previous value"
        return [invalid(path, after, text)]
    return []


def _only_added(before: list[Value], after: list[Value]) -> Errors:
    kept = [{**each, "tolerationSeconds": None} for each in after]
    if all({**each, "tolerationSeconds": None} in kept for each in before):
        return []
    text = "existing toleration can not be modified except its tolerationSeconds"
    return [FieldError("FieldValueForbidden", "spec.tolerations", "", text)]


def _frozen(spec: Value) -> JSON:
    """Return a spec without what may change."""
    kept = {
        name: value
        for name, value in spec.items()
        if name not in ("activeDeadlineSeconds", "tolerations", "schedulingGates")
    }
    for name in ("containers", "initContainers"):
        kept[name] = [{**each, "image": ""} for each in children(spec, name)]
    return kept
