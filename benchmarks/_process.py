"""What this process has used so far."""

import ctypes
import gc
import os
import resource
import sys
import time
from pathlib import Path

__all__ = ["Cost", "Meter", "peak_mb", "settled_mb"]

QUIET = 0.5  # seconds in which work that was put off shows up


class Meter:
    """CPU and wall-clock time of this process, from the moment it is made."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    @property
    def cpu(self) -> float:
        """CPU seconds of all threads, user and system."""
        return time.process_time() - self._cpu

    @property
    def wall(self) -> float:
        """Seconds."""
        return time.perf_counter() - self._wall


class Cost:
    """Fields that every benchmark prints of a piece of work.

    Args:
        meter: Started before the work.
        wall: When it was done.
    """

    def __init__(self, meter: Meter) -> None:
        self.cpu = meter.cpu
        self.wall = meter.wall

    def per_cpu_second(self, count: int) -> float:
        """Return how many pieces of work one CPU second does."""
        return round(count / max(self.cpu, 1e-9), 1)


def settled_mb() -> float:
    """Return the resident memory after garbage is gone and free blocks are given back.

    In 10^6 bytes.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # not every C library has one
            trim(0)
    return resident_mb()


def resident_mb() -> float:
    """Return the resident memory in 10^6 bytes, as it is; the peak without /proc."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_mb()
    pages = int(statm.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb() -> float:
    """Return the most resident memory that there was, in 10^6 bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
