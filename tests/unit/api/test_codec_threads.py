"""Types are learned by msgspec when they are first read, from any thread."""

import subprocess
import sys

PROGRAM = """
import sys
from threading import Barrier, Thread

from homeostat.api import Model, decode, from_dict

sys.setswitchinterval(1e-6)


def kinds():
    class Inner(Model):
        names: "list[str]" = []

    class Other(Model):
        inner: Inner = Inner()
        counts: "dict[str, int]" = {}

    class First(Model):
        inner: Inner = Inner()
        other: Other = Other()

    class Second(Model):
        inner: Inner = Inner()
        others: list[Other] = []

    return First, Second


for _ in range(100):
    types = kinds()
    barrier = Barrier(4)

    def read(number):
        barrier.wait()
        kind = types[number % 2]
        if number < 2:
            found = decode(kind, b'{"inner": {"names": ["a"]}}')
        else:
            found = from_dict(kind, {"inner": {"names": ["a"]}})
        assert found.inner.names == ["a"]

    threads = [Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_first_reads_of_a_type_in_several_threads_do_not_meet() -> None:
    # In a process of its own: what is proved is that the interpreter survives.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
