"""Requests of lists and watches, and the pages that come back."""

from collections.abc import Mapping

import msgspec

from homeostat._transport import HttpRequest
from homeostat.api import Resource
from homeostat.client._types import RawList
from homeostat.errors import TransportError

__all__ = ["PAGE_SIZE", "list_request", "parse_page", "watch_request"]

PAGE_SIZE = 500  # objects; client-go's pager default

# Servers behind the aggregation layer may know no such form: they send whole objects.
_FORM = "application/json;as={};g=meta.k8s.io;v=v1,application/json"
_METADATA = _FORM.format("PartialObjectMetadata")
_METADATA_LIST = _FORM.format("PartialObjectMetadataList")


def list_request(
    resource: Resource,
    *,
    namespace: str,
    metadata_only: bool,
    options: Mapping[str, str],
) -> HttpRequest:
    """Return the request of one page; empty options are left out."""
    return HttpRequest(
        method="GET",
        path=resource.path(namespace),
        query=tuple((name, value) for name, value in options.items() if value),
        headers={"accept": _METADATA_LIST} if metadata_only else {},
    )


def watch_request(
    resource: Resource,
    *,
    namespace: str,
    metadata_only: bool,
    options: Mapping[str, str],
) -> HttpRequest:
    """Return the request of a watch; empty options are left out."""
    chosen = tuple((name, value) for name, value in options.items() if value)
    return HttpRequest(
        method="GET",
        path=resource.path(namespace),
        query=(("watch", "true"), *chosen),
        headers={"accept": _METADATA} if metadata_only else {},
    )


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


class _Page(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


_page = msgspec.json.Decoder(_Page)


def parse_page(body: bytes, attempted: str) -> RawList:
    """Return a page; its objects are cut out, not parsed.

    Raises:
        TransportError: The answer is no list.
    """
    try:
        page = _page.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TransportError(f"{attempted}: the answer is no list: {error}") from error
    return RawList(
        resource_version=page.metadata.resource_version,
        continue_=page.metadata.continue_,
        remaining=page.metadata.remaining_item_count,
        # Raw views the page's buffer; bytes() copies each object to its own size.
        items=[bytes(item) for item in page.items or ()],
    )
