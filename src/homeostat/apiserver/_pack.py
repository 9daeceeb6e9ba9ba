"""Bytes of objects that nobody has written lately, held compressed."""

from functools import cache
from typing import Any

__all__ = ["pack", "unpack"]

# A write waits for it: higher ones take several times as long.
LEVEL = 1


def pack(data: bytes) -> bytes:
    """Return bytes that ``unpack`` turns into these."""
    packed: bytes = _codec()[0](data)
    # A copy: the compressor's own bytes hold as much memory as the worst case takes.
    return bytes(memoryview(packed))


def unpack(packed: bytes) -> bytes:
    """Return what was packed."""
    data: bytes = _codec()[1](packed)
    return data


@cache
def _codec() -> tuple[Any, Any]:
    import zstandard  # noqa: PLC0415  # 12 ms that a small cluster never pays

    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False)
    return compressor.compress, zstandard.ZstdDecompressor().decompress
