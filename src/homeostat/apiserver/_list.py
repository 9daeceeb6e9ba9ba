"""Get and list: one object, or the pages of one consistent state."""

import base64
import itertools
import posixpath
from collections.abc import Iterator
from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._negotiate import METADATA, METADATA_LIST, form_of
from homeostat.apiserver._options import ListOptions
from homeostat.apiserver._registry import Served
from homeostat.apiserver._render import list_body, object_bytes, respond
from homeostat.apiserver._select import Selection, selection
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    expired,
    server_error,
    too_large_version,
)
from homeostat.apiserver._store import Entry, TooOldError
from homeostat.apiserver._syntax import complaint

__all__ = ["get_object", "list_objects", "parse_version", "prefix_of", "read_page"]

TOO_OLD = "The resourceVersion for the provided list is too old."
_EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue "
    "token in this response to retrieve the remainder of the results. Continuing with "
    "the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may "
    "show up in the list."
)
_LATEST = -1  # revision in a token that continues at the latest state


def get_object(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a get."""
    form = form_of(cluster.clock, target.request)
    data = target.existing().data
    if form.kind == METADATA_LIST:
        served = target.served
        raise StatusError(
            406,
            "NotAcceptable",
            "you requested PartialObjectMetadataList, but the requested object is not "
            f"a list ({_go_type(served, served.kind, 'Unstructured')})",
        )
    body = object_bytes(target.served, data, form) + b"\n"
    return respond(body, warnings=target.warnings)


def parse_version(text: str, *, listing: bool = False) -> int:
    """Return a resourceVersion as a number; "" is 0.

    Raises:
        StatusError: It is none: 400 for a list, and the server's 500 otherwise.
    """
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal()) or int(text) >= 2**64:
        why = "value out of range" if text.isdecimal() else "invalid syntax"
        detail = (
            f'resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": {why}'
        )
        if listing:
            raise bad_request(f"invalid resource version: {detail}")
        raise server_error(detail)
    return int(text)


def prefix_of(target: Target) -> str:
    """Return the prefix of the keys that a collection's path covers."""
    namespace = target.route.namespace
    return f"{namespace}/" if namespace and target.served.namespaced else ""


def list_objects(
    cluster: Cluster, target: Target, options: ListOptions
) -> HttpResponse:
    """Answer a list."""
    form = form_of(cluster.clock, target.request)
    served = target.served
    entries, metadata = read_page(cluster, target, options)
    if form.kind == METADATA:
        kind = _go_type(served, served.resource.list_kind, "UnstructuredList")
        raise StatusError(
            406,
            "NotAcceptable",
            f"you requested PartialObjectMetadata, but the requested object is a list "
            f"({kind})",
        )
    body = list_body(served, entries, metadata, form)
    return respond(body, warnings=target.warnings)


def _go_type(served: Served, kind: str, custom: str) -> str:
    if served.custom:
        return f"*unstructured.{custom}"
    return f"*{served.group or 'core'}.{kind}"


def read_page(
    cluster: Cluster, target: Target, options: ListOptions
) -> tuple[list[Entry], dict[str, Any]]:
    """Return the objects that are asked for, and the metadata of their list.

    Raises:
        StatusError: 400, 410 or 504.
    """
    cluster.strategy(target.served).reading(cluster)
    prefix = prefix_of(target)
    chosen = selection(
        target.served, prefix, target.route.name, options.labels, options.fields
    )
    return _Page(cluster, target, options, chosen, prefix).read()


class _Page:
    """One page of a list: where it starts, at which revision, and what is left."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        options: ListOptions,
        chosen: Selection,
        prefix: str,
    ) -> None:
        self._store = cluster.store
        self._table = target.served.table
        self._options = options
        self._chosen = chosen
        self._prefix = prefix

    def read(self) -> tuple[list[Entry], dict[str, Any]]:
        options, store = self._options, self._store
        start, revision = self._position()
        past = revision < store.revision
        try:
            if past:
                store.check(revision)
                scan = self._table.scan_at(revision, self._prefix, start)
            else:
                scan = self._table.scan(self._prefix, start)
        except TooOldError:
            raise self._expired(start) from None
        chosen = self._chosen
        matching: Iterator[Entry] = (
            scan if chosen.everything else filter(chosen.matches, scan)
        )
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if options.limit <= 0:
            return list(matching), metadata
        entries = list(itertools.islice(matching, options.limit))
        following = next(matching, None)
        if following is not None:
            metadata["continue"] = _token(revision, entries[-1].key, self._prefix)
            if chosen.everything:
                rest = sum(1 for _ in matching) if past else self._rest(following.key)
                metadata["remainingItemCount"] = rest + (1 if past else 0)
        return entries, metadata

    def _rest(self, key: str) -> int:
        return self._table.count(self._prefix, key)

    def _position(self) -> tuple[str, int]:
        options, current = self._options, self._store.revision
        if options.continue_:
            revision, key = _parse_token(options.continue_, self._prefix)
            if options.version not in ("", "0"):
                text = "specifying resource version is not allowed when using continue"
                raise bad_request(text)
            return key, current if revision == _LATEST else revision
        asked = parse_version(options.version, listing=True)
        if asked > current:
            raise too_large_version(asked, current)
        exact = options.match == "Exact" or (options.limit > 0 and not options.match)
        return "", asked if asked and exact else current

    def _expired(self, start: str) -> StatusError:
        if not self._options.continue_:
            return expired(TOO_OLD)
        key = start.removesuffix("\0")
        token = _token(_LATEST, key, self._prefix)
        return expired(_EXPIRED_CONTINUE, continue_=token)


def _token(revision: int, key: str, prefix: str) -> str:
    """Return a continue token: the server's own form, base64url without padding."""
    start = f"/{key.removeprefix(prefix)}\0"
    value = {"v": "meta.k8s.io/v1", "rv": revision, "start": start}
    encoded = base64.urlsafe_b64encode(msgspec.json.encode(value))
    return encoded.decode().rstrip("=")


def _parse_token(token: str, prefix: str) -> tuple[int, str]:
    try:
        padded = token + "=" * (-len(token) % 4)
        data = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        raise _bad_token("illegal base64 data at input byte 0") from None
    try:
        value: Any = msgspec.json.decode(data)
        version, revision = value.get("v"), value.get("rv", 0)
        start = value.get("start", "")
    except (msgspec.DecodeError, ValueError, AttributeError, RecursionError):
        raise _bad_token(complaint(data) or _NO_TOKEN) from None
    if version != "meta.k8s.io/v1":
        raise _bad_token(f"server does not recognize this encoded version {version}")
    if isinstance(revision, bool) or not isinstance(revision, int) or revision == 0:
        text = "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        raise _bad_token(text)
    if not isinstance(start, str) or not start:
        raise _bad_token("encoded start key empty (version meta.k8s.io/v1)")
    start = start.removeprefix("/")
    if posixpath.normpath(f"/{start}") != f"/{start}":
        raise _bad_token(start)
    return revision, prefix + start


_NO_TOKEN = "json: cannot unmarshal into Go value of type storage.continueToken"


def _bad_token(why: str) -> StatusError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
