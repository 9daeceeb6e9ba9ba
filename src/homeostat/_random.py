"""Ids and jitter, behind one class that a seed makes reproducible."""

import random
import uuid

__all__ = ["NAME_ALPHABET", "Random"]

# No vowels, no 0, 1 or 3: generated names spell nothing and are read without doubt.
# Source: apimachinery util/rand.
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Random:
    """Source of every id and every jitter of the process.

    Args:
        seed: None takes the system's entropy; an int makes each run the same.
    """

    __slots__ = ("_random",)

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """Return a new random UUID (version 4) in its text form."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """Return a suffix as ``generateName`` appends it."""
        return "".join(self._random.choices(NAME_ALPHABET, k=length))

    def uniform(self, low: float, high: float) -> float:
        """Return a float in ``[low, high]``."""
        return self._random.uniform(low, high)

    def jitter(self, seconds: float, factor: float) -> float:
        """Return ``seconds`` lengthened by up to ``factor`` of itself.

        Source: apimachinery ``wait.Jitter``.
        """
        return seconds * (1.0 + self._random.random() * factor)

    def bytes(self, count: int) -> bytes:
        """Return ``count`` random bytes."""
        return self._random.randbytes(count)
