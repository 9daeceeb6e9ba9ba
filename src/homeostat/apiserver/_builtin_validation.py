"""Validation of the built-in kinds beyond their schemas, with the real server's texts.

What is checked is what controllers and their users run into: names, selectors, ports,
quantities, what may not change. Metadata is checked elsewhere, for all kinds alike.
"""

from collections.abc import Callable, Mapping
from typing import Final

from homeostat.api import GroupVersionKind
from homeostat.apiserver._builtin_validation_common import Errors, Value
from homeostat.apiserver._builtin_validation_event import event
from homeostat.apiserver._builtin_validation_job import cron_job, job
from homeostat.apiserver._builtin_validation_kinds import (
    budget,
    claim,
    config_map,
    ingress,
    lease,
    namespace,
    role,
    role_binding,
    secret,
)
from homeostat.apiserver._builtin_validation_pod import pod
from homeostat.apiserver._builtin_validation_priority import priority_class
from homeostat.apiserver._builtin_validation_service import service
from homeostat.apiserver._builtin_validation_workload import (
    daemon_set,
    deployment,
    replica_set,
    revision,
    stateful_set,
)
from homeostat.schema import FieldError

__all__ = ["validate_builtin"]

_Validator = Callable[[Value, Value | None], Errors]

_RBAC: Final = "rbac.authorization.k8s.io"
_VALIDATORS: Final[Mapping[tuple[str, str], _Validator]] = {
    ("", "ConfigMap"): config_map,
    ("", "Namespace"): namespace,
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "Secret"): secret,
    ("", "Service"): service,
    (_RBAC, "ClusterRole"): role,
    (_RBAC, "ClusterRoleBinding"): role_binding,
    (_RBAC, "Role"): role,
    (_RBAC, "RoleBinding"): role_binding,
    ("apps", "ControllerRevision"): revision,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "CronJob"): cron_job,
    ("batch", "Job"): job,
    ("coordination.k8s.io", "Lease"): lease,
    ("networking.k8s.io", "Ingress"): ingress,
    ("policy", "PodDisruptionBudget"): budget,
    ("scheduling.k8s.io", "PriorityClass"): priority_class,
}


def validate_builtin(
    gvk: GroupVersionKind, new: Value, old: Value | None, *, group: str = ""
) -> list[FieldError]:
    """Return what is wrong with an object of a built-in kind; nothing when it is right.

    Args:
        gvk: The kind that is stored; for one that is not built in nothing is wrong.
        new: The object as it would be stored: decoded, with its defaults.
        old: What it replaces, None when it is created.
        group: The group of the request: Events are served in two.
    """
    if gvk.group_kind == ("", "Event"):
        return event(new, old, newer=bool(group))
    validate = _VALIDATORS.get(gvk.group_kind)
    return validate(new, old) if validate is not None else []
