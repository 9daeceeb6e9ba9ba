"""What a Job's policies say of failed pods and of indexes that succeeded.

Source: kubernetes ``pkg/controller/job`` (pod_failure_policy.go, success_policy.go).
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import final

from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._job_indexes import parse_spans

__all__ = ["FailureVerdict", "failure_verdict", "matched_success_rule"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FailureVerdict:
    """What a policy says of one failed pod.

    Attributes:
        action: Of the first rule that matches, "" without one.
        message: Why the Job fails, "" when it does not because of this pod.
    """

    action: str = ""
    message: str = ""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards the limits of retries."""
        return self.action != "Ignore"


def failure_verdict(
    policy: batch_v1.PodFailurePolicy | None, pod: core_v1.Pod
) -> FailureVerdict:
    """Return what a policy says of a pod that has failed."""
    for number, rule in enumerate(policy.rules if policy else ()):
        found = _match(rule, pod)
        if found is None:
            continue
        if rule.action != "FailJob":
            return FailureVerdict(action=rule.action)
        text = f"{found} matching FailJob rule at index {number}"
        return FailureVerdict(action="FailJob", message=text)
    return FailureVerdict()


def _match(rule: batch_v1.PodFailurePolicyRule, pod: core_v1.Pod) -> str | None:
    """Return what it is in the pod that a rule matches, None when it does not."""
    where = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if rule.on_exit_codes is not None:
        status = pod.status
        for group in (status.container_statuses, status.init_container_statuses):
            for container in group:
                code = _matching_code(rule.on_exit_codes, container)
                if code:
                    text = f"for pod {where} failed with exit code {code}"
                    return f"Container {container.name} {text}"
        return None
    patterns = {(p.type, p.status) for p in rule.on_pod_conditions}
    for condition in pod.status.conditions:
        if (condition.type, condition.status) in patterns:
            return f"Pod {where} has condition {condition.type}"
    return None


def _matching_code(
    wanted: batch_v1.PodFailurePolicyOnExitCodesRequirement,
    container: core_v1.ContainerStatus,
) -> int:
    """Return the exit code of a container if the requirement means it, else 0."""
    ended = container.state.terminated
    if ended is None or wanted.container_name not in (None, container.name):
        return 0
    matches = (ended.exit_code in wanted.values) is (wanted.operator == "In")
    return ended.exit_code if matches else 0


def matched_success_rule(
    policy: batch_v1.SuccessPolicy | None, succeeded: AbstractSet[int], completions: int
) -> int | None:
    """Return the number of the first rule that is met, None when none is.

    Args:
        policy: Of the Job.
        succeeded: The indexes that are complete.
        completions: How many indexes there are.
    """
    if not succeeded:
        return None
    for number, rule in enumerate(policy.rules if policy else ()):
        if rule.succeeded_indexes is None:
            met = rule.succeeded_count is not None and (
                len(succeeded) >= rule.succeeded_count
            )
        else:
            spans = parse_spans(rule.succeeded_indexes, completions)
            met = bool(spans) and _covers(spans, succeeded, rule.succeeded_count)
        if met:
            return number
    return None


def _covers(
    spans: Iterable[range], succeeded: AbstractSet[int], count: int | None
) -> bool:
    spans = list(spans)
    covered = sum(any(index in span for span in spans) for index in succeeded)
    return covered == sum(map(len, spans)) or (count is not None and covered >= count)
