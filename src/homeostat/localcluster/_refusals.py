"""What the API server refuses to take: said once, and asked again ever more seldom.

It is the user's own pod template, or a quota, that the server refuses. Status and
events tell him why; a traceback through these controllers tells him nothing.
"""

import logging
from typing import final

from homeostat.api import Object
from homeostat.controller import Requeue
from homeostat.errors import ApiError

__all__ = ["Refusals"]

logger = logging.getLogger(__name__)

BASE, CAP = 0.05, 60.0  # seconds until the next try, after the first and after many
_CODES = frozenset({400, 403, 422})


@final
class Refusals:
    """How often in a row what each object asks for was refused.

    Invariant: at most ``size`` objects, those of the latest refusals.

    Args:
        what: What is refused, as ``pods``; for the log.
        size: How many objects.
    """

    def __init__(self, what: str, *, size: int = 1024) -> None:
        self._what = what
        self._size = size
        # By uid, with the generation: what has changed is another thing to refuse.
        self._counts: dict[str, tuple[int | None, int]] = {}

    def again(self, owner: Object, error: ApiError) -> Exception:
        """Return what a reconcile raises that was refused what it wanted.

        The first refusal of a generation is logged. An error of another kind, as of a
        server that is broken, is returned as it is.

        Args:
            owner: The object that asks for it.
            error: What the server answered.
        """
        if error.code not in _CODES:
            return error
        meta = owner.metadata
        generation, count = self._counts.pop(meta.uid, (meta.generation, 0))
        if generation != meta.generation:
            count = 0
        self._counts[meta.uid] = (meta.generation, count + 1)
        while len(self._counts) > self._size:
            del self._counts[next(iter(self._counts))]
        if not count:
            logger.warning(
                "the API server refuses the %s of %s %s/%s: %s",
                self._what,
                type(owner).__name__,
                meta.namespace,
                meta.name,
                error.message,
            )
        # The exponent is bounded: 2.0 ** 1024 raises OverflowError, not inf.
        after = min(CAP, BASE * 2.0 ** min(count, 16))
        return Requeue(after=after, reason="refused")

    def end(self, owner: Object) -> None:
        """Forget an object that is refused nothing any more."""
        self._counts.pop(owner.metadata.uid, None)
