"""Validation of containers.

Source: kubernetes ``pkg/apis/core/validation/validation.go``.
"""

import re
from typing import Final

from homeostat.api import Quantity
from homeostat.apiserver._builtin_validation_common import (
    Errors,
    Value,
    at_least_zero,
    label_text,
    one_of,
    port_name_texts,
    port_number,
    port_or_name,
)
from homeostat.apiserver._defaults_access import child, children
from homeostat.schema import FieldError, duplicate, forbidden, invalid, required

__all__ = ["container_errors", "containers"]

_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_PULL: Final = ("Always", "IfNotPresent", "Never")
_MESSAGES: Final = ("File", "FallbackToLogsOnError")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage", "storage", "hugepages-")
_NOT_STANDARD: Final = (
    "must be a standard resource type or fully qualified",
    "must be a standard resource for containers",
)
_KEYED: Final = ("configMapKeyRef", "secretKeyRef")
_SOURCES: Final = (
    "fieldRef",
    "resourceFieldRef",
    "configMapKeyRef",
    "secretKeyRef",
    "fileKeyRef",
)
_NO_SOURCE: Final = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
    "`secretKeyRef` or `fileKeyRef`"
)
_ENV_TEXT: Final = (
    "a valid environment variable name must consist only of printable ASCII characters "
    "other than '='"
)


def containers(spec: Value, path: str, volumes: set[str | None]) -> Errors:
    """Validate the containers of a pod, init containers included.

    Args:
        spec: Of the pod.
        path: Of the spec.
        volumes: Names of what may be mounted.
    """
    errors: Errors = []
    names: set[str] = set()
    if not spec.get("containers"):
        errors.append(required(f"{path}.containers"))
    for group in ("containers", "initContainers"):
        for index, container in enumerate(children(spec, group)):
            here = f"{path}.{group}[{index}]"
            errors += container_errors(container, here, volumes)
            if spec.get("hostNetwork"):
                errors += _host_ports(container, here)
            name = container.get("name", "")
            if name in names:
                errors.append(duplicate(f"{here}.name", name))
            names.add(name)
    return errors


def container_errors(container: Value, path: str, volumes: set[str | None]) -> Errors:
    """Validate a container of whatever sort."""
    name, image = container.get("name", ""), container.get("image", "")
    errors = label_text(name, f"{path}.name") if name else [required(f"{path}.name")]
    if not image:
        errors.append(required(f"{path}.image"))
    elif image != image.strip():
        text = "must not have leading or trailing whitespace"
        errors.append(invalid(f"{path}.image", image, text))
    messages = container.get("terminationMessagePolicy")
    errors += one_of(messages, f"{path}.terminationMessagePolicy", _MESSAGES)
    errors += _ports(container, path)
    for index, variable in enumerate(children(container, "env")):
        errors += _variable(variable, f"{path}.env[{index}]")
    errors += _mounts(container, path, volumes)
    pull = container.get("imagePullPolicy")
    errors += one_of(pull, f"{path}.imagePullPolicy", _PULL)
    errors += _resources(child(container, "resources"), f"{path}.resources")
    for probe in _PROBES:
        if container.get(probe) is not None:
            errors += _probe(container[probe], f"{path}.{probe}", probe)
    return errors


def _ports(container: Value, path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for index, port in enumerate(children(container, "ports")):
        here = f"{path}.ports[{index}]"
        name = port.get("name", "")
        if name:
            texts = port_name_texts(name)
            errors += [invalid(f"{here}.name", name, text) for text in texts]
            if not texts and name in names:
                errors.append(duplicate(f"{here}.name", name))
            names.add(name)
        if not port.get("containerPort"):
            errors.append(required(f"{here}.containerPort"))
        else:
            errors += port_number(port["containerPort"], f"{here}.containerPort")
        if port.get("hostPort"):
            errors += port_number(port["hostPort"], f"{here}.hostPort")
        errors += one_of(port.get("protocol"), f"{here}.protocol", _PROTOCOLS)
    return errors


def _host_ports(container: Value, path: str) -> Errors:
    text = "must match `containerPort` when `hostNetwork` is true"
    return [
        invalid(f"{path}.ports[{index}].hostPort", port.get("hostPort", 0), text)
        for index, port in enumerate(children(container, "ports"))
        # A template's ports get theirs when its pods are made.
        if port.get("hostPort") not in (None, 0, port.get("containerPort"))
    ]


def _variable(variable: Value, path: str) -> Errors:
    errors: Errors = []
    name = variable.get("name", "")
    if not name:
        errors.append(required(f"{path}.name"))
    elif not re.fullmatch(r"[ -<>-~]+", name):
        errors.append(invalid(f"{path}.name", name, _ENV_TEXT))
    source = variable.get("valueFrom")
    if source is None:
        return errors
    here = f"{path}.valueFrom"
    if variable.get("value"):
        text = "may not be specified when `value` is not empty"
        errors.append(invalid(here, "", text))
    given = [each for each in _SOURCES if source.get(each) is not None]
    if not given:
        errors.append(invalid(here, "", _NO_SOURCE))
    elif len(given) > 1:
        text = "may not have more than one field specified at a time"
        errors.append(invalid(here, "", text))
    errors += [
        required(f"{here}.{each}.{part}")
        for each in given
        if each in _KEYED
        for part in ("name", "key")
        if not source[each].get(part)
    ]
    return errors


def _mounts(container: Value, path: str, volumes: set[str | None]) -> Errors:
    errors: Errors = []
    paths: set[str] = set()
    for index, mount in enumerate(children(container, "volumeMounts")):
        here = f"{path}.volumeMounts[{index}]"
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{here}.name"))
        if name not in volumes:
            errors.append(FieldError("FieldValueNotFound", f"{here}.name", name))
        if not where:
            errors.append(required(f"{here}.mountPath"))
        if where in paths:
            errors.append(invalid(f"{here}.mountPath", where, "must be unique"))
        paths.add(where)
    return errors


def _resources(resources: Value, path: str) -> Errors:
    limits = child(resources, "limits")
    errors = _amounts(limits, f"{path}.limits")
    here = f"{path}.requests"
    requests = child(resources, "requests")
    errors += _amounts(requests, here)
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is None:
            continue
        if Quantity(str(amount)) > Quantity(str(limit)):
            text = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid(here, str(amount), text))
    return errors


def _amounts(listed: Value, path: str) -> Errors:
    errors: Errors = []
    for name, amount in listed.items():
        here = f"{path}[{name}]"
        if "/" not in name and not name.startswith(_STANDARD):
            errors += [invalid(here, name, text) for text in _NOT_STANDARD]
        if Quantity(str(amount)) < Quantity("0"):
            text = "must be greater than or equal to 0"
            errors.append(invalid(here, str(amount), text))
    return errors


def _probe(probe: Value, path: str, which: str) -> Errors:
    errors = _handler(probe, path)
    errors += at_least_zero(
        probe,
        path,
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    )
    if which != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        path = f"{path}.successThreshold"
        errors.append(invalid(path, probe["successThreshold"], "must be 1"))
    return errors


def _handler(probe: Value, path: str) -> Errors:
    given = [each for each in _HANDLERS if probe.get(each) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    text = "may not specify more than 1 handler type"
    errors: Errors = [forbidden(f"{path}.{each}", text) for each in given[1:]]
    action, here = probe[given[0]], f"{path}.{given[0]}"
    match given[0]:
        case "exec":
            if not action.get("command"):
                errors.append(required(f"{here}.command"))
        case "httpGet":
            if not action.get("path"):
                errors.append(required(f"{here}.path"))
            errors += port_or_name(action.get("port"), f"{here}.port")
            errors += one_of(action.get("scheme"), f"{here}.scheme", ("HTTP", "HTTPS"))
        case "tcpSocket" | "grpc":
            errors += port_or_name(action.get("port"), f"{here}.port")
        case _:  # a sleep has nothing to check
            pass
    return errors
