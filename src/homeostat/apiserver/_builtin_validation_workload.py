"""Validation of what runs pods.

Source: kubernetes ``pkg/apis/{apps,batch}/validation/validation.go``.
"""

import re
from collections.abc import Mapping
from typing import Final

from homeostat.api import JSON
from homeostat.apiserver._builtin_validation_common import (
    IMMUTABLE,
    Errors,
    Value,
    at_least_zero,
    immutable,
    label_text,
    of_struct,
    selector,
    selector_matches,
    shown_selector,
)
from homeostat.apiserver._builtin_validation_pod import pod_template
from homeostat.apiserver._defaults_access import child, children
from homeostat.schema import FieldError, forbidden, invalid, not_supported, required

__all__ = [
    "daemon_set",
    "deployment",
    "replica_set",
    "revision",
    "stateful_set",
]

_PERCENT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. "
    "'1%',  or '93%', regex used for validation is '[0-9]+%')"
)
_MISMATCH: Final = "`selector` does not match template `labels`"
_ROLLING: Final = "RollingUpdate"
# What a StatefulSet may change.
_STATEFUL: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def _selected(spec: Value, called: str, *, needed: bool = True) -> Errors:
    """Check a workload's selector, and that it selects its own template."""
    errors: Errors = []
    given = spec.get("selector")
    if given is None:
        if needed:
            errors.append(required("spec.selector"))
    else:
        errors += selector(given, "spec.selector")
        if not given.get("matchLabels") and not given.get("matchExpressions"):
            text = f"empty selector is invalid for {called}"
            errors.append(_bad_selector(given, text))
    known = ("In", "NotIn", "Exists", "DoesNotExist")
    expressions = children(given or {}, "matchExpressions")
    if any(each.get("operator") not in known for each in expressions):
        text = "invalid label selector" if called == "deployment" else ""
        return [*errors, _bad_selector(given or {}, text)]
    metadata = child(child(spec, "template"), "metadata")
    found = child(metadata, "labels")
    if given != {} and not selector_matches(given, found):
        path = "spec.template.metadata.labels"
        errors.append(invalid(path, metadata.get("labels"), _MISMATCH))
    return errors


def _bad_selector(given: Value, text: str) -> FieldError:
    shown = shown_selector(given)
    return of_struct("FieldValueInvalid", "spec.selector", shown, text)


def _always(spec: Value, kind: str) -> Errors:
    """Check a template whose pods run for ever."""
    template = child(child(spec, "template"), "spec")
    path = "spec.template.spec"
    errors: Errors = []
    policy = template.get("restartPolicy")
    if policy != "Always":
        errors.append(not_supported(f"{path}.restartPolicy", policy, ("Always",)))
    if template.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden(f"{path}.activeDeadlineSeconds", text))
    return errors


def _same_selector(new: Value, old: Value | None) -> Errors:
    if old is None:
        return []
    given = child(new, "spec").get("selector")
    if given == child(old, "spec").get("selector"):
        return []
    return [_bad_selector(given or {}, IMMUTABLE)]


def deployment(new: Value, old: Value | None) -> Errors:
    """Validate a Deployment."""
    spec = child(new, "spec")
    errors = at_least_zero(spec, "spec", "replicas")
    errors += _selected(spec, "deployment")
    errors += pod_template(child(spec, "template"), "spec.template")
    errors += _always(spec, "ReplicaSet")
    errors += _deployment_strategy(child(spec, "strategy"), "spec.strategy")
    errors += at_least_zero(
        spec,
        "spec",
        "minReadySeconds",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
    )
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        text = "must be greater than minReadySeconds"
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, text))
    return errors + _same_selector(new, old)


def _deployment_strategy(strategy: Value, path: str) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is None:
            return []
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(f"{path}.rollingUpdate", text)]
    if kind != _ROLLING:
        shown = {"Type": kind, "RollingUpdate": _shares(rolling)}
        return [_bad_strategy(path, shown, "Recreate", _ROLLING)]
    here = f"{path}.rollingUpdate"
    shares = child(strategy, "rollingUpdate")
    unavailable, surge = shares.get("maxUnavailable"), shares.get("maxSurge")
    errors = _share(unavailable, f"{here}.maxUnavailable")
    errors += _share(surge, f"{here}.maxSurge")
    if _share_of(unavailable) == 0 and _share_of(surge) == 0 and not errors:
        text = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{here}.maxUnavailable", unavailable, text))
    return errors + _at_most_all(unavailable, f"{here}.maxUnavailable")


def _shares(rolling: Value | None) -> Value | None:
    """Return a rolling update as Go's internal type shows it: nothing left out."""
    if rolling is None:
        return None
    names = ("MaxUnavailable", "MaxSurge")
    return {name: rolling.get(name[0].lower() + name[1:], 0) for name in names}


def _bad_strategy(path: str, shown: Value, *supported: str) -> FieldError:
    known = ", ".join(f'"{each}"' for each in supported)
    text = f"supported values: {known}"
    return of_struct("FieldValueNotSupported", path, shown, text)


def _share(value: JSON, path: str) -> Errors:
    if isinstance(value, str):
        return (
            [] if re.fullmatch(r"[0-9]+%", value) else [invalid(path, value, _PERCENT)]
        )
    if isinstance(value, int) and value < 0:
        return [invalid(path, value, "must be greater than or equal to 0")]
    return []


def _share_of(value: JSON) -> int:
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]+)%", value)
        return int(match[1]) if match else 0
    return int(value or 0)


def _at_most_all(value: JSON, path: str) -> Errors:
    if isinstance(value, str) and _share_of(value) > 100:
        return [invalid(path, value, "must not be greater than 100%")]
    return []


def replica_set(new: Value, old: Value | None) -> Errors:
    """Validate a ReplicaSet."""
    spec = child(new, "spec")
    errors = at_least_zero(spec, "spec", "replicas", "minReadySeconds")
    # The real server says "deployment" here, too.
    errors += _selected(spec, "deployment")
    errors += pod_template(child(spec, "template"), "spec.template")
    errors += _always(spec, "ReplicaSet")
    return errors + _same_selector(new, old)


def daemon_set(new: Value, old: Value | None) -> Errors:
    """Validate a DaemonSet."""
    spec = child(new, "spec")
    errors = _selected(spec, "daemonset", needed=False)
    errors += pod_template(child(spec, "template"), "spec.template")
    errors += _always(spec, "DaemonSet")
    errors += at_least_zero(spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    strategy = child(spec, "updateStrategy")
    kind = strategy.get("type")
    if kind not in (_ROLLING, "OnDelete"):
        shown = {"Type": kind, "RollingUpdate": _shares(strategy.get("rollingUpdate"))}
        path = "spec.updateStrategy"
        errors.append(_bad_strategy(path, shown, _ROLLING, "OnDelete"))
    return errors + _same_selector(new, old)


def stateful_set(new: Value, old: Value | None) -> Errors:
    """Validate a StatefulSet."""
    spec = child(new, "spec")
    errors: Errors = []
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        errors.append(invalid("spec.podManagementPolicy", policy, text))
    errors += _stateful_strategy(child(spec, "updateStrategy"))
    errors += at_least_zero(spec, "spec", "replicas", "minReadySeconds")
    if old is None and spec.get("serviceName"):
        errors += label_text(spec["serviceName"], "spec.serviceName")
    errors += _selected(spec, "statefulset")
    errors += pod_template(_with_claims(spec), "spec.template")
    errors += _always(spec, "StatefulSet")
    if old is not None:
        before = _without(child(old, "spec"), _STATEFUL)
        if _without(spec, _STATEFUL) != before:
            names = ", ".join(f"'{name}'" for name in _STATEFUL[:-1])
            text = (
                f"updates to statefulset spec for fields other than {names} and "
                f"'{_STATEFUL[-1]}' are forbidden"
            )
            errors.append(forbidden("spec", text))
    return errors


def _with_claims(spec: Value) -> Value:
    """Return the template with the volumes that the claims will bring."""
    template = child(spec, "template")
    claims = children(spec, "volumeClaimTemplates")
    if not claims:
        return template
    names: list[str] = [child(claim, "metadata").get("name", "") for claim in claims]
    inner = child(template, "spec")
    brought = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in names]
    own = [v for v in children(inner, "volumes") if v.get("name") not in names]
    return {**template, "spec": {**inner, "volumes": [*brought, *own]}}


def _stateful_strategy(strategy: Value) -> Errors:
    path = "spec.updateStrategy"
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == _ROLLING:
        return at_least_zero(rolling or {}, f"{path}.rollingUpdate", "partition")
    if kind == "OnDelete":
        if rolling is None:
            return []
        text = f"only allowed for updateStrategy '{_ROLLING}'"
        return [invalid(f"{path}.rollingUpdate", rolling, text)]
    if rolling is not None:
        most = rolling.get("maxUnavailable")
        rolling = {"Partition": rolling.get("partition", 0), "MaxUnavailable": most}
    shown = {"Type": kind, "RollingUpdate": rolling}
    text = f"must be '{_ROLLING}' or 'OnDelete'"
    return [of_struct("FieldValueInvalid", path, shown, text)]


def _without(value: Mapping[str, JSON], names: tuple[str, ...]) -> Value:
    return {name: item for name, item in value.items() if name not in names}


def revision(new: Value, old: Value | None) -> Errors:
    """Validate a ControllerRevision: data is what was, once and for all."""
    data = new.get("data")
    errors: Errors = []
    if old is not None:
        # By value: of the bytes that the real server compares, blanks and all, an
        # object that is decoded keeps nothing.
        errors += immutable(data, old.get("data"), "data")
    elif data is None:
        errors.append(required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        errors.append(required("data", "data must be a valid JSON object"))
    number = new.get("revision", 0)
    if number < 0:
        errors.append(invalid("revision", number, "must be greater than or equal to 0"))
    return errors
