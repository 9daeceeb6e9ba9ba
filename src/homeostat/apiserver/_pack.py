"""Bytes of objects that nobody has written lately, held compressed."""

from functools import cache
from threading import local
from typing import Any

__all__ = ["pack", "unpack"]

# A write waits for it: higher ones take several times as long.
LEVEL = 1


class _Codec(local):
    """One for each thread that has a server: two must not compress at once by one."""

    def __init__(self) -> None:
        super().__init__()
        import zstandard  # noqa: PLC0415  # 12 ms that a small cluster never pays

        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False)
        self.compress: Any = compressor.compress
        self.decompress: Any = zstandard.ZstdDecompressor().decompress


@cache
def _codec() -> _Codec:
    return _Codec()


def pack(data: bytes) -> bytes:
    """Return bytes that ``unpack`` turns into these."""
    packed: bytes = _codec().compress(data)
    # A copy: the compressor's own bytes hold as much memory as the worst case takes.
    return bytes(memoryview(packed))


def unpack(packed: bytes) -> bytes:
    """Return what was packed."""
    data: bytes = _codec().decompress(packed)
    return data
