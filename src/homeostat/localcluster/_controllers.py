"""The switchboard: the built-in controllers by name, and which of them run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from homeostat.controller import KindController
from homeostat.errors import ConfigError
from homeostat.localcluster._cronjobs import cron_jobs
from homeostat.localcluster._daemonsets import daemon_sets
from homeostat.localcluster._deployments import deployments
from homeostat.localcluster._disruptions import disruptions
from homeostat.localcluster._endpoints import endpoint_slices, endpoints
from homeostat.localcluster._job_orphans import orphaned_pods
from homeostat.localcluster._jobs import jobs
from homeostat.localcluster._namespaces import namespaces
from homeostat.localcluster._node_lifecycle import nodes
from homeostat.localcluster._protection import claim_protection, volume_protection
from homeostat.localcluster._replicasets import replica_sets
from homeostat.localcluster._serviceaccounts import (
    root_certificates,
    service_accounts,
)
from homeostat.localcluster._statefulsets import stateful_sets
from homeostat.localcluster._stray_pods import stray_pods
from homeostat.localcluster._ttl import finished_jobs
from homeostat.localcluster._volumes import volume_binder

__all__ = [
    "GARBAGE_COLLECTOR",
    "NAMES",
    "SERVICE_ACCOUNTS",
    "Settings",
    "built_in",
    "select",
]

# It watches every kind that there is, with a client of its own, and so is run beside
# the manager that has all others.
GARBAGE_COLLECTOR = "garbage-collector-controller"
# Where it runs, the server demands of every pod that its account is there.
SERVICE_ACCOUNTS = "serviceaccount-controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What built-in controllers have to know of their cluster.

    Attributes:
        ca: The certificates of its root CA, PEM; "" where it has none.
    """

    ca: str = ""


Factory: TypeAlias = Callable[[Settings], Sequence[KindController[Any]]]

_FACTORIES: dict[str, Factory] = {
    "cronjob-controller": lambda _: [cron_jobs()],
    "daemonset-controller": lambda _: [daemon_sets()],
    "deployment-controller": lambda _: [deployments()],
    "disruption-controller": lambda _: disruptions(),
    "endpoints-controller": lambda _: endpoints(),
    "endpointslice-controller": lambda _: [endpoint_slices()],
    "job-controller": lambda _: [jobs(), orphaned_pods],
    "namespace-controller": lambda _: [namespaces],
    "node-lifecycle-controller": lambda _: [nodes()],
    "persistentvolume-binder-controller": lambda _: volume_binder(),
    "persistentvolume-protection-controller": lambda _: [volume_protection()],
    "persistentvolumeclaim-protection-controller": lambda _: [claim_protection()],
    "pod-garbage-collector-controller": lambda _: [stray_pods()],
    "replicaset-controller": lambda _: [replica_sets()],
    "root-ca-certificate-publisher-controller": lambda settings: [
        root_certificates(settings.ca)
    ],
    SERVICE_ACCOUNTS: lambda _: [service_accounts()],
    "statefulset-controller": lambda _: [stateful_sets()],
    "ttl-after-finished-controller": lambda _: [finished_jobs],
}

NAMES: tuple[str, ...] = tuple(sorted([*_FACTORIES, GARBAGE_COLLECTOR]))
"""The names that kube-controller-manager has for what is built in here."""


def select(controllers: str) -> frozenset[str]:
    """Return the names of the controllers that a selection means.

    Args:
        controllers: Names with commas between, as kube-controller-manager's flag
            ``--controllers`` takes them: ``*`` stands for all, ``-name`` leaves one
            out, and what is said of a name first counts.

    Raises:
        ConfigError: A name of none; says which there are.
    """
    words = [word for word in map(str.strip, controllers.split(",")) if word]
    unknown = [w for w in words if w != "*" and w.removeprefix("-") not in NAMES]
    if unknown:
        raise ConfigError(
            f"no controller is named {unknown[0].removeprefix('-')!r}: there are "
            + ", ".join(NAMES)
        )
    return frozenset(name for name in NAMES if _is_on(name, words))


def _is_on(name: str, words: Iterable[str]) -> bool:
    said = next((word for word in words if word.removeprefix("-") == name), None)
    return "*" in words if said is None else said == name


def built_in(names: Iterable[str], settings: Settings) -> list[KindController[Any]]:
    """Return the controllers of these names that a manager runs."""
    return [
        controller
        for name in sorted(names)
        if name in _FACTORIES
        for controller in _FACTORIES[name](settings)
    ]
