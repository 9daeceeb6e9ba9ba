"""Checks of a CustomResourceDefinition, schemas included.

Source: apiextensions-apiserver ``pkg/apis/apiextensions/validation/validation.go``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct, child, items
from homeostat.apiserver._crd_names import APPROVED
from homeostat.apiserver._meta import label_1035_errors, subdomain_errors
from homeostat.schema import FieldError, check_structural

__all__ = ["check_definition"]

Value = dict[str, Any]

NO_CEL = (
    "CEL rules cannot be run by the embedded API server, and a definition whose rules "
    "are ignored would accept what a cluster refuses: test it on a real one"
)
NO_HOOK = (
    "conversion webhooks are not called by the embedded API server, and objects of "
    "several versions would be served unconverted: test them on a real one"
)


def _invalid(path: str, value: JSON, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, text)


def _required(path: str, text: str = "") -> FieldError:
    return FieldError("FieldValueRequired", path, "", text)


def check_definition(new: Value, old: Value | None) -> list[FieldError]:
    """Return what is wrong with a definition."""
    spec = new["spec"]
    names = child(spec, "names")
    errors: list[FieldError] = []
    name = new["metadata"].get("name", "")
    if name != f"{names.get('plural', '')}.{spec.get('group', '')}":
        text = 'must be spec.names.plural+"."+spec.group'
        errors.append(_invalid("metadata.name", name, text))
    errors += _check_group(spec.get("group", ""))
    errors += _check_scope(spec.get("scope", ""))
    errors += _check_versions(spec)
    errors += _check_names(names)
    errors += _check_conversion(child(spec, "conversion"))
    if spec.get("preserveUnknownFields"):
        path = "spec.preserveUnknownFields"
        text = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
        )
        text += "spec.versions[*].schema instead"
        errors.append(FieldError("FieldValueInvalid", path, value=True, detail=text))
    errors += _check_approval(new, old)
    if old is not None:
        errors += _check_immutable(spec, old["spec"])
        if spec.get("versions") != old["spec"].get("versions"):
            errors += _check_stored(new)
    elif not any(version.get("storage") for version in items(spec, "versions")):
        # The first version that is stored begins the list in the status.
        text = "must have at least one stored version"
        errors.append(_invalid("status.storedVersions", None, text))
    return errors


def _check_conversion(conversion: Value) -> list[FieldError]:
    path, strategy = "spec.conversion", conversion.get("strategy")
    webhook = child(conversion, "webhook")
    errors: list[FieldError] = []
    if strategy == "Webhook":
        errors.append(
            FieldError("FieldValueForbidden", f"{path}.strategy", "", NO_HOOK)
        )
    elif strategy != "None":
        text = 'supported values: "None", "Webhook"'
        kind = "FieldValueNotSupported"
        errors.append(FieldError(kind, f"{path}.strategy", strategy or "", text))
    if strategy == "Webhook":
        return errors
    text = "should not be set when strategy is not set to Webhook"
    # The real server names the fields of its internal type.
    names = {
        "clientConfig": "webhookClientConfig",
        "conversionReviewVersions": "conversionReviewVersions",
    }
    errors += [
        FieldError("FieldValueForbidden", f"{path}.{told}", "", text)
        for name, told in names.items()
        if webhook.get(name)
    ]
    return errors


def _check_stored(new: Value) -> list[FieldError]:
    """Check that no version goes in which objects may still be stored."""
    names = {version.get("name") for version in items(new["spec"], "versions")}
    return [
        _invalid(
            f"status.storedVersions[{index}]",
            name,
            f"missing from spec.versions; {name} was previously a storage version, and "
            "must remain in spec.versions until a storage migration ensures no data "
            f"remains persisted in {name} and removes {name} from "
            "status.storedVersions",
        )
        for index, name in enumerate(items(child(new, "status"), "storedVersions"))
        if name not in names
    ]


def _check_group(group: str) -> list[FieldError]:
    if not group:
        return [_required("spec.group")]
    texts = subdomain_errors(group)
    if texts:
        return [_invalid("spec.group", group, ",".join(texts))]
    if "." not in group:
        text = "should be a domain with at least one dot"
        return [_invalid("spec.group", group, text)]
    return []


def _check_scope(scope: str) -> list[FieldError]:
    if not scope:
        return [_required("spec.scope")]
    if scope not in ("Cluster", "Namespaced"):
        text = 'supported values: "Cluster", "Namespaced"'
        return [FieldError("FieldValueNotSupported", "spec.scope", scope, text)]
    return []


def _check_versions(spec: Value) -> list[FieldError]:
    errors: list[FieldError] = []
    versions = items(spec, "versions")
    path = "spec.versions"
    seen = [version.get("name", "") for version in versions]
    for index, version in enumerate(versions):
        here = f"{path}[{index}]"
        texts = label_1035_errors(version.get("name", ""))
        if texts:
            name = version.get("name", "")
            errors.append(_invalid(f"{here}.name", name, ",".join(texts)))
        if not child(version, "schema").get("openAPIV3Schema"):
            errors.append(_required(f"{here}.schema.openAPIV3Schema"))
    for version, here in _told_once(versions, "schema", "spec.validation"):
        errors += _check_schema(version, f"{here}.openAPIV3Schema")
    for version, here in _told_once(versions, "subresources", "spec.subresources"):
        errors += _check_scale(version, f"{here}.scale")
    columns = "additionalPrinterColumns"
    for version, here in _told_once(versions, columns, f"spec.{columns}"):
        errors += _check_columns(version, here)
    if len(set(seen)) != len(seen):
        errors.append(_invalid(path, versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        shown = spec.get("versions")
        errors.append(_invalid(path, shown, text))
    return errors


def _told_once(
    versions: Sequence[Value], key: str, shared: str
) -> Iterator[tuple[Value, str]]:
    """Iterate over the versions to check, with the path that errors name.

    The real server lifts what all versions have in common out of them before it
    looks, and names it where it then stands.
    """
    if versions and all(
        version.get(key) == versions[0].get(key) for version in versions
    ):
        yield versions[0], shared
        return
    for index, version in enumerate(versions):
        yield version, f"spec.versions[{index}].{key}"


def _check_columns(version: Value, path: str) -> list[FieldError]:
    return [
        error
        for index, column in enumerate(items(version, "additionalPrinterColumns"))
        for error in _check_column(column, f"{path}[{index}]")
    ]


def _check_column(column: Value, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not column.get("name"):
        errors.append(_required(f"{path}.name"))
    kind = column.get("type")
    told = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        errors.append(FieldError("FieldValueRequired", f"{path}.type", "", told))
    elif kind not in _COLUMN_TYPES:
        errors.append(_invalid(f"{path}.type", kind, told))
    written = column.get("format")
    if written and written not in _COLUMN_FORMATS:
        told = f"must be one of {','.join(_COLUMN_FORMATS)}"
        errors.append(_invalid(f"{path}.format", written, told))
    json_path = column.get("jsonPath")
    if not json_path:
        errors.append(_required(f"{path}.JSONPath"))
    elif not json_path.startswith("."):
        told = "must be a simple json path starting with ."
        errors.append(_invalid(f"{path}.JSONPath", json_path, told))
    return errors


_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = (
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
)


def _check_schema(version: Value, path: str) -> list[FieldError]:
    document = child(version, "schema").get("openAPIV3Schema")
    if not document:
        return []
    errors = check_structural(document, path)
    errors += [
        FieldError("FieldValueForbidden", rules, "", NO_CEL)
        for rules in _rules(document, path)
    ]
    return errors


def _rules(document: Mapping[str, Any], path: str) -> Iterator[str]:
    """Iterate over the paths of CEL rules."""
    if document.get("x-kubernetes-validations"):
        yield f"{path}.x-kubernetes-validations"
    for key, inner in document.items():
        if key in ("properties", "patternProperties", "definitions"):
            for name, node in _members(inner):
                yield from _rules(node, f"{path}.{key}[{name}]")
        elif key in ("items", "additionalProperties", "not"):
            single = as_struct(inner)
            if single is not None:
                yield from _rules(single, f"{path}.{key}")
        elif key in ("allOf", "anyOf", "oneOf"):
            for index, each in enumerate(as_list(inner) or ()):
                yield from _rules(as_struct(each) or {}, f"{path}.{key}[{index}]")


def _members(value: JSON) -> Iterator[tuple[str, Value]]:
    for name, each in (as_struct(value) or {}).items():
        node = as_struct(each)
        if node is not None:
            yield name, node


def _check_scale(version: Value, path: str) -> list[FieldError]:
    scale = child(version, "subresources").get("scale")
    if scale is None:
        return []
    errors: list[FieldError] = []
    for key, root in (("specReplicasPath", "spec"), ("statusReplicasPath", "status")):
        given = scale.get(key, "")
        here = f"{path}.{key}"
        if not given:
            errors.append(_required(here))
        elif not given.startswith("."):
            text = "must be a simple json path starting with ."
            errors.append(_invalid(here, given, text))
        elif not given.startswith(f".{root}."):
            text = f"should be a json path under .{root}"
            errors.append(_invalid(here, given, text))
    return errors


def _check_names(names: Value) -> list[FieldError]:
    path = "spec.names"
    errors = [
        _required(f"{path}.{key}")
        for key in ("plural", "singular", "kind", "listKind")
        if not names.get(key)
    ]
    for key in ("plural", "singular"):
        name = names.get(key, "")
        texts = label_1035_errors(name) if name else []
        if texts:
            errors.append(_invalid(f"{path}.{key}", name, ",".join(texts)))
    for key in ("kind", "listKind"):
        name = names.get(key, "")
        texts = label_1035_errors(name.lower()) if name else []
        if texts:
            text = "may have mixed case, but should otherwise match: "
            errors.append(_invalid(f"{path}.{key}", name, text + ",".join(texts)))
    for key in ("shortNames", "categories"):
        for index, name in enumerate(items(names, key)):
            texts = label_1035_errors(name)
            if texts:
                here = f"{path}.{key}[{index}]"
                errors.append(_invalid(here, name, ",".join(texts)))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        text = "kind and listKind may not be the same"
        errors.append(_invalid(f"{path}.listKind", names["listKind"], text))
    return errors


def _check_approval(new: Value, old: Value | None) -> list[FieldError]:
    group = new["spec"].get("group", "")
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return []
    approval = child(new["metadata"], "annotations").get(APPROVED, "")
    if old is not None:
        before = child(old["metadata"], "annotations").get(APPROVED, "")
        if before == approval:
            return []
    path = f"metadata.annotations[{APPROVED}]"
    if not approval:
        text = (
            f'protected groups must have approval annotation "{APPROVED}", '
            "see https://github.com/kubernetes/enhancements/pull/1111"
        )
        return [_required(path, text)]
    if approval.startswith(("unapproved", "https://", "http://")):
        return []
    text = (
        f'protected groups must have approval annotation "{APPROVED}" with either a '
        'URL or a reason starting with "unapproved", see '
        "https://github.com/kubernetes/enhancements/pull/1111"
    )
    return [_invalid(path, approval, text)]


def _check_immutable(new: Value, old: Value) -> list[FieldError]:
    text = "field is immutable"
    errors = [
        _invalid(f"spec.{key}", new.get(key), text)
        for key in ("group", "scope")
        if new.get(key) != old.get(key)
    ]
    for key in ("plural", "kind"):
        value = child(new, "names").get(key)
        if value != old["names"].get(key):
            errors.append(_invalid(f"spec.names.{key}", value, text))
    return errors
