"""Every pod runs as a service account: it is given one, and the token of it.

As under kube-apiserver's plugin ServiceAccount, which a server without the controller
of service accounts has to do without: nobody would make the accounts that pods need.

Source: kubernetes ``plugin/pkg/admission/serviceaccount/admission.go``.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from homeostat.apiserver._context import Cluster
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._pod_changes import DEBUG
from homeostat.apiserver._pod_secrets import (
    projections,
    refused_debug_secrets,
    refused_secrets,
    secrets_of,
)
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, forbidden, server_error

__all__ = ["MissingAccountError", "admit_debugging", "admit_pod", "await_account"]

Value = dict[str, Any]

DEFAULT: Final = "default"
TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME: Final = "kube-api-access-"
# Seven seconds more than an hour, by which a token that was mounted is told from one
# that somebody asked for.
_TOKEN_SECONDS: Final = 3607
_MODE: Final = 0o644
_MIRROR: Final = "kubernetes.io/config.mirror"
# The real server looks nine times more, every 100 to 200 ms.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.9, 1.8  # seconds
_CONTAINERS: Final = ("initContainers", "containers")


class MissingAccountError(StatusError):
    """The default account of a namespace is not there yet: it may come at any moment.

    Attributes:
        namespace: The namespace.
    """

    def __init__(self, refusal: StatusError, namespace: str) -> None:
        super().__init__(
            refusal.code, refusal.reason, refusal.message, details=refusal.details
        )
        self.namespace = namespace


async def await_account(cluster: Cluster, namespace: str) -> bool:
    """Wait for the default account of a namespace, as long as the real server does.

    Returns:
        Whether it came.
    """
    wait = cluster.random.uniform(_SHORTEST_WAIT, _LONGEST_WAIT)
    until = asyncio.get_running_loop().time() + wait
    while _account(cluster, namespace, DEFAULT) is None:
        if not await cluster.store.changed(until):
            return False
    return True


def admit_pod(cluster: Cluster, served: Served, pod: Value, name: str) -> None:
    """Give a new pod its service account, in place; nobody owns what is added.

    Args:
        cluster: The server.
        served: The resource; nothing happens for one that is not pods.
        pod: The pod, with its defaults.
        name: What the pod is called in errors.

    Raises:
        MissingAccountError: There is no default account.
        StatusError: 403, there is no such account, or it does not allow the pod.
    """
    if not _needs_account(cluster, served):
        return
    spec = child(pod, "spec")
    if _MIRROR in child(pod["metadata"], "annotations"):
        _admit_mirror(spec, name)
        return
    named: str = spec.get("serviceAccountName") or DEFAULT
    spec["serviceAccountName"] = spec["serviceAccount"] = named
    account = _existing(cluster, pod, name)
    if _is_mounted(account, spec):
        _mount(cluster, spec)
    pull = [
        {"name": each.get("name")} for each in children(account, "imagePullSecrets")
    ]
    if pull and not children(spec, "imagePullSecrets"):
        spec["imagePullSecrets"] = pull
    for wrong in refused_secrets(account, spec):
        raise forbidden("", "pods", name, wrong)


def admit_debugging(
    cluster: Cluster, served: Served, pod: Value, subresource: str
) -> None:
    """Check the debugging containers of a pod that is there.

    Args:
        cluster: The server.
        served: The resource.
        pod: The pod with them.
        subresource: What is written; nothing happens for another one.

    Raises:
        StatusError: There is no such account, or, as 500, it does not allow them.
    """
    if subresource != DEBUG or not _needs_account(cluster, served):
        return
    name: str = pod["metadata"]["name"]
    if not pod["spec"].get("serviceAccountName"):
        where = pod["metadata"]["namespace"]
        text = f"no service account specified for pod {where}/{name}"
        raise forbidden("", "pods", name, text)
    account = _existing(cluster, pod, name)
    for wrong in refused_debug_secrets(account, pod["spec"]):
        raise server_error(wrong)


def _needs_account(cluster: Cluster, served: Served) -> bool:
    return cluster.accounts and served.plural == "pods" and not served.group


def _account(cluster: Cluster, namespace: str, name: str) -> Value | None:
    table = cluster.store.tables.get("serviceaccounts.")
    entry = table.live.get(f"{namespace}/{name}") if table else None
    return None if entry is None else entry.value


def _existing(cluster: Cluster, pod: Value, name: str) -> Value:
    namespace: str = pod["metadata"]["namespace"]
    named: str = pod["spec"]["serviceAccountName"]
    account = _account(cluster, namespace, named)
    if account is not None:
        return account
    text = (
        f"error looking up service account {namespace}/{named}: "
        f'serviceaccount "{named}" not found'
    )
    refusal = forbidden("", "pods", name, text)
    if named == DEFAULT:
        raise MissingAccountError(refusal, namespace)
    raise refusal


def _is_mounted(account: Value, spec: Value) -> bool:
    """Tell whether a pod gets a token: it decides, else its account."""
    for chooser in (spec, account):
        wanted: bool | None = chooser.get("automountServiceAccountToken")
        if wanted is not None:
            return wanted
    return True


def _mount(cluster: Cluster, spec: Value) -> None:
    """Mount the token in every container that has nothing in its place."""
    names: list[str] = [volume.get("name", "") for volume in children(spec, "volumes")]
    own = next((name for name in names if name.startswith(_VOLUME)), None)
    volume = own or _VOLUME + cluster.random.suffix()
    needed = False
    for container in _containers(spec):
        mounts = children(container, "volumeMounts")
        if all(mount.get("mountPath") != TOKEN_PATH for mount in mounts):
            mount: Value = {"name": volume, "readOnly": True, "mountPath": TOKEN_PATH}
            container["volumeMounts"] = [*mounts, mount]
            needed = True
    if needed and own is None:
        added: Value = {"name": volume, "projected": _token()}
        spec["volumes"] = [*children(spec, "volumes"), added]


def _containers(spec: Value) -> Iterator[Value]:
    for group in _CONTAINERS:
        yield from children(spec, group)


def _token() -> Value:
    """Return the source of the volume: a token, the root CA, and the namespace."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {
                "serviceAccountToken": {
                    "expirationSeconds": _TOKEN_SECONDS,
                    "path": "token",
                }
            },
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
        ],
        "defaultMode": _MODE,
    }


# Kubelets mirror the pods that they are told of by files, which know no cluster.


def _admit_mirror(spec: Value, name: str) -> None:
    if spec.get("serviceAccountName"):
        wrong = "a mirror pod may not reference service accounts"
    elif any(secrets_of(spec)):
        wrong = "a mirror pod may not reference secrets"
    elif any("serviceAccountToken" in source for source in projections(spec)):
        wrong = "a mirror pod may not use ServiceAccountToken volume projections"
    else:
        return
    raise forbidden("", "pods", name, wrong)
