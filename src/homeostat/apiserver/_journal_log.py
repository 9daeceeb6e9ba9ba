"""The end of a log that a dead process has left.

SQLite takes a log up to the first frame that is not whole, for there a process may have
died. When commits follow that frame, nobody died there: the file was damaged since, or
the machine lost its power. Then the tail is gone, and somebody has to be told.

Source: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import os
import struct
from pathlib import Path

__all__ = ["HEADER_BYTES", "last_commit"]

HEADER_BYTES = 32
_FRAME_BYTES = 24
_HEADER = struct.Struct(">8xI4xII8x")  # page size, two salts
_FRAME = struct.Struct(">4xIII8x")  # 0 unless it ends a commit; the salts of its log


def last_commit(log: Path) -> int:
    """Return which frame ends the last commit, counted from 1; 0 without any.

    Frames of an earlier use of the file, whose salts are others, stand behind those of
    the last.
    """
    try:
        file = os.open(log, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        size = os.fstat(file).st_size
        header = os.pread(file, HEADER_BYTES, 0)
        if len(header) < HEADER_BYTES:
            return 0
        page, *salts = _HEADER.unpack(header)
        step = _FRAME_BYTES + page
        for number in range((size - HEADER_BYTES) // step, 0, -1):
            at = HEADER_BYTES + (number - 1) * step
            ends, *own = _FRAME.unpack(os.pread(file, _FRAME_BYTES, at))
            if ends and own == salts:
                return number
        return 0
    finally:
        os.close(file)
