"""What an answer is written in at last: JSON, JSON for people, YAML; and compressed.

Source: apiserver ``endpoints/handlers/responsewriters/writers.go``.
"""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, cast

import msgspec

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import JSON
from homeostat.apiserver._negotiate import JSON_TYPE, YAML_TYPE, encoding_of

__all__ = ["compressed", "dressed"]

GZIP_FROM_BYTES: Final = 128 * 1024
# Texts that no reader of YAML takes for anything else.
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_GZIP_LEVEL: Final = 1  # the others cost more time than they save bytes
_GZIP_WINDOW: Final = 31  # the largest, with gzip's header


def dressed(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Return an answer in the encoding that its request asks for.

    Only what stands under ``/api`` and ``/apis`` is negotiated, and of that only JSON.
    """
    if not request.path.startswith("/api"):
        return answer
    if answer.headers.get("content-type") != JSON_TYPE or not answer.body:
        return answer
    name, pretty = encoding_of(request, failed=answer.status >= 400)
    headers, body = answer.headers, answer.body
    if name == YAML_TYPE:
        lines: list[str] = []
        _write_yaml(lines, msgspec.json.decode(body), "", "")
        body = "\n".join([*lines, ""]).encode()
        headers = {**headers, "content-type": YAML_TYPE}
    elif pretty:
        body = msgspec.json.format(body, indent=2)
    return compressed(
        request, HttpResponse(status=answer.status, headers=headers, body=body)
    )


def _write_yaml(lines: list[str], value: JSON, indent: str, first: str) -> None:
    """Add the lines of a value in YAML, all keys in order.

    A fraction of the time of a YAML library, whose every scalar costs an event and a
    node: a long list would hold up everybody else for seconds.

    Args:
        lines: Where they are added.
        value: What is written.
        indent: What each line but the first begins with.
        first: What the first line begins with.
    """
    if not value or not isinstance(value, dict | list):
        lines.append(first + _yaml_scalar(value))
        return
    if isinstance(value, list):
        for item in cast("Sequence[JSON]", value):
            _write_yaml(lines, item, f"{indent}  ", f"{first}- ")
            first = indent
        return
    for key, item in sorted(cast("Mapping[str, JSON]", value).items()):
        head = f"{first}{_yaml_text(key)}:"
        first = indent
        if not item or not isinstance(item, dict | list):
            lines.append(f"{head} {_yaml_scalar(item)}")
            continue
        lines.append(head)
        # The items of a list stand under the first letter of its key, as Go has them.
        inner = indent if isinstance(item, list) else f"{indent}  "
        _write_yaml(lines, item, inner, inner)


def _yaml_scalar(value: JSON) -> str:
    if isinstance(value, str):
        return _yaml_text(value)
    text = msgspec.json.encode(value).decode()
    if isinstance(value, float) and "e" in text:
        # YAML 1.1 knows a number with an exponent by its point and its sign.
        mantissa, _, exponent = text.partition("e")
        point = "" if "." in mantissa else ".0"
        return f"{mantissa}{point}e{int(exponent):+}"
    return text


def _yaml_text(text: str) -> str:
    plain = _PLAIN_TEXT.fullmatch(text) and text.lower() not in _WORDS
    if plain:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def compressed(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Return an answer compressed, when it is long and its request allows it."""
    offered = request.headers.get("accept-encoding", "").split(",")
    if len(answer.body) <= GZIP_FROM_BYTES or "gzip" not in map(str.strip, offered):
        return answer
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    body = packer.compress(answer.body) + packer.flush()
    headers = {**answer.headers, "content-encoding": "gzip"}
    if "Accept-Encoding" not in headers.get("vary", ""):
        headers["vary"] = "Accept-Encoding"
    return HttpResponse(status=answer.status, headers=headers, body=body)
