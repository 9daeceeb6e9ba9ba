"""One Deployment and its ReplicaSets, as one reconcile works on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.api import to_dict
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._rollout import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    REVISION_HISTORY,
    Rollout,
    SetSize,
    bounds,
)

__all__ = ["HASH_LABEL", "State", "has_template_of", "look", "revision_of"]

HASH_LABEL = "pod-template-hash"
# Annotations of a Deployment that its ReplicaSets do not inherit.
_OWN_ANNOTATIONS = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
}


@dataclass(slots=True)
class State:
    """One Deployment and its ReplicaSets.

    Attributes:
        deployment: The Deployment.
        rollout: Its side of the arithmetic.
        new: The ReplicaSet of its template, None before it exists.
        old: The others, oldest first.
    """

    deployment: apps_v1.Deployment
    rollout: Rollout
    new: apps_v1.ReplicaSet | None
    old: list[apps_v1.ReplicaSet]

    @property
    def sets(self) -> list[apps_v1.ReplicaSet]:
        """Every ReplicaSet, the new one last."""
        return [*self.old, self.new] if self.new else self.old

    @property
    def sizes(self) -> list[SetSize]:
        """What the arithmetic sees of ``sets``, in the same order."""
        names = [s.metadata.name for s in sorted(self.sets, key=_birth)]
        return [_size(s, names.index(s.metadata.name)) for s in self.sets]

    @property
    def newest_revision(self) -> int:
        """The revision that a ReplicaSet of the present template has."""
        return 1 + max(map(revision_of, self.old), default=0)

    @property
    def size_annotations(self) -> dict[str, str]:
        """What a ReplicaSet notes of the Deployment's size when it is scaled."""
        rollout = self.rollout
        return {
            DESIRED_REPLICAS: str(rollout.replicas),
            MAX_REPLICAS: str(rollout.replicas + rollout.max_surge),
        }

    @property
    def inherited_annotations(self) -> dict[str, str]:
        """What ReplicaSets take over of the Deployment's annotations."""
        own = self.deployment.metadata.annotations
        return {k: v for k, v in own.items() if k not in _OWN_ANNOTATIONS}

    @property
    def is_scaling(self) -> bool:
        """Whether the Deployment's size changed since its ReplicaSets were scaled."""
        noted = (_count(s, DESIRED_REPLICAS) for s in self.sets if s.spec.replicas)
        return any(each not in {None, self.rollout.replicas} for each in noted)

    @property
    def is_saturated(self) -> bool:
        """Whether the new ReplicaSet alone does what the Deployment asks for."""
        new, wanted = self.new, self.rollout.replicas
        return new is not None and (
            new.spec.replicas == wanted
            and _count(new, DESIRED_REPLICAS) == wanted
            and new.status.available_replicas == wanted
        )

    @property
    def only_or_latest(self) -> apps_v1.ReplicaSet | None:
        """The one ReplicaSet that has a size, or the one to get it when none has."""
        active = [s for s in self.sets if s.spec.replicas]
        if active:
            return active[0] if len(active) == 1 else None
        return self.new or (self.old[-1] if self.old else None)


def look(deployment: apps_v1.Deployment, owned: Iterable[apps_v1.ReplicaSet]) -> State:
    """Return how a Deployment stands.

    Args:
        deployment: The Deployment.
        owned: Its ReplicaSets, those that are being deleted too: while one is there,
            its name is taken.
    """
    spec = deployment.spec
    replicas = 1 if spec.replicas is None else spec.replicas
    rolling = spec.strategy.rolling_update
    surge, unavailable = 0, 0
    if spec.strategy.type != "Recreate":
        surge, unavailable = bounds(
            replicas,
            _amount(rolling.max_surge if rolling else None),
            _amount(rolling.max_unavailable if rolling else None),
        )
    sets = sorted(owned, key=_birth)
    # Of several equal ones the oldest counts, so that every controller picks the same.
    new = next((s for s in sets if has_template_of(deployment, s)), None)
    return State(
        deployment=deployment,
        rollout=Rollout(
            replicas=replicas,
            max_surge=surge,
            max_unavailable=unavailable,
            status_replicas=deployment.status.replicas,
        ),
        new=new,
        old=[s for s in sets if s is not new],
    )


def has_template_of(
    deployment: apps_v1.Deployment, replica_set: apps_v1.ReplicaSet
) -> bool:
    """Tell whether a ReplicaSet's pods are those that the Deployment describes."""
    return _template(replica_set.spec.template) == _template(deployment.spec.template)


def revision_of(replica_set: apps_v1.ReplicaSet) -> int:
    """Return the revision of a ReplicaSet, 0 when it has none."""
    return _count(replica_set, REVISION) or 0


def _amount(value: int | str | None) -> int | str:
    return "25%" if value is None else value


def _template(template: core_v1.PodTemplateSpec) -> dict[str, object]:
    content = to_dict(template)
    labels = content.get("metadata", {}).get("labels", {})
    labels.pop(HASH_LABEL, None)
    return content


def _birth(replica_set: apps_v1.ReplicaSet) -> tuple[float, str]:
    created = replica_set.metadata.creation_timestamp
    return (created.timestamp() if created else 0.0, replica_set.metadata.name)


def _count(replica_set: apps_v1.ReplicaSet, annotation: str) -> int | None:
    text = replica_set.metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() else None


def _size(replica_set: apps_v1.ReplicaSet, age: int) -> SetSize:
    return SetSize(
        name=replica_set.metadata.name,
        replicas=replica_set.spec.replicas or 0,
        available=replica_set.status.available_replicas,
        age=age,
        revision=revision_of(replica_set),
        max_replicas=_count(replica_set, MAX_REPLICAS) or 0,
    )
