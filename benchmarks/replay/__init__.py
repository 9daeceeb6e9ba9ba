"""A server that replays: as many objects as one asks for, faster than a client reads.

``python -m benchmarks.replay --count N`` prints its address and serves ``widgets`` of
``bench.example.com/v1`` on the loopback address until it is ended. It speaks as much of
the API as informers need: discovery, paged lists, watches with and without the state
that they begin with, bookmarks, single reads. Nothing is stored: an object is rendered
from a template when it is sent, so a million of them need no more memory than one.

``POST /bench/storm?events=E`` lets E updates happen.
"""

from benchmarks.replay._history import FIRST_VERSION, History
from benchmarks.replay._objects import API_VERSION, GROUP, KIND, PLURAL, Template
from benchmarks.replay._server import Api, serve

__all__ = [
    "API_VERSION",
    "FIRST_VERSION",
    "GROUP",
    "KIND",
    "PLURAL",
    "Api",
    "History",
    "Template",
    "serve",
]
