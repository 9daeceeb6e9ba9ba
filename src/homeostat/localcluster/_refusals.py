"""What the API server refuses to take: said once, and asked again ever more seldom.

It is the user's own pod template, or a quota, that the server refuses. Status and
events tell him why; a traceback through these controllers tells him nothing.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
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

    Each run of a controller has its own: uids may come again with the seed of another.
    Invariant: at most ``size`` objects, those of the latest refusals.

    Args:
        size: How many objects.
    """

    def __init__(self, *, size: int = 1024) -> None:
        self._size = size
        # By uid, with the generation: what has changed is another thing to refuse.
        self._counts: dict[str, tuple[int | None, int]] = {}

    @contextmanager
    def asking_for(self, owner: Object) -> Generator[None]:
        """Reconcile an object in this block; one that ends well is refused nothing.

        The first refusal of a generation is logged. That nothing is created any more
        where a namespace is being deleted is no refusal, and ends the block in peace.
        An error of another kind, as of a server that is broken, passes as it is.

        Raises:
            Requeue: The server refused something.
        """
        generation = owner.metadata.generation
        try:
            yield
        except ApiError as error:
            if error.is_namespace_terminating:
                return
            if error.code not in _CODES:
                raise
            after = self._note(owner, generation, error)
            raise Requeue(after=after, reason="refused") from error
        self._counts.pop(owner.metadata.uid, None)

    def _note(self, owner: Object, generation: int | None, error: ApiError) -> float:
        """Return the seconds until the next try."""
        meta = owner.metadata
        known, count = self._counts.pop(meta.uid, (generation, 0))
        if known != generation:
            count = 0
        self._counts[meta.uid] = (generation, count + 1)
        while len(self._counts) > self._size:
            del self._counts[next(iter(self._counts))]
        if not count:
            logger.warning(
                "the API server refuses what %s %s/%s asks for: %s",
                type(owner).__name__,
                meta.namespace,
                meta.name,
                error,
            )
        # The exponent is bounded: 2.0 ** 1024 raises OverflowError, not inf.
        return min(CAP, BASE * 2.0 ** min(count, 16))
