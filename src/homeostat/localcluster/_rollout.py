"""What a Deployment does next: pure arithmetic over its ReplicaSets.

A rollout moves replicas from old ReplicaSets to the new one without ever running more
than ``replicas + maxSurge`` pods or fewer than ``replicas - maxUnavailable`` available
ones. Each function here looks at one moment and says how many replicas each ReplicaSet
should have.

Source: kubernetes ``pkg/controller/deployment`` (rolling.go, recreate.go, sync.go) and
``pkg/controller/deployment/util``.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from homeostat._random import NAME_ALPHABET

__all__ = [
    "DESIRED_REPLICAS",
    "MAX_REPLICAS",
    "REVISION",
    "REVISION_HISTORY",
    "Rollout",
    "SetSize",
    "bounds",
    "former_revisions",
    "new_set_replicas",
    "old_set_replicas",
    "proportions",
    "share_of",
    "surplus_history",
    "template_hash",
]

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

_HASH_LENGTH = 10
_HISTORY_LENGTH = 2000  # characters of the annotation: some 400 revisions


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize:
    """One ReplicaSet, as the arithmetic sees it.

    Attributes:
        name: Name of the ReplicaSet.
        replicas: Replicas that its spec asks for.
        available: Available replicas by its status.
        age: Position by creation; 0 is the oldest.
        revision: Its revision, 0 when it has none.
        max_replicas: ``replicas + maxSurge`` of the Deployment when it was last scaled;
            0 when it was never written.
    """

    name: str
    replicas: int
    available: int = 0
    age: int = 0
    revision: int = 0
    max_replicas: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The Deployment's side of the arithmetic.

    Attributes:
        replicas: Replicas that the Deployment asks for.
        max_surge: Pods allowed beyond ``replicas``.
        max_unavailable: Pods that may be missing.
        status_replicas: Replicas by the Deployment's status.
    """

    replicas: int
    max_surge: int
    max_unavailable: int
    status_replicas: int = 0


def bounds(
    replicas: int, max_surge: int | str, max_unavailable: int | str
) -> tuple[int, int]:
    """Return (surge, unavailable) in pods; each is a number or a percentage.

    A percentage of surge rounds up, of unavailability down. Both zero would stop every
    rollout, so then one pod may be unavailable.
    """
    surge = math.ceil(share_of(max_surge, replicas))
    unavailable = math.floor(share_of(max_unavailable, replicas))
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def share_of(value: int | str, replicas: int) -> Fraction:
    """Return how many of the replicas a number or a percentage stands for."""
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(int(value.rstrip("%")) * replicas, 100)


def new_set_replicas(rollout: Rollout, new: SetSize, sets: Sequence[SetSize]) -> int:
    """Return how many replicas the new ReplicaSet gets in a rolling update.

    Args:
        rollout: The Deployment.
        new: The ReplicaSet of the current template.
        sets: Every ReplicaSet of the Deployment, ``new`` included.
    """
    if new.replicas >= rollout.replicas:
        return rollout.replicas
    room = rollout.replicas + rollout.max_surge - sum(s.replicas for s in sets)
    if room <= 0:
        return new.replicas
    return new.replicas + min(room, rollout.replicas - new.replicas)


def old_set_replicas(
    rollout: Rollout, new: SetSize, old: Sequence[SetSize]
) -> Sequence[tuple[str, int]]:
    """Return how old ReplicaSets shrink: their names and replicas, step by step.

    Pods that are not available go first: they serve nobody. Then available ones go,
    oldest ReplicaSet first, as long as enough available pods remain. A ReplicaSet may
    take part in both.
    """
    total = new.replicas + sum(s.replicas for s in old)
    required = rollout.replicas - rollout.max_unavailable
    room = total - required - (new.replicas - new.available)
    active = sorted((s for s in old if s.replicas), key=lambda s: s.age)
    if room <= 0 or not active:
        return ()
    steps: list[tuple[str, int]] = []
    sizes: dict[str, int] = {}
    for current in active:
        if room and current.available > current.replicas:
            # Its status lags behind: what it calls available is about to go, and
            # counting on it would leave nobody to serve.
            return steps
        drop = min(room, current.replicas - current.available) if room else 0
        room -= drop
        sizes[current.name] = current.replicas - drop
        if drop:
            steps.append((current.name, sizes[current.name]))
    # By their status, which does not know yet who has just been told to shrink.
    spare = new.available + sum(s.available for s in active) - required
    for name, replicas in sizes.items():
        drop = min(replicas, max(0, spare))
        spare -= drop
        if drop:
            steps.append((name, replicas - drop))
    return steps


def proportions(rollout: Rollout, sets: Sequence[SetSize]) -> Mapping[str, int]:
    """Return the replicas of each ReplicaSet after scaling amid a rollout.

    What the Deployment gains or loses is shared in proportion to the size of each
    ReplicaSet; what rounding leaves goes to the largest one.
    """
    active = [s for s in sets if s.replicas > 0]
    if not active:
        return {}
    allowed = rollout.replicas + rollout.max_surge if rollout.replicas else 0
    to_add = allowed - sum(s.replicas for s in active)
    # Growing favours the newest of equal size, shrinking the oldest.
    order = sorted(active, key=lambda s: (-s.replicas, -s.age if to_add > 0 else s.age))
    added = 0
    result: dict[str, int] = {}
    for current in order:
        share = _share(current, rollout, allowed, to_add, added)
        added += share
        result[current.name] = current.replicas + share
    first = order[0].name
    result[first] = max(0, result[first] + to_add - added)
    return result


def _share(
    current: SetSize, rollout: Rollout, allowed: int, to_add: int, added: int
) -> int:
    left = to_add - added
    if left == 0:
        return 0
    if rollout.replicas == 0:
        fraction = -current.replicas
    else:
        before = current.max_replicas or rollout.status_replicas
        if before == 0:
            return 0
        # Halves round away from zero, as Go's; round() would take the even neighbour.
        grown = math.floor(
            Fraction(current.replicas * allowed, before) + Fraction(1, 2)
        )
        fraction = grown - current.replicas
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def surplus_history(
    old: Sequence[SetSize], limit: int, busy: frozenset[str] = frozenset()
) -> list[str]:
    """Return the names of old ReplicaSets to delete, lowest revision first.

    Args:
        old: ReplicaSets of former templates that are not being deleted.
        limit: ``revisionHistoryLimit``: how many may stay.
        busy: Names of those whose status still shows pods, or lags behind the spec.
    """
    by_revision = sorted(old, key=lambda s: (s.revision, s.age))
    return [
        s.name
        for s in by_revision[: max(0, len(old) - limit)]
        if s.replicas == 0 and s.name not in busy
    ]


def former_revisions(known: str, revision: str) -> str:
    """Return the annotation that names every revision a ReplicaSet has had before.

    Args:
        known: The annotation so far, "" for none.
        revision: The revision that it had until now. The first ones are forgotten when
            there are too many.
    """
    revisions = [*known.split(","), revision] if known else [revision]
    while len(text := ",".join(revisions)) > _HISTORY_LENGTH:
        del revisions[0]
    return text


def template_hash(template: object, collisions: int = 0) -> str:
    """Return the value of the label ``pod-template-hash``.

    Two templates with the same content have the same hash, whatever the order of their
    maps. The value is opaque: upstream's own has changed between releases.
    """
    content = msgspec.json.encode(template, order="deterministic")
    digest = hashlib.sha256(content + str(collisions or "").encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    letters: list[str] = []
    for _ in range(_HASH_LENGTH):
        number, index = divmod(number, len(NAME_ALPHABET))
        letters.append(NAME_ALPHABET[index])
    return "".join(letters)
