"""What is answered under ``/openapi``: encodings, and what clients may keep.

Source: kube-openapi ``pkg/handler`` and ``pkg/handler3``.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._discovery import document_hash
from homeostat.apiserver._dress import compressed
from homeostat.apiserver._negotiate import JSON_TYPE, choice_of
from homeostat.apiserver._openapi import OpenApi
from homeostat.apiserver._openapi_custom import SELECTABLE
from homeostat.apiserver._registry import Served
from homeostat.apiserver._render import JSON_HEADERS

__all__ = ["answer", "described"]

# Asked for with an @, and answered with a dot: an @ is no part of a media type.
_PROTOBUF_ASKED: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_PROTOBUF_GIVEN: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_TYPES: Final = (JSON_TYPE, _PROTOBUF_ASKED, _PROTOBUF_GIVEN)
_BOTH: Final = "Accept-Encoding, Accept"
_PRIVATE: Final = {"cache-control": "no-cache, private"}
_FOREVER: Final = "Sun, 31 Dec 9999 23:59:59 GMT"


def described(registry: Iterable[Served]) -> OpenApi:
    """Return the documents of what is served."""
    every = list(registry)
    schemas = {
        each.gvk: {**each.document, **_selectable(each.fields)}
        for each in every
        if each.document is not None
    }
    return OpenApi([each.resource for each in every], schemas)


def _selectable(fields: Collection[str]) -> dict[str, list[dict[str, str]]]:
    told = [{"fieldPath": field} for field in sorted(fields)]
    return {SELECTABLE: told} if told else {}


def answer(openapi: OpenApi, request: HttpRequest) -> HttpResponse | None:
    """Answer whatever method it is, as the real server does; None: there is no such.

    Args:
        openapi: What is served, described.
        request: Its path begins with ``/openapi/v2`` or ``/openapi/v3``.
    """
    if request.path == "/openapi/v2":
        return _answer_v2(openapi, request)
    return _answer_v3(openapi, request)


def _answer_v2(openapi: OpenApi, request: HttpRequest) -> HttpResponse:
    """Answer for ``/openapi/v2``.

    The document is made by the first who does not have it: kubectl before 1.27 checks
    manifests by it, and later ones what version 3 does not describe, as a ``List``.
    """
    kind = choice_of(request, _TYPES)
    if kind is None:
        return HttpResponse(status=406, headers={**_PRIVATE, "vary": _BOTH})
    tag = f'"{openapi.hash_of_old}"'
    if _has(request, tag):
        return HttpResponse(
            status=304, headers={**_PRIVATE, "etag": tag, "vary": _BOTH}
        )
    in_json = kind == JSON_TYPE
    given = HttpResponse(
        status=200,
        headers={
            **JSON_HEADERS,
            "content-type": JSON_TYPE if in_json else _PROTOBUF_GIVEN,
            "etag": tag,
            "vary": _BOTH,
        },
        body=openapi.old if in_json else openapi.old_protobuf,
    )
    return compressed(request, given)


def _answer_v3(openapi: OpenApi, request: HttpRequest) -> HttpResponse | None:
    """Answer for ``/openapi/v3`` and what is under it, None for what is not there."""
    path = request.path.removeprefix("/openapi/v3").strip("/")
    if not path:
        body = openapi.index
        return _tagged(request, body, f'"{document_hash(body)}"', {})
    current = openapi.hash_of(path)
    if current is None:
        return None
    if choice_of(request, (JSON_TYPE,)) is None:
        return HttpResponse(status=406, headers={**_PRIVATE, "vary": "Accept"})
    asked = next((v for k, v in request.query if k == "hash"), "")
    if asked and asked != current:
        where = f"/openapi/v3/{path}?hash={current}"
        return HttpResponse(status=301, headers={"location": where})
    caching = {}
    if asked:
        caching = {"cache-control": "public, immutable", "expires": _FOREVER}
    return _tagged(request, openapi.document(path) or b"", f'"{current}"', caching)


def _tagged(
    request: HttpRequest, body: bytes, tag: str, caching: Mapping[str, str]
) -> HttpResponse:
    headers = {**JSON_HEADERS, "etag": tag, "vary": "Accept", **caching}
    if _has(request, tag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(status=200, headers=headers, body=body)


def _has(request: HttpRequest, tag: str) -> bool:
    """Tell whether the client has the document of a tag, which it says weakly."""
    known = request.headers.get("if-none-match", "").split(",")
    return any(each.strip().removeprefix("W/") in ("*", tag) for each in known)
