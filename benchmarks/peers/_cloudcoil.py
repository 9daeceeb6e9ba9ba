"""cloudcoil: an informer since 0.8, which needs Python 3.14."""

import sys

from benchmarks.peers._library import Held, Library


async def _fill(server: str, count: int) -> Held:
    version = ".".join(map(str, sys.version_info[:2]))
    raise SystemExit(
        f"on Python {version} pip installs a version whose informer keeps 500 objects; "
        "0.8, which keeps all, needs 3.14"
    )


LIBRARY = Library(fill=_fill)
