"""How volumes, claims and the drivers behind them are shown.

Source: kubernetes ``pkg/printers/internalversion/printers.go``.
"""

from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import (
    AGE,
    NAME,
    Column,
    Printer,
    integers,
    texts,
    wide,
)
from homeostat.apiserver._print_text import UNSET, Ages, name_of, some

__all__ = ["PRINTERS"]

Value = dict[str, Any]

_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _modes(value: Value) -> str:
    given = items(value, "accessModes")
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _phase(value: Value) -> str:
    if value["metadata"].get("deletionTimestamp"):
        return "Terminating"
    phase: str = child(value, "status").get("phase", "")
    return phase


def _class(value: Value) -> str:
    old = child(value["metadata"], "annotations").get(_OLD_CLASS)
    name: str = child(value, "spec").get("storageClassName") or ""
    return name if old is None else str(old)


def _size(quantities: Value) -> str:
    return str(quantities.get("storage", 0))


def _volume(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    claim = spec.get("claimRef")
    owner = f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""
    return [
        name_of(value),
        _size(child(spec, "capacity")),
        _modes(spec),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(value),
        owner,
        _class(value),
        spec.get("volumeAttributesClassName", UNSET),
        child(value, "status").get("reason", ""),
        ages.of(value),
        spec.get("volumeMode", UNSET),
    ]


def _claim(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    volume = spec.get("volumeName", "")
    return [
        name_of(value),
        _phase(value),
        volume,
        _size(child(status, "capacity")) if volume else "",
        _modes(status) if volume else "",
        _class(value),
        spec.get("volumeAttributesClassName", UNSET),
        ages.of(value),
        spec.get("volumeMode", UNSET),
    ]


def _storage_class(value: Value, ages: Ages) -> list[JSON]:
    annotations = child(value["metadata"], "annotations")
    default = any(annotations.get(name) == "true" for name in _DEFAULT_CLASS)
    return [
        name_of(value) + (" (default)" if default else ""),
        value.get("provisioner", ""),
        value.get("reclaimPolicy", "Delete"),
        value.get("volumeBindingMode", "Immediate"),
        bool(value.get("allowVolumeExpansion")),
        ages.of(value),
    ]


def _attributes_class(value: Value, ages: Ages) -> list[JSON]:
    return [name_of(value), value.get("driverName", ""), ages.of(value)]


def _attachment(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    return [
        name_of(value),
        spec.get("attacher", ""),
        child(spec, "source").get("persistentVolumeName", ""),
        spec.get("nodeName", ""),
        bool(child(value, "status").get("attached")),
        ages.of(value),
    ]


def _node(value: Value, ages: Ages) -> list[JSON]:
    drivers = items(child(value, "spec"), "drivers")
    return [name_of(value), len(drivers), ages.of(value)]


def _driver(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    requests = spec.get("tokenRequests")
    audiences = ",".join(each.get("audience", "") for each in requests or ())
    return [
        name_of(value),
        spec.get("attachRequired", True),
        spec.get("podInfoOnMount", False),
        spec.get("storageCapacity", False),
        UNSET if requests is None else audiences,
        spec.get("requiresRepublish", False),
        some(",".join(items(spec, "volumeLifecycleModes"))),
        ages.of(value),
    ]


def _booleans(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "boolean") for name in names)


PRINTERS = {
    ("", "persistentvolumes"): Printer(
        (
            NAME,
            *texts("Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim"),
            *texts("StorageClass", "VolumeAttributesClass", "Reason"),
            AGE,
            *wide("VolumeMode"),
        ),
        _volume,
    ),
    ("", "persistentvolumeclaims"): Printer(
        (
            NAME,
            *texts("Status", "Volume", "Capacity", "Access Modes"),
            *texts("StorageClass", "VolumeAttributesClass"),
            AGE,
            *wide("VolumeMode"),
        ),
        _claim,
    ),
    ("storage.k8s.io", "storageclasses"): Printer(
        (
            NAME,
            *texts("Provisioner", "ReclaimPolicy", "VolumeBindingMode"),
            *texts("AllowVolumeExpansion"),
            AGE,
        ),
        _storage_class,
    ),
    ("storage.k8s.io", "volumeattributesclasses"): Printer(
        (NAME, *texts("DriverName"), AGE), _attributes_class
    ),
    ("storage.k8s.io", "volumeattachments"): Printer(
        (
            NAME,
            Column("Attacher", format="name"),
            *texts("PV", "Node"),
            *_booleans("Attached"),
            AGE,
        ),
        _attachment,
    ),
    ("storage.k8s.io", "csinodes"): Printer((NAME, *integers("Drivers"), AGE), _node),
    ("storage.k8s.io", "csidrivers"): Printer(
        (
            NAME,
            *_booleans("AttachRequired", "PodInfoOnMount", "StorageCapacity"),
            *texts("TokenRequests"),
            *_booleans("RequiresRepublish"),
            *texts("Modes"),
            AGE,
        ),
        _driver,
    ),
}
