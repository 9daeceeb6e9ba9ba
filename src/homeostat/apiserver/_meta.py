"""Checks of metadata: names, labels, annotations, owners, finalizers.

Source: apimachinery ``pkg/api/validation/objectmeta.go``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.schema import FieldError

__all__ = [
    "check_metadata",
    "check_metadata_update",
    "drop_duplicate_owners",
    "finalizer_warnings",
    "label_1035_errors",
    "label_errors",
    "name_errors",
    "subdomain_errors",
]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z"
)
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
    "or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  "
    "or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character "
    "(e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
    "'123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, "
    "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
    "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

# Finalizers from before they had to be qualified.
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

_LABEL_KINDS = frozenset({("", "namespaces"), ("", "services")})
# Names of RBAC objects and of CSRs may hold anything that fits into a path.
_PATH_GROUPS = frozenset({"rbac.authorization.k8s.io"})

ANNOTATIONS_MAX_BYTES = 256 * 1024


def _invalid(path: str, value: JSON, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, text)


def subdomain_errors(name: str, *, unit: str = "characters") -> list[str]:
    """Return what keeps a text from being a DNS subdomain."""
    errors = [f"must be no more than 253 {unit}"] if len(name) > 253 else []
    return errors if _SUBDOMAIN.match(name) else [*errors, _SUBDOMAIN_TEXT]


def label_errors(name: str) -> list[str]:
    """Return what keeps a text from being a DNS label."""
    errors = ["must be no more than 63 characters"] if len(name) > 63 else []
    if _LABEL.match(name):
        return errors
    dotted = _SUBDOMAIN.match(name) is not None
    return [*errors, "must not contain dots" if dotted else _LABEL_TEXT]


def label_1035_errors(name: str) -> list[str]:
    """Return what keeps a text from being a DNS-1035 label."""
    errors = ["must be no more than 63 characters"] if len(name) > 63 else []
    return errors if _LABEL_1035.match(name) else [*errors, _LABEL_1035_TEXT]


def _path_segment(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{bad}'" for bad in ("/", "%") if bad in name]


def name_errors(group: str, resource: str, name: str) -> list[str]:
    """Return what is wrong with the name of an object; nothing when it is right."""
    if group in _PATH_GROUPS:
        return _path_segment(name)
    if (group, resource) in _LABEL_KINDS:
        return label_errors(name)
    return subdomain_errors(name)


def qualified_name_errors(name: str) -> list[str]:
    """Return what is wrong with the key of a label or an annotation."""
    prefix, slash, rest = name.rpartition("/")
    if "/" in prefix:
        text = _QUALIFIED_TEXT.replace("name part", "a valid label key", 1)
        suffix = " with an optional DNS subdomain prefix and '/' (e.g. "
        return [f"{text}{suffix}'example.com/MyName')"]
    errors: list[str] = []
    if slash:
        if not prefix:
            errors.append("prefix part must be non-empty")
        else:
            faults = subdomain_errors(prefix, unit="bytes")
            errors += [f"prefix part {text}" for text in faults]
    if not rest:
        errors.append("name part must be non-empty")
    elif len(rest) > 63:
        errors.append("name part must be no more than 63 bytes")
    if not _QUALIFIED.match(rest):
        errors.append(_QUALIFIED_TEXT)
    return errors


def _check_labels(labels: Mapping[str, str]) -> list[FieldError]:
    path = "metadata.labels"
    errors: list[FieldError] = []
    for key, value in labels.items():
        if not (_QUALIFIED.match(key) and len(key) <= 63):
            errors += [_invalid(path, key, text) for text in qualified_name_errors(key)]
        if len(value) > 63:
            errors.append(_invalid(path, value, "must be no more than 63 bytes"))
        if not _VALUE.match(value):
            errors.append(_invalid(path, value, _VALUE_TEXT))
    return errors


def _check_annotations(annotations: Mapping[str, str]) -> list[FieldError]:
    path = "metadata.annotations"
    errors: list[FieldError] = []
    size = 0
    for key, value in annotations.items():
        texts = qualified_name_errors(key.lower())
        errors += [_invalid(path, key, text) for text in texts]
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_MAX_BYTES:
        text = f"may not be more than {ANNOTATIONS_MAX_BYTES} bytes"
        errors.append(FieldError("FieldValueTooLong", path, "", text))
    return errors


def _check_owners(owners: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    path = "metadata.ownerReferences"
    errors: list[FieldError] = []
    controller = ""
    for owner in owners:
        version = str(owner.get("apiVersion", "")).rpartition("/")[2]
        if not version:
            text = "version must not be empty"
            value = owner.get("apiVersion", "")
            errors.append(_invalid(f"{path}.apiVersion", value, text))
        errors += [
            _invalid(f"{path}.{key}", "", "must not be empty")
            for key in ("kind", "name", "uid")
            if not owner.get(key)
        ]
        if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
            text = "/v1, Kind=Event is disallowed from being an owner"
            errors.append(_invalid(path, dict(owner), text))
        if owner.get("controller"):
            name = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                text = (
                    "Only one reference can have Controller set to true. Found "
                    f'"true" in references for {controller} and {name}'
                )
                errors.append(_invalid(path, list(owners), text))
            else:
                controller = name
    return errors


def _check_finalizers(finalizers: Sequence[str], *, custom: bool) -> list[FieldError]:
    path = "metadata.finalizers"
    errors: list[FieldError] = []
    for index, name in enumerate(finalizers):
        texts = qualified_name_errors(name)
        errors += [_invalid(path, name, text) for text in texts]
        standard = custom or "/" in name or name in _STANDARD_FINALIZERS
        if not standard:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(_invalid(f"{path}[{index}]", name, text))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(_invalid(path, list(finalizers), text))
    return errors


def finalizer_warnings(
    new: Mapping[str, Any], old: Mapping[str, Any] | None
) -> list[str]:
    """Return what the server says of finalizers that a custom resource gains."""
    before = set(items(old or {}, "finalizers")) | _STANDARD_FINALIZERS
    return [
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name to '
        "avoid accidental conflicts with other finalizer writers"
        for name in sorted(set(items(new, "finalizers")) - before)
        if "/" not in name
    ]


def check_metadata(
    metadata: Mapping[str, Any],
    group: str,
    resource: str,
    *,
    namespaced: bool,
    custom: bool,
) -> list[FieldError]:
    """Check the metadata of an object that is about to be stored."""
    errors: list[FieldError] = []
    name = metadata.get("name", "")
    base = metadata.get("generateName", "")
    if base:
        # The suffix will follow, so that a trailing dash or dot is right.
        masked = base[:-1] + "a" if base[-1] in "-." else base
        texts = name_errors(group, resource, masked)
        errors += [_invalid("metadata.generateName", base, text) for text in texts]
    if name:
        texts = name_errors(group, resource, name)
        errors += [_invalid("metadata.name", name, text) for text in texts]
    else:
        text = "name or generateName is required"
        errors.append(FieldError("FieldValueRequired", "metadata.name", "", text))
    if not namespaced and metadata.get("namespace"):
        text = "not allowed on this type"
        errors.append(FieldError("FieldValueForbidden", "metadata.namespace", "", text))
    errors += _check_labels(child(metadata, "labels"))
    errors += _check_annotations(child(metadata, "annotations"))
    errors += _check_owners(items(metadata, "ownerReferences"))
    errors += _check_finalizers(items(metadata, "finalizers"), custom=custom)
    return errors


_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp")


def check_metadata_update(
    new: Mapping[str, Any], old: Mapping[str, Any]
) -> list[FieldError]:
    """Check the new metadata of an object against the old."""
    errors: list[FieldError] = []
    if old.get("deletionTimestamp"):
        before = set(items(old, "finalizers"))
        added = sorted(set(items(new, "finalizers")) - before)
        if added:
            names = ", ".join(f'"{name}"' for name in added)
            text = (
                "no new finalizers can be added if the object is being deleted, found "
                f"new finalizers []string{{{names}}}"
            )
            path = "metadata.finalizers"
            errors.append(FieldError("FieldValueForbidden", path, "", text))
    for key in _IMMUTABLE:
        value = new.get(key)
        if value != old.get(key):
            errors.append(_invalid(f"metadata.{key}", value, "field is immutable"))
    return errors


def drop_duplicate_owners(metadata: dict[str, Any], *, patched: bool) -> str:
    """Drop owners that are named twice, in place.

    Args:
        metadata: Of the object.
        patched: The write is a patch, which is looked at later.

    Returns:
        The warning that says so, "" when there were none.
    """
    owners: list[dict[str, Any]] = items(metadata, "ownerReferences")
    if len(owners) < 2:
        return ""
    kept: dict[str, dict[str, Any]] = {}
    twice: list[str] = []
    for owner in owners:
        key = json.dumps(owner, sort_keys=True)
        if key in kept:
            twice.append(str(owner.get("uid", "")))
        else:
            kept[key] = owner
    if not twice:
        return ""
    metadata["ownerReferences"] = list(kept.values())
    names = ", ".join(dict.fromkeys(twice))
    when = " after mutating admission happens" if patched else ""
    return (
        f".metadata.ownerReferences contains duplicate entries{when}; API server "
        "dedups owner references in 1.20+, and may reject such requests as early as "
        f"1.24; please fix your requests; duplicate UID(s) observed: {names}"
    )
