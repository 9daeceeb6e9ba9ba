"""Validation of what runs pods to their end.

Source: kubernetes ``pkg/apis/batch/validation/validation.go``.
"""

from typing import Any, Final

from homeostat.apiserver._builtin_validation_common import (
    IMMUTABLE,
    Errors,
    Value,
    at_least_zero,
    immutable,
    of_struct,
    one_of,
    selector,
    selector_matches,
    shown_selector,
)
from homeostat.apiserver._builtin_validation_cron import schedule
from homeostat.apiserver._builtin_validation_pod import pod_template
from homeostat.apiserver._defaults_access import child
from homeostat.schema import FieldError, invalid, not_supported, required

__all__ = ["cron_job", "job"]

_MISMATCH: Final = "`selector` does not match template `labels`"
_REPLACED: Final = ("Failed", "TerminatingOrFailed")
_CONTROLLER: Final = "batch.kubernetes.io/controller-uid"


def job(new: Value, old: Value | None) -> Errors:
    """Validate a Job."""
    spec = child(new, "spec")
    whole = _job_spec(spec, "spec") + _selected(spec)
    errors = _generated(child(new, "metadata"), spec) + whole
    if old is None:
        return errors
    errors += whole  # told twice, as the server does
    before = child(old, "spec")
    resized = spec.get("completionMode") == "Indexed" and (
        spec.get("completions") == spec.get("parallelism")
    )
    if not resized:
        path = "spec.completions"
        errors += immutable(spec.get("completions"), before.get("completions"), path)
    given = spec.get("selector")
    if given != before.get("selector"):
        errors.append(_bad_selector(given, IMMUTABLE))
    # A suspended Job that never ran may be given other resources and places.
    if not before.get("suspend") and spec.get("template") != before.get("template"):
        errors.append(_changed_template(child(spec, "template")))
    for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
        errors += immutable(spec.get(name), before.get(name), f"spec.{name}")
    return errors


def _bad_selector(given: Value | None, text: str) -> FieldError:
    if given is None:
        return invalid("spec.selector", None, text)
    shown = shown_selector(given)
    return of_struct("FieldValueInvalid", "spec.selector", shown, text)


def _changed_template(template: Value) -> FieldError:
    # The server shows the struct that it works with: the metadata, then "Spec".
    shown = dict(child(template, "metadata"))
    for name in ("labels", "annotations"):
        if name in shown:
            shown[name] = dict(sorted(shown[name].items()))
    shown["Spec"] = child(template, "spec")
    return of_struct("FieldValueInvalid", "spec.template", shown, IMMUTABLE)


def _generated(metadata: Value, spec: Value) -> Errors:
    """Check what the server makes unless it is told not to: a selector, and labels."""
    given = spec.get("selector")
    if spec.get("manualSelector") or given is None:
        return []
    uid, name = metadata.get("uid", ""), metadata.get("name", "")
    labels = child(child(child(spec, "template"), "metadata"), "labels")
    errors: Errors = []
    for key, value in (
        ("controller-uid", uid),
        ("job-name", name),
        (_CONTROLLER, uid),
        ("batch.kubernetes.io/job-name", name),
    ):
        errors += _has_label(labels, key, value)
    made = {"matchLabels": {_CONTROLLER: uid}}
    if not selector(given, "") and {k: v for k, v in given.items() if v} != made:
        errors.append(_bad_selector(given, "`selector` not auto-generated"))
    return errors


def _has_label(labels: Value, key: str, value: Any) -> Errors:  # noqa: ANN401 - as decoded
    path = f"spec.template.metadata.labels[{key}]"
    if key not in labels:
        return [required(path, f"must be '{value}'")]
    if labels[key] != value:
        return [invalid(path, labels, f"must be '{value}'")]
    return []


def _selected(spec: Value) -> Errors:
    """Check that a Job's selector selects its own template."""
    given = spec.get("selector")
    errors = [required("spec.selector")] if given is None else []
    errors += selector(given, "spec.selector")
    found = child(child(child(spec, "template"), "metadata"), "labels")
    if (not errors or given is None) and not selector_matches(given, found):
        path = "spec.template.metadata.labels"
        errors.append(invalid(path, found or None, _MISMATCH))
    return errors


def _job_spec(spec: Value, path: str) -> Errors:
    errors = at_least_zero(
        spec,
        path,
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
    )
    mode = spec.get("completionMode")
    if mode is not None:
        errors += one_of(mode, f"{path}.completionMode", ("NonIndexed", "Indexed"))
    if mode == "Indexed" and spec.get("completions") is None:
        text = "when completion mode is Indexed"
        errors.append(required(f"{path}.completions", text))
    # Defaulted in a Job, but not in the template of a CronJob.
    replaced = spec.get("podReplacementPolicy")
    if replaced is not None:
        allowed = _REPLACED[:1] if spec.get("podFailurePolicy") else _REPLACED
        errors += one_of(replaced, f"{path}.podReplacementPolicy", allowed)
    template = child(spec, "template")
    errors += pod_template(template, f"{path}.template")
    policy = child(template, "spec").get("restartPolicy", "")
    here = f"{path}.template.spec.restartPolicy"
    if policy in ("", "Always"):
        errors.append(required(here, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errors.append(not_supported(here, policy, ("OnFailure", "Never")))
    return errors


def cron_job(new: Value, old: Value | None) -> Errors:
    """Validate a CronJob."""
    spec = child(new, "spec")
    errors: Errors = []
    name = child(new, "metadata").get("name", "")
    if old is None and len(name) > 52:
        # Jobs are named after it, with a suffix of eleven.
        text = "must be no more than 52 characters"
        errors.append(invalid("metadata.name", name, text))
    errors += schedule(spec.get("schedule", ""), "spec.schedule")
    errors += at_least_zero(spec, "spec", "startingDeadlineSeconds")
    policy = spec.get("concurrencyPolicy")
    supported = ("Allow", "Forbid", "Replace")
    errors += one_of(policy, "spec.concurrencyPolicy", supported)
    inner = child(child(spec, "jobTemplate"), "spec")
    errors += _job_spec(inner, "spec.jobTemplate.spec")
    limits = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    return errors + at_least_zero(spec, "spec", *limits)
