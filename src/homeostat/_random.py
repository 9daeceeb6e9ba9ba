"""Ids and jitter, behind one class that a seed makes reproducible."""

import random

__all__ = ["NAME_ALPHABET", "Random"]

# No vowels, no 0, 1 or 3: generated names spell nothing and are read without doubt.
# Source: apimachinery util/rand.
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

_UUID_MASK = ~(0xF000 << 64 | 0xC000 << 48)
_UUID_VERSION_4 = 0x4000 << 64 | 0x8000 << 48


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
        # As uuid.UUID(int=..., version=4) in a third of the time: reconciles take one.
        bits = self._random.getrandbits(128) & _UUID_MASK | _UUID_VERSION_4
        text = bits.to_bytes(16, "big").hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

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
