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
from dataclasses import dataclass, replace
from fractions import Fraction

import msgspec

from homeostat._random import NAME_ALPHABET

__all__ = [
    "DESIRED_REPLICAS",
    "MAX_REPLICAS",
    "REVISION",
    "Rollout",
    "SetSize",
    "bounds",
    "new_set_replicas",
    "old_set_replicas",
    "proportions",
    "surplus_history",
    "template_hash",
]

REVISION = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

_HASH_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize:
    """One ReplicaSet, as the arithmetic sees it.

    Attributes:
        name: Name of the ReplicaSet.
        replicas: Replicas that its spec asks for.
        available: Available replicas by its status.
        age: Position by creation, or by revision; 0 is the oldest.
        max_replicas: ``replicas + maxSurge`` of the Deployment when it was last scaled;
            0 when it was never written.
    """

    name: str
    replicas: int
    available: int = 0
    age: int = 0
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
    surge = math.ceil(_share_of(max_surge, replicas))
    unavailable = math.floor(_share_of(max_unavailable, replicas))
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def _share_of(value: int | str, replicas: int) -> Fraction:
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
) -> Mapping[str, int]:
    """Return the replicas of the old ReplicaSets that have to shrink.

    Pods that are not available go first: they serve nobody. Then available ones go,
    oldest ReplicaSet first, as long as enough available pods remain.
    """
    total = new.replicas + sum(s.replicas for s in old)
    required = rollout.replicas - rollout.max_unavailable
    room = total - required - (new.replicas - new.available)
    if room <= 0:
        return {}
    by_age = sorted(old, key=lambda s: s.age)
    shrunk = _drop_unavailable(by_age, room)
    spare = new.available + sum(s.available for s in old) - required
    for index, current in enumerate(shrunk):
        if spare <= 0:
            break
        drop = min(current.replicas, spare)
        shrunk[index] = replace(current, replicas=current.replicas - drop)
        spare -= drop
    before = {s.name: s.replicas for s in old}
    return {s.name: s.replicas for s in shrunk if s.replicas != before[s.name]}


def _drop_unavailable(sets: Sequence[SetSize], room: int) -> list[SetSize]:
    shrunk: list[SetSize] = []
    for current in sets:
        drop = min(room, max(0, current.replicas - current.available))
        room -= drop
        shrunk.append(replace(current, replicas=current.replicas - drop))
    return shrunk


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
    by_revision = sorted(old, key=lambda s: s.age)
    return [
        s.name
        for s in by_revision[: max(0, len(old) - limit)]
        if s.replicas == 0 and s.name not in busy
    ]


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
