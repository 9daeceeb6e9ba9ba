"""Objects as a large cluster has them, rendered one at a time from a template.

About 4.7 KB of JSON each, Pod-like: labels, an owner, two managedFields entries, a
status with its conditions. What differs between objects is what differs between Pods;
ids, digests and addresses do not compress, the rest does. Nothing is kept: an object is
a function of its number and of how often it was changed.
"""

import json
import re
from hashlib import blake2b
from typing import Final, NamedTuple

from benchmarks.replay._prototype import API_VERSION, GROUP, KIND, PLURAL, prototype

__all__ = ["API_VERSION", "GROUP", "KIND", "PLURAL", "Template", "name_of", "number_of"]


PER_APP = 21  # objects of one owner, which share a label
# The last letter of a name says which of its owner's objects it is.
_PLACES: Final = b"bcdfghjklmnpqrstvwxz2"
_NAME = re.compile(r"web-(\d{6,})-[0-9a-f]{4}([a-z2])")


class Change(NamedTuple):
    """What an update leaves in an object.

    Attributes:
        version: Its resourceVersion.
        times: How often this object was updated so far.
    """

    version: int
    times: int = 0


class Template:
    """Renders objects.

    Args:
        namespaces: How many there are; objects of one owner share one.
    """

    __slots__ = ("_names", "_parts", "namespaces")

    def __init__(self, namespaces: int = 50) -> None:
        self.namespaces = namespaces
        text = json.dumps(prototype(), separators=(",", ":"), sort_keys=True)
        text = re.sub(r'"@#(\w+)@"', r"@\1@", text)  # numbers
        pieces = re.split(r"@(\w+)@", text)
        self._parts = [piece.encode() for piece in pieces]
        self._names = pieces[1::2]

    def namespace_of(self, number: int) -> str:
        """Return the namespace of an object."""
        return f"team-{number // PER_APP % self.namespaces}"

    def render(self, number: int, change: Change) -> bytes:
        """Return an object as the API server encodes it: compact, with sorted keys."""
        digest = blake2b(b"%d" % number).hexdigest().encode()
        app = number // PER_APP
        minute = b"2026-11-%02dT%02d:%02d:" % (
            number % 28 + 1,
            number // 28 % 24,
            number // 672 % 60,
        )
        created = b"%b%02dZ" % (minute, number % 60)
        count = change.times
        moved = b"2026-12-%02dT%02d:%02d:%02dZ" % (
            count // 1440 % 28 + 1,
            count // 60 % 24,
            count % 60,
            number % 60,
        )
        uid = _uid(digest)
        value = {
            "uid": uid,
            "short": digest[:5],
            "name": _name(number, digest),
            "app": b"web-%06d" % app,
            "namespace": b"team-%d" % (app % self.namespaces),
            "version": b"%d" % change.version,
            "created": created,
            "moved": moved if count else created,
            "hash": digest[:9],
            "owner": _uid(blake2b(b"rs%d" % app).hexdigest().encode()),
            "image": b"%d" % (app % 100),
            "node": b"node-%d" % (int(digest[37:40], 16) % 500),
            "host": b"192.168.0.%d" % int(digest[37:39], 16),
            "ip": b"10.%d.%d.%d"
            % (number >> 16 & 255, number >> 8 & 255, number & 255),
            "restarts": b"%d" % count,
            "digest": digest[40:104],
            "container": digest[104:] + digest[64:104],
        }
        parts = self._parts.copy()
        parts[1::2] = [value[name] for name in self._names]
        return b"".join(parts)


def name_of(number: int) -> str:
    """Return the name of an object."""
    return _name(number, blake2b(b"%d" % number).hexdigest().encode()).decode()


def number_of(name: str) -> int | None:
    """Return the number of the object of that name, None when there is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    number = int(found[1]) * PER_APP + _PLACES.find(found[2].encode())
    return number if name_of(number) == name else None


def _name(number: int, digest: bytes) -> bytes:
    place = number % PER_APP
    last = _PLACES[place : place + 1]
    return b"web-%06d-%b%b" % (number // PER_APP, digest[32:36], last)


def _uid(digest: bytes) -> bytes:
    return b"-".join(
        (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    )
