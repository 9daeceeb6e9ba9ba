"""Malformed requests as bytes on a socket, each from its own seed.

Most are good requests with something wrong in them, for what is nonsense from its first
byte is refused by the first check that it meets.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote

from tests.harness.protobuf import MEDIA, body, field
from tests.robust.spoiled import (
    APPLY,
    CORE,
    GOOD,
    ODD,
    QUERIES,
    THINGS,
    TOKENS,
    VALUES,
    places,
)

__all__ = ["Malformed", "malformed"]

_MEBIBYTE: Final = 1 << 20
_HUGE_EVERY: Final = 1_000  # of the requests is one of three megabytes
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")
_MEDIA: Final = (
    *("", "application/json", "application/yaml", MEDIA, APPLY, "text/plain", ";;;"),
    *("application/merge-patch+json", "application/json-patch+json", "\xff"),
    *("application/strategic-merge-patch+json", "application/json; charset=x", "a/b/c"),
)
_PIECES: Final = (
    *("api", "apis", "v1", "apps", "namespaces", "default", "configmaps", "pods", "p"),
    *(
        "status",
        "scale",
        "log",
        "exec",
        "watch",
        "proxy",
        "%00",
        "%zz",
        "%2f",
        "%2e%2e",
    ),
    *("..", ".", "", "%ff%fe", "x" * 300, "openapi", "v3", "version", "healthz", "*"),
)
_HEADERS: Final = (
    *("Accept: application/json;as=Table;v=v1;g=meta.k8s.io", "Accept: ;;;,,,q=9"),
    *("Accept: application/json;as=Nope", "Accept-Encoding: gzip;q=x", "Expect: x"),
    *("Content-Encoding: gzip", "Impersonate-User: ", "Impersonate-Group: x"),
    *("Authorization: Bearer", "Authorization: Basic !!!", "Upgrade: websocket"),
    *("Connection: upgrade, close", "If-None-Match: ***", "Range: bytes=9-1"),
    *("X-A: " + "a" * 5_000, "X-\xe4: b", "X A: b", ": b", "no colon", "X-B:\x00"),
    *("Transfer-Encoding: gzip", "Transfer-Encoding: chunked, identity", "Host:"),
    *("Content-Length: 5, 6", "Content-Length: 99999999999999999999", "Cookie: ="),
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is sent over one connection.

    Attributes:
        number: Which one it is of its seed.
        sort: In which way it is malformed.
        parts: The bytes, sent one after the other with a pause between.
        secure: They go to where TLS is spoken.
        whole: An answer is due; else the sender leaves when all is sent.
    """

    number: int
    sort: str
    parts: tuple[bytes, ...]
    secure: bool = False
    whole: bool = True


def malformed(seed: int, number: int) -> Malformed:
    """Return the request of a number; the same one for the same seed."""
    chance = Random(f"{seed}:{number}")
    if number % _HUGE_EVERY == _HUGE_EVERY // 2:
        return Malformed(number, "huge", (_huge(chance),))
    sort = chance.choices(tuple(_SORTS), [weight for weight, _ in _SORTS.values()])[0]
    made = _SORTS[sort][1](chance)
    if isinstance(made, bytes):
        return Malformed(number, sort, (made,))
    return Malformed(number, sort, *made)


def _head(method: str, path: str, media: str, size: int | None, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"Content-Type: {media}"] if media else []
    lines += [] if size is None else [f"Content-Length: {size}"]
    return "\r\n".join((*lines, *headers, "", "")).encode("latin-1")


def _request(method: str, path: str, media: str, sent: bytes, *headers: str) -> bytes:
    return _head(method, path, media, len(sent), *headers) + sent


def _asked(method: str, path: str, media: str) -> str:
    # Without a manager an apply is refused before its body is looked at.
    return f"{path}?fieldManager=fuzz" if (method, media) == ("PATCH", APPLY) else path


def _good(chance: Random) -> tuple[str, str, str, Any]:
    method, path, media, document = chance.choice(GOOD)
    return method, _asked(method, path, media), media, copy.deepcopy(document)


def _spoil(chance: Random, document: Any) -> Any:
    """Return a document with something odd in it."""
    found = places(document)
    if not found:
        return copy.deepcopy(chance.choice(ODD))
    *way, last = chance.choice(found)
    holder = document
    for step in way:
        holder = holder[step]
    match chance.randrange(4):
        case 0:
            del holder[last]
        case 1:
            holder[last] = [holder[last]] * chance.choice((1, 2, 50))
        case 2 if isinstance(holder, dict):
            holder[chance.choice(("x", "", "status", "finalizers", "$patch"))] = 1
        case _:
            holder[last] = copy.deepcopy(chance.choice(ODD))
    return document


def _text(document: Any) -> bytes:
    return b"" if document is None else json.dumps(document).encode()


def _odd_values(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    for _ in range(chance.randint(1, 3)):
        document = _spoil(chance, document)
    return _request(method, path, media, _text(document))


def _odd_bytes(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    sent = _text(document)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(sent))
        token = chance.choice([b"", chance.randbytes(3), *TOKENS])
        sent = sent[:at] + token + sent[at + chance.randint(0, 4) :]
    return _request(method, path, media, sent)


def _truncated(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    sent = _text(document)
    return _request(method, path, media, sent[: chance.randint(0, len(sent))])


def _deep(chance: Random) -> bytes:
    method, path, media, _ = _good(chance)
    levels = chance.choice((50, 150, 900, 1_100, 9_000, 20_000))
    head, tail = chance.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b'{"metadata":', b"}"), (b'{"spec":[', b"]}"))
    )
    inner = head * levels + b"1" + tail * levels
    sent = chance.choice((inner, b'{"metadata":{"name":"a"},"data":' + inner + b"}"))
    return _request(method, path, media, sent)


def _numbers(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    digits = b"9" * chance.choice((20, 400, 5_000))
    number = chance.choice((digits, b"-" + digits, b"1e" + digits, b"0." + digits))
    sent = _text(document).replace(b"1", number, chance.randint(1, 3))
    return _request(method, path, media, sent)


def _wrong_media(chance: Random) -> bytes:
    method, path, _, document = _good(chance)
    return _request(method, path, chance.choice(_MEDIA), _text(document))


def _yaml(chance: Random) -> bytes:
    count = chance.choice((9, 60, 300))
    laughs = "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n"
        for n in range(count)
    )
    chain = "".join(
        f"b{n}: &b{n} {{x: {f'*b{n - 1}' if n else 1}}}\n" for n in range(count * 9)
    )
    loop = "a: &a [*a]\n"
    merge = "m: &m {a: 1}\nn: {<<: [*m, *m, 1]}\n"
    odd = "a: !!binary x\nb: !x y\n? [c]\n: d\n%YAML 9.9\n"
    sent = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + chance.choice(
        (laughs, chain, loop, merge, odd, "\t- a\n", "a: '\n", "- " * 3_000)
    )
    media = chance.choice(("application/yaml", APPLY))
    method, path = ("PATCH", f"{CORE}/configmaps/a?fieldManager=f")
    if media != APPLY:
        method, path = "POST", f"{CORE}/configmaps"
    return _request(method, path, media, sent.encode())


def _protobuf(chance: Random) -> bytes:
    container = field(2, field(1, "c"), field(2, "i"), field(999, "x"))
    pod = body("v1", "Pod", field(1, field(1, "p")), field(2, container * 3))
    kind = chance.choice(("Pod", "ConfigMap", "DeleteOptions", "Nope", ""))
    sent = bytearray(
        chance.choice(
            (
                pod,
                body("v1", kind, chance.randbytes(chance.randint(0, 40))),
                b"k8s\0" + chance.randbytes(chance.randint(0, 40)),
                body("v1", "ConfigMap", field(2, b"\x0b" * 5_000)),
            )
        )
    )
    for _ in range(chance.randint(0, 3)):
        sent[chance.randrange(len(sent))] = chance.randrange(256)
    cut = bytes(sent[: chance.choice((len(sent), chance.randint(0, len(sent))))])
    plural = chance.choice(("pods", "configmaps", "events", "secrets"))
    return _request("POST", f"{CORE}/{plural}", MEDIA, cut)


def _path(chance: Random) -> bytes:
    steps = [chance.choice(_PIECES) for _ in range(chance.randint(0, 9))]
    way = chance.choice((f"{CORE}/configmaps/", f"{THINGS}/", "/", "//", "", "http://"))
    method = chance.choice(_METHODS)
    return _request(method, way + "/".join(steps), "", b"")


def _query(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    odd = [value.encode("utf-8", "surrogatepass") for value in VALUES]
    asked = [
        f"{chance.choice(QUERIES)}={quote(chance.choice(odd))}"
        for _ in range(chance.randint(1, 4))
    ]
    asked += chance.sample(("=", "&&", "%zz=%", "limit", "watch=%01", "a=\xff"), 2)
    chance.shuffle(asked)
    mark = "&" if "?" in path else "?"
    return _request(method, path + mark + "&".join(asked), media, _text(document))


def _headers(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    odd = chance.sample(_HEADERS, chance.randint(1, 3))
    many = [f"X-{n}: 1" for n in range(chance.choice((0, 0, 0, 2_000)))]
    return _request(method, path, media, _text(document), *odd, *many)


def _chunked(chance: Random) -> bytes:
    method, path, media, document = _good(chance)
    head = _head(method, path, media, None, "Transfer-Encoding: chunked")
    sent = _text(document)
    size = chance.choice((b"%x", b"%x;a=b", b"-%x", b"0x%x", b"%xg", b" %x"))
    end = chance.choice((b"\r\n0\r\n\r\n", b"0\r\n\r\n", b"\r\n0\r\nX: y\r\n\r\n"))
    return head + size.replace(b"%x", b"%x" % len(sent)) + b"\r\n" + sent + end


def _pipelined(chance: Random) -> bytes:
    parts = [chance.choice(_SINGLE)(chance) for _ in range(chance.randint(2, 6))]
    return (
        b"".join(part.replace(b"Connection: close\r\n", b"") for part in parts[:-1])
        + (parts[-1])
    )


def _half_sent(chance: Random) -> tuple[tuple[bytes, ...], bool, bool]:
    whole = chance.choice(_SINGLE)(chance)
    return (whole[: chance.randrange(len(whole))],), False, False


def _slow(chance: Random) -> tuple[tuple[bytes, ...], bool, bool]:
    whole = chance.choice(_SINGLE)(chance)
    cuts = sorted(chance.randrange(len(whole)) for _ in range(3))
    pairs = zip([0, *cuts], [*cuts, len(whole)], strict=True)
    return tuple(whole[start:stop] for start, stop in pairs), False, True


def _nonsense(chance: Random) -> tuple[tuple[bytes, ...], bool, bool]:
    return (chance.randbytes(chance.randint(1, 300)),), False, False


def _no_tls(chance: Random) -> tuple[tuple[bytes, ...], bool, bool]:
    hello = bytes.fromhex("16030100c8010000c40303") + chance.randbytes(200)
    plain = _request("GET", "/version", "", b"")
    garbage = chance.randbytes(chance.randint(1, 300))
    sent = chance.choice((hello, hello[:50], plain, garbage, b"\x80\x2e\x01\0\2"))
    return (sent,), True, False


def _huge(chance: Random) -> bytes:
    """Return a request that costs as much as three megabytes can."""
    tiny = b",".join([b"{}"] * _MEBIBYTE)
    named = b'{"metadata":{"name":"a"},'
    pods, maps = f"{CORE}/pods", f"{CORE}/configmaps"
    owners = ",".join(f'{{"uid":"{n}"}}' for n in range(200_000)).encode()
    pod = field(1, field(1, "p"))
    made = chance.choice(
        (
            (pods, "", named + b'"spec":{"containers":[' + tiny[:-9] + b"]}}"),
            (pods, "", named + b'"spec":{"volumes":[' + tiny[:99_998] + b"]}}"),
            (pods, "", named + b'"spec":{"tolerations":[' + tiny[:99_998] + b"]}}"),
            (maps, "", named + b'"x":[' + tiny[:-90] + b"]}"),
            (maps, "", b'{"metadata":{"ownerReferences":[' + owners + b"]}}"),
            (maps, "application/yaml", b"a: [" + tiny[:-9] + b"]"),
            (maps, "", b"[" * (3 * _MEBIBYTE)),
            (maps, "", b"x" * (3 * _MEBIBYTE + 1)),
            (pods, MEDIA, body("v1", "Pod", pod, field(2, field(2) * 1_500_000))),
            (pods, MEDIA, body("v1", "Pod", pod, field(2, field(999) * 700_000))),
        )
    )
    path, media, sent = made
    return _request("POST", path, media, sent)


_Sent = bytes | tuple[tuple[bytes, ...], bool, bool]
_SINGLE: Final[tuple[Callable[[Random], bytes], ...]] = (
    *(_odd_values, _odd_bytes, _truncated, _deep, _numbers, _wrong_media, _yaml),
    *(_protobuf, _path, _query, _headers, _chunked),
)
_SORTS: Final[dict[str, tuple[int, Callable[[Random], _Sent]]]] = {
    "odd values": (24, _odd_values),
    "odd bytes": (16, _odd_bytes),
    "truncated": (6, _truncated),
    "deep": (4, _deep),
    "numbers": (5, _numbers),
    "wrong media": (5, _wrong_media),
    "yaml": (3, _yaml),
    "protobuf": (8, _protobuf),
    "path": (8, _path),
    "query": (8, _query),
    "headers": (6, _headers),
    "chunked": (4, _chunked),
    "pipelined": (2, _pipelined),
    "half sent": (4, _half_sent),
    "slow": (2, _slow),
    "nonsense": (2, _nonsense),
    "no TLS": (2, _no_tls),
}
