"""What an answer is written in at last: JSON, JSON for people, YAML; and compressed.

Source: apiserver ``endpoints/handlers/responsewriters/writers.go``.
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

from homeostat._transport import HttpRequest, HttpResponse
from homeostat._yaml import dump_all
from homeostat.apiserver._negotiate import JSON_TYPE, YAML_TYPE, encoding_of

__all__ = ["dressed"]

GZIP_FROM_BYTES: Final = 128 * 1024
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
        # Through a map, as Go does it: all keys are in order.
        ordered = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
        body = dump_all([msgspec.json.decode(ordered)]).encode()
        headers = {**headers, "content-type": YAML_TYPE}
    elif pretty:
        body = msgspec.json.format(body, indent=2)
    return _compressed(request, answer.status, headers, body)


def _compressed(
    request: HttpRequest, status: int, headers: Mapping[str, str], body: bytes
) -> HttpResponse:
    offered = request.headers.get("accept-encoding", "")
    if len(body) > GZIP_FROM_BYTES and "gzip" in map(str.strip, offered.split(",")):
        packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        body = packer.compress(body) + packer.flush()
        headers = {**headers, "content-encoding": "gzip", "vary": "Accept-Encoding"}
    return HttpResponse(status=status, headers=headers, body=body)
