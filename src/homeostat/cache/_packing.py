"""Objects as compressed bytes: a dictionary for each kind, and back byte for byte."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias, final

__all__ = ["Packer", "train"]

Bytes: TypeAlias = bytes | memoryview

# Fewer objects of a kind are not worth a dictionary: it weighs as much as fifty.
TRAIN_AT: Final = 256
# Measured on Pods: twice the size saves nothing, half of it costs 5 %.
DICTIONARY_BYTES: Final = 32 << 10
_SAMPLE_BYTES: Final = 4 << 20
# How it is trained. To search for the best segment, as zstd does when it is not told,
# takes five times as long; this one is within 2 % of the best on Pods, ConfigMaps,
# Secrets and Leases, and better by 3 to 9 % on Pods.
_TRAINING: Final = {"k": 3500, "d": 8, "f": 18, "accel": 1}
# Level 3 saves nothing and costs a fifth more time.
_LEVEL: Final = 1

# So many objects tell whether the dictionary still fits; each 16th is a sample.
WINDOW: Final = 4096
_DECAY: Final = 1.3
_SPACING: Final = WINDOW // TRAIN_AT

# Unpacked bytes that are kept for the next reader: a reconcile reads an object several
# times over. What packs to more is too large to be kept.
_RECENT: Final = 64
_RECENT_BYTES: Final = 4 << 10

# Frames are kept without their first byte, which is always the same: to cut it off is
# the quickest way to a copy. No JSON begins with the second one.
_FIRST: Final = b"\x28"
_SECOND: Final = 0xB5


def train(samples: Sequence[bytes]) -> bytes:
    """Return a dictionary for objects like these, b"" when they have nothing in common.

    Takes some 6 ms; in another thread, that leaves the interpreter free.
    """
    import zstandard  # noqa: PLC0415  # 12 ms that a small cluster never pays

    try:
        trained = zstandard.train_dictionary(
            DICTIONARY_BYTES, list(samples), **_TRAINING
        )
    except zstandard.ZstdError:
        return b""
    return trained.as_bytes()


@final
class _Dictionary:
    """One dictionary, ready for both directions."""

    __slots__ = ("_idle", "_make", "compress")

    def __init__(self, trained: bytes) -> None:
        import zstandard  # noqa: PLC0415  # see train

        # Its stubs leave types out.
        data: Any = zstandard.ZstdCompressionDict(trained) if trained else None
        if data is not None:
            data.precompute_compress(level=_LEVEL)
        self.compress: Callable[[Bytes], bytes] = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=data, write_checksum=False
        ).compress
        self._make: Callable[[], Any] = lambda: zstandard.ZstdDecompressor(
            dict_data=data
        )
        self._idle: list[Any] = []

    def decompress(self, packed: bytes) -> bytes:
        # A decompressor serves one thread at a time, and reads come from several.
        try:
            decompressor = self._idle.pop()
        except IndexError:
            decompressor = self._make()
        unpacked: bytes = decompressor.decompress(packed)
        self._idle.append(decompressor)
        return unpacked


@final
class Packer:
    """Packs and unpacks the objects of one kind.

    The first objects stay plain, and are the samples for a dictionary. When ``due``,
    ``train`` makes one of ``samples``, and ``adopt`` has it used from there on. When
    objects come to pack worse than they did with a new dictionary, samples are gathered
    for another one, with twice as many objects between two as between the two before.

    ``unpack`` is for any thread, the rest for one. Whatever was packed can be unpacked
    as long as this lives: frames name their dictionary, and all of the few are kept.

    Args:
        enabled: Without it objects stay plain bytes.

    Attributes:
        due: A dictionary is to be trained.
    """

    __slots__ = (
        "_baseline",
        "_dictionaries",
        "_gathers",
        "_in",
        "_out",
        "_recent",
        "_sample_bytes",
        "_samples",
        "_seen",
        "_until_next",
        "due",
    )

    def __init__(self, *, enabled: bool = True) -> None:
        self.due: bool = False
        self._dictionaries: list[_Dictionary] = []  # the newest first
        self._gathers = enabled
        self._samples: list[bytes] = []
        self._sample_bytes = 0
        self._baseline = 0.0  # packed size by plain size, of the first whole window
        self._until_next = 0  # windows before there may be another dictionary
        self._seen = self._in = self._out = 0  # in this window
        self._recent: Callable[[bytes], bytes] = lru_cache(_RECENT)(self._unpack)

    @property
    def samples(self) -> list[bytes]:
        """What the dictionary that is due is to be trained on."""
        return self._samples

    def pack(self, data: Bytes) -> bytes:
        """Return an object's bytes as they are to be kept, in a block of their size."""
        if not self._dictionaries:
            plain = bytes(data)
            if self._gathers:
                self._sample(plain)
            return plain
        # The compressor gives its result in a block for the worst case: copy it.
        packed = self._dictionaries[0].compress(data)[1:]
        self._seen += 1
        self._in += len(data)
        self._out += len(packed)
        if self._gathers and self._seen % _SPACING == 0:
            self._sample(bytes(data))
        if self._seen >= WINDOW:
            self._look_back()
        return packed if len(packed) < len(data) else bytes(data)

    def unpack(self, packed: bytes) -> bytes:
        """Return an object's own bytes."""
        if packed[0] != _SECOND:
            return packed
        if len(packed) > _RECENT_BYTES:
            return self._unpack(packed)
        return self._recent(packed)

    def adopt(self, trained: bytes) -> None:
        """Pack with another dictionary from here on."""
        self._dictionaries.insert(0, _Dictionary(trained))
        self._samples = []
        self._sample_bytes = 0
        self.due = self._gathers = False
        self._baseline = 0.0
        self._until_next = 1 << len(self._dictionaries)
        self._seen = self._in = self._out = 0

    def repack(self, packed: bytes) -> bytes:
        """Return what is plain, or what an earlier dictionary packed, packed anew."""
        return self.pack(self._unpack(packed) if packed[0] == _SECOND else packed)

    def _sample(self, data: bytes) -> None:
        self._samples.append(data)
        self._sample_bytes += len(data)
        self.due = len(self._samples) >= TRAIN_AT or self._sample_bytes >= _SAMPLE_BYTES
        self._gathers = not self.due

    def _look_back(self) -> None:
        """Find out whether objects pack worse than they did."""
        ratio = self._out / self._in
        self._seen = self._in = self._out = 0
        self._until_next -= 1
        if not self._baseline:
            self._baseline = ratio
        elif ratio > self._baseline * _DECAY and self._until_next <= 0:
            self._gathers = not self.due

    def _unpack(self, packed: bytes) -> bytes:
        import zstandard  # noqa: PLC0415  # loaded since something was packed

        frame = _FIRST + packed
        for dictionary in tuple(self._dictionaries):
            try:
                return dictionary.decompress(frame)
            except zstandard.ZstdError:
                continue  # packed by one before
        raise ValueError(f"{len(packed)} bytes that no dictionary here has packed")
