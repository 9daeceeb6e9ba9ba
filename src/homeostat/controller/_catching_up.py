"""Holds a key back until the caches show what was written for it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

from homeostat._metrics import NO_METRICS, Metrics
from homeostat.api import Request
from homeostat.cache import Informer, InformerFactory, Owner
from homeostat.controller._result import Behind

__all__ = ["DEADLINE", "CatchingUp", "judge"]

DEADLINE: Final = 5.0  # seconds after which a list is worth more than waiting
# Seconds after which a key that waits asks again by itself: what it waits for wakes it.
AGAIN: Final = 60.0

_Verdict: TypeAlias = Literal["pass", "park", "read"]


def judge(
    *, behind: bool, since: float | None, now: float, deadline: float
) -> tuple[_Verdict, float]:
    """Decide what a key does whose caches may be behind its writes. Pure.

    Args:
        behind: Whether they are.
        since: When it began to wait, None when it has not.
        now: Monotonic time.
        deadline: Seconds that it waits at most.

    Returns:
        ``pass``; ``park``, to ask again in so many seconds at most; or ``read`` live.
    """
    if not behind:
        return "pass", 0.0
    left = deadline - (0.0 if since is None else now - since)
    return ("park", min(left, AGAIN)) if left > 0 else ("read", 0.0)


@dataclass(frozen=True, slots=True)
class _Wait:
    """A key that waits.

    Attributes:
        request: The key.
        since: Since when, in the loop's time.
        informers: For which caches.
        strict: Also for what readers see already.
    """

    request: Request
    since: float
    informers: Sequence[Informer[Any]]
    strict: bool


@final
class CatchingUp:
    """Knows which keys of a controller are ahead of its caches.

    A key never holds a worker while it waits: it parks, and what it waits for wakes it.

    Args:
        controller: Whose writes count.
        informers: The caches of what it declares.
        caches: Tell which keys they owe something.
        strict: A reconcile begins only when all writes for its key are shown; else when
            those are that its reads would not see.
        metrics: Where figures go.

    Attributes:
        wake: Called with a key whose wait is over.
    """

    __slots__ = (
        "_caches",
        "_controller",
        "_informers",
        "_metrics",
        "_strict",
        "_waits",
        "wake",
    )

    def __init__(
        self,
        controller: str,
        informers: Iterable[Informer[Any]],
        caches: InformerFactory,
        *,
        strict: bool = False,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._controller = controller
        self._informers = tuple(informers)
        self._caches = caches
        self._strict = strict
        self._metrics = metrics
        self._waits: dict[Owner, _Wait] = {}
        self.wake: Callable[[Request], object] = _nothing
        caches.suspects.listeners.append(self._look)
        caches.owed.listeners.append(self._look)

    def __len__(self) -> int:
        """Return how many keys wait, or have not run since they were woken."""
        return len(self._waits)

    @property
    def idle(self) -> bool:
        """Whether no key of any controller waits, or would have to."""
        caches = self._caches
        return not (len(caches.suspects) or len(caches.owed) or self._waits)

    async def admit(self, request: Request) -> None:
        """Let a reconcile begin.

        Raises:
            Behind: Not yet.
            ApiError: The caches are behind, and the server refused a live list.
            TransportError: They are, and it did not answer.
        """
        await self._pass(request, self._informers, DEADLINE, strict=self._strict)

    async def caught_up(
        self,
        request: Request,
        informers: Sequence[Informer[Any]] | None,
        deadline: float,
    ) -> None:
        """Go on only when streams have shown all writes for a key.

        Args:
            request: The key.
            informers: Whose streams; None for all.
            deadline: Seconds that it waits before a live list takes their place.

        Raises:
            Behind: Not yet.
            ApiError: The caches are behind, and the server refused a live list.
            TransportError: They are, and it did not answer.
        """
        chosen = self._informers if informers is None else informers
        await self._pass(request, chosen, deadline, strict=True)

    def has_passed(self, request: Request) -> bool:
        """Return whether a key that is about to park has nothing to wait for."""
        owner = self._owner(request)
        wait = self._waits.get(owner)
        return wait is not None and self._is_over(owner, wait)

    def ended(self, request: Request) -> None:
        """Take note that a reconcile came to its end: its key waits for nothing."""
        self._waits.pop(self._owner(request), None)

    async def _pass(
        self,
        request: Request,
        informers: Sequence[Informer[Any]],
        deadline: float,
        *,
        strict: bool,
    ) -> None:
        owner = self._owner(request)
        now = asyncio.get_running_loop().time()
        known = self._waits.get(owner)
        since = known.since if known is not None and known.informers else None
        if owner in self._caches.suspects:
            self._waits[owner] = _Wait(request, now, (), strict)
            raise self._behind(AGAIN, "suspect")
        behind = self._behind_of(owner, informers, strict=strict)
        verdict, left = judge(
            behind=bool(behind), since=since, now=now, deadline=deadline
        )
        if verdict == "park":
            began = now if since is None else since
            self._waits[owner] = _Wait(request, began, tuple(behind), strict)
            raise self._behind(left, "behind")
        if verdict == "read":
            for informer in behind:
                await self._caches.catch_up(informer, owner)
        if known is not None and self._is_over(owner, known):
            # Another wait has a deadline of its own.
            self._waits.pop(owner, None)

    def _behind(self, after: float, reason: str) -> Behind:
        self._metrics.count(
            "stale_sync_skips_total", controller=self._controller, reason=reason
        )
        return Behind(after=after, reason=reason)

    def _behind_of(
        self, owner: Owner, informers: Iterable[Informer[Any]], *, strict: bool
    ) -> list[Informer[Any]]:
        if owner not in self._caches.owed:
            return []
        return [each for each in informers if each.awaits(owner, strict=strict)]

    def _is_over(self, owner: Owner, wait: _Wait) -> bool:
        if owner in self._caches.suspects:
            return False
        return not self._behind_of(owner, wait.informers, strict=wait.strict)

    def _look(self, owner: Owner) -> None:
        wait = self._waits.get(owner)
        if wait is not None and self._is_over(owner, wait):
            self.wake(wait.request)

    def _owner(self, request: Request) -> Owner:
        return self._controller, str(request)


def _nothing(_request: Request) -> None:
    """Stand in for who is woken."""
