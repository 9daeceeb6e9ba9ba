"""The secrets that a pod uses, and which of them its service account does not name.

Source: kubernetes ``plugin/pkg/admission/serviceaccount/admission.go`` and
``pkg/api/pod/util.go``.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from homeostat.apiserver._defaults_access import child, children

__all__ = ["projections", "refused_debug_secrets", "refused_secrets", "secrets_of"]

Value = dict[str, Any]

_ENFORCE: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # strconv.ParseBool
_SECRET_REFERENCES: Final = (
    "cephfs",
    "cinder",
    "flexVolume",
    "iscsi",
    "rbd",
    "scaleIO",
    "storageos",
)
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")


def secrets_of(spec: Value) -> Iterator[str]:
    """Yield the names of all secrets that a pod uses, "" where one is not named."""
    for each in children(spec, "imagePullSecrets"):
        yield each.get("name", "")
    for container in chain.from_iterable(children(spec, each) for each in _CONTAINERS):
        for _, name in _container_secrets(container):
            yield name
    for volume in children(spec, "volumes"):
        yield child(volume, "azureFile").get("secretName", "")
        yield child(volume, "secret").get("secretName", "")
        yield child(child(volume, "csi"), "nodePublishSecretRef").get("name", "")
        for kind in _SECRET_REFERENCES:
            yield child(child(volume, kind), "secretRef").get("name", "")
    for source in projections(spec):
        yield child(source, "secret").get("name", "")


def projections(spec: Value) -> Iterator[Value]:
    """Yield the sources of a pod's projected volumes."""
    for volume in children(spec, "volumes"):
        yield from children(child(volume, "projected"), "sources")


def refused_secrets(account: Value, spec: Value) -> Iterator[str]:
    """Yield why an account that names its secrets does not allow a new pod."""
    if _is_strict(account):
        yield from _foreign_volumes(account, spec)
        yield from _foreign_names(account, spec)


def refused_debug_secrets(account: Value, spec: Value) -> Iterator[str]:
    """Yield why such an account does not allow the debugging containers of a pod."""
    if _is_strict(account):
        yield from _foreign(account, spec, "ephemeralContainers", "ephemeral ")


def _is_strict(account: Value) -> bool:
    annotations = child(account["metadata"], "annotations")
    return annotations.get(_ENFORCE) in _TRUE


def _because(account: Value, what: str = "secret") -> str:
    who = account["metadata"]["name"]
    return (
        f"is not allowed because service account {who} does not reference that {what}"
    )


def _foreign_volumes(account: Value, spec: Value) -> Iterator[str]:
    known = _names(account, "secrets")
    for volume in children(spec, "volumes"):
        source: Value | None = volume.get("secret")
        secret = "" if source is None else source.get("secretName", "")
        if source is not None and secret not in known:
            text = f'volume with secret.secretName="{secret}"'
            yield f"{text} {_because(account)}"


def _foreign_names(account: Value, spec: Value) -> Iterator[str]:
    yield from _foreign(account, spec, "initContainers", "init ")
    yield from _foreign(account, spec, "containers", "")
    known = _names(account, "imagePullSecrets")
    for index, secret in enumerate(children(spec, "imagePullSecrets")):
        name = secret.get("name", "")
        if name not in known:
            text = f'imagePullSecrets[{index}].name="{name}"'
            yield f"{text} {_because(account, 'imagePullSecret')}"


def _foreign(account: Value, spec: Value, group: str, kind: str) -> Iterator[str]:
    known = _names(account, "secrets")
    for container in children(spec, group):
        for how, secret in _container_secrets(container):
            if secret not in known:
                text = f"{kind}container {container.get('name', '')} with {how}"
                text += f' referencing secret.secretName="{secret}"'
                yield f"{text} {_because(account)}"


def _names(account: Value, field: str) -> frozenset[str]:
    return frozenset(each.get("name", "") for each in children(account, field))


def _container_secrets(container: Value) -> Iterator[tuple[str, str]]:
    """Yield the secrets that a container takes variables from, and how."""
    for variable in children(container, "env"):
        source: Value | None = child(variable, "valueFrom").get("secretKeyRef")
        if source is not None:
            yield f"envVar {variable.get('name', '')}", source.get("name", "")
    for group in children(container, "envFrom"):
        source = group.get("secretRef")
        if source is not None:
            yield "envFrom", source.get("name", "")
