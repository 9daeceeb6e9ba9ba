"""How long a failing key waits."""

__all__ = ["DEFAULT_BASE", "DEFAULT_CAP", "backoff"]

DEFAULT_BASE = 0.005  # seconds; client-go uses 5 ms (default_rate_limiters.go)
DEFAULT_CAP = 1000.0  # seconds; the same source


def backoff(
    failures: int, *, base: float = DEFAULT_BASE, cap: float = DEFAULT_CAP
) -> float:
    """Return the delay before the next try of a key.

    Args:
        failures: Consecutive failures before this one, >= 0.
        base: Delay after the first failure, in seconds.
        cap: Upper bound, in seconds.

    Returns:
        Seconds in ``[base, cap]``, without jitter: the caller adds it.

    Source: client-go ``TypedItemExponentialFailureRateLimiter.When``.
    """
    # Bound the exponent: 2.0 ** 1024 raises OverflowError, not inf.
    return min(cap, base * 2.0 ** min(failures, 64))
