"""Probe a health endpoint as kubelets do, with a connection each: a process of its own.

``python -m benchmarks._probe`` says when it is ready, reads HOST:PORT from its input,
probes until the input ends, and prints a list of ``[when, seconds]`` on the machine's
monotonic clock.
"""

import http.client
import json
import sys
import time
from select import select
from typing import Final

EVERY: Final = 0.01  # seconds
LONGEST: Final = 30.0  # seconds for an answer, after which all is lost


def main() -> None:
    """Probe until the input ends; exit status 1 when an answer is not 200."""
    print("ready", flush=True)
    host, _, port = sys.stdin.readline().strip().rpartition(":")
    took: list[tuple[float, float]] = []
    following = time.monotonic()
    while not select([sys.stdin], [], [], max(0.0, following - time.monotonic()))[0]:
        began = time.monotonic()
        connection = http.client.HTTPConnection(host, int(port), timeout=LONGEST)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"/healthz answered {answer.status}")
        took.append((began, time.monotonic() - began))
        following = max(following + EVERY, time.monotonic())
    print(json.dumps(took))


if __name__ == "__main__":
    main()
