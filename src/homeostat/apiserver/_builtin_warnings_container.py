"""Warnings of the containers of a pod, one by one and together.

Source: kubernetes ``pkg/api/pod/warnings.go``.
"""

from collections.abc import Iterator
from typing import Final

from homeostat.apiserver._builtin_warnings_common import (
    Texts,
    Value,
    fraction_warnings,
)
from homeostat.apiserver._defaults_access import child, children

__all__ = ["container_warnings", "port_warnings"]

_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
_SECCOMP: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
_BYTES: Final = ("memory", "ephemeral-storage")
_SHOWN_PORT: Final = (
    "{{Name:{name} HostPort:{hostPort} ContainerPort:{containerPort} "
    "Protocol:{protocol} HostIP:{hostIP}}}"
)
_NO_PORT: Final = {
    "name": "",
    "hostPort": 0,
    "containerPort": 0,
    "protocol": "",
    "hostIP": "",
}


def _containers(spec: Value, path: str) -> Iterator[tuple[Value, str]]:
    for name in _LISTS:
        for index, container in enumerate(children(spec, name)):
            yield container, f"{path}.{name}[{index}]"


def container_warnings(spec: Value, metadata: Value, path: str, notes: str) -> Texts:
    """Return what is told of each container of a pod.

    Args:
        spec: The pod's.
        metadata: The pod's.
        path: Where the spec stands.
        notes: Where the annotations stand.
    """
    texts: Texts = []
    annotations = child(metadata, "annotations")
    profile = child(spec, "securityContext").get("appArmorProfile")
    for container, here in _containers(spec, path):
        told = _annotated(container, annotations, profile)
        texts += [f"{notes}[{key}]: {text}" for key, text in told]
        resources = child(container, "resources")
        for each in _BYTES:
            for part in ("limits", "requests"):
                where = f"{here}.resources.{part}"
                texts += fraction_warnings(child(resources, part), where, (each,))
        texts += _hidden(container, f"{here}.env")
    return texts


def _annotated(
    container: Value, annotations: Value, profile: Value | None
) -> Iterator[tuple[str, str]]:
    """Yield the annotations that stand for a container's fields, and what is told."""
    name, security = container.get("name", ""), child(container, "securityContext")
    key = _SECCOMP + name
    if key in annotations and not security.get("seccompProfile"):
        yield key, 'non-functional in v1.27+; use the "seccompProfile" field instead'
    key = _APPARMOR + name
    if key not in annotations or security.get("appArmorProfile"):
        return
    if profile is None or profile != _profile(annotations[key]):
        yield key, 'deprecated since v1.30; use the "appArmorProfile" field instead'


def _profile(annotation: str) -> Value | None:
    """Return the profile that an annotation stands for."""
    kind, _, local = annotation.partition("/")
    if kind == "localhost" and local:
        return {"type": "Localhost", "localhostProfile": local}
    named = _PROFILES.get(annotation)
    return {"type": named} if named else None


def _hidden(container: Value, path: str) -> Texts:
    """Return what is told of variables that come again, and are not built on."""
    texts: Texts = []
    seen: set[str] = set()
    for index, item in enumerate(children(container, "env")):
        name, value = item.get("name", ""), item.get("value", "")
        reference = f"$({name})"
        if name in seen and (
            item.get("valueFrom") is not None
            or value == reference
            or reference not in value
        ):
            told = f'hides previous definition of "{name}", which may be dropped'
            texts.append(f"{path}[{index}]: {told} when using apply")
        seen.add(name)
    return texts


def port_warnings(spec: Value, path: str) -> Texts:
    """Return what is told of the ports of all containers of a pod."""
    ports = [
        ({**_NO_PORT, **port}, f"{here}.ports[{index}]")
        for container, here in _containers(spec, path)
        for index, port in enumerate(children(container, "ports"))
    ]
    return _overlaps(ports) + _names(ports)


def _overlaps(ports: list[tuple[Value, str]]) -> Texts:
    texts: Texts = []
    seen: dict[tuple[int, str], list[tuple[Value, str]]] = {}
    for port, here in ports:
        if port["hostIP"] and not port["hostPort"]:
            shown = _SHOWN_PORT.format_map(port)
            texts.append(f"{here}: hostIP set without hostPort: {shown}")
        others = seen.setdefault((port["containerPort"], port["protocol"]), [])
        for other, where in others:
            how = _clash(port, other)
            if how:
                texts.append(f"{here}: {how} port definition with {where}")
        others.append((port, here))
    return texts


def _clash(port: Value, other: Value) -> str:
    address, host = port["hostIP"], port["hostPort"]
    if (address, host) == (other["hostIP"], other["hostPort"]):
        return "duplicate"
    if not host or not other["hostPort"]:
        return "overlapping"
    if host == other["hostPort"] and bool(address) != bool(other["hostIP"]):
        return "dangerously ambiguous"
    return ""


def _names(ports: list[tuple[Value, str]]) -> Texts:
    texts: Texts = []
    seen: dict[str, str] = {}
    for port, here in ports:
        name = port["name"]
        if not name:
            continue
        other = seen.setdefault(name, here)
        if other != here:
            told = f'duplicate port name "{name}" with {other}, services and probes'
            told += f" that select ports by name will use {other}"
            texts.append(f"{here}: {told}")
    return texts
