"""One Deployment and its ReplicaSets, as one reconcile works on them."""

from dataclasses import dataclass

from homeostat.api import to_dict
from homeostat.cache import Index, Record
from homeostat.controller import Context
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._rollout import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    Rollout,
    SetSize,
    bounds,
)

__all__ = ["HASH_LABEL", "State", "look", "revision_of"]

HASH_LABEL = "pod-template-hash"
# Annotations of a Deployment that its ReplicaSets do not inherit.
_OWN_ANNOTATIONS = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    "deployment.kubernetes.io/revision-history",
    REVISION,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
}


def _controller_uid(record: Record) -> str | None:
    return record.controller_uid


_sets_by_controller = Index(apps_v1.ReplicaSet, by=_controller_uid, name="controller")


@dataclass(slots=True)
class State:
    """One Deployment and its ReplicaSets.

    Attributes:
        deployment: The Deployment.
        rollout: Its side of the arithmetic.
        new: The ReplicaSet of its template, None before it exists.
        old: The others, lowest revision first.
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
        return [_size(s, age) for age, s in enumerate(self.sets)]

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
        wanted = str(self.rollout.replicas)
        return any(
            s.metadata.annotations.get(DESIRED_REPLICAS, wanted) != wanted
            for s in self.sets
            if s.spec.replicas
        )

    @property
    def is_saturated(self) -> bool:
        """Whether the new ReplicaSet alone does what the Deployment asks for."""
        new, wanted = self.new, self.rollout.replicas
        return new is not None and (
            new.spec.replicas == wanted
            and new.metadata.annotations.get(DESIRED_REPLICAS) == str(wanted)
            and new.status.available_replicas == wanted
        )


def look(deployment: apps_v1.Deployment, ctx: Context) -> State:
    """Return what the cache knows of a Deployment."""
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
    owned = [
        s
        for s in ctx.list(_sets_by_controller[deployment.metadata.uid])
        if not s.metadata.deletion_timestamp
    ]
    owned.sort(key=lambda s: (revision_of(s), s.metadata.name))
    wanted = _template(deployment.spec.template)
    matching = [s for s in owned if _template(s.spec.template) == wanted]
    # Of several equal ones the oldest counts, so that every controller picks the same.
    new = matching[0] if matching else None
    return State(
        deployment=deployment,
        rollout=Rollout(
            replicas=replicas,
            max_surge=surge,
            max_unavailable=unavailable,
            status_replicas=deployment.status.replicas,
        ),
        new=new,
        old=[s for s in owned if s is not new],
    )


def _amount(value: int | str | None) -> int | str:
    return "25%" if value is None else value


def _template(template: core_v1.PodTemplateSpec) -> dict[str, object]:
    content = to_dict(template)
    labels = content.get("metadata", {}).get("labels", {})
    labels.pop(HASH_LABEL, None)
    return content


def revision_of(replica_set: apps_v1.ReplicaSet) -> int:
    """Return the revision of a ReplicaSet, 0 when it has none."""
    text = replica_set.metadata.annotations.get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _size(replica_set: apps_v1.ReplicaSet, age: int) -> SetSize:
    highest = replica_set.metadata.annotations.get(MAX_REPLICAS, "0")
    return SetSize(
        name=replica_set.metadata.name,
        replicas=replica_set.spec.replicas or 0,
        available=replica_set.status.available_replicas,
        age=age,
        max_replicas=int(highest) if highest.isdigit() else 0,
    )
