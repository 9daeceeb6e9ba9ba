"""Content negotiation: what form an answer takes, and what a body is written in.

JSON is the one encoding; ``as=PartialObjectMetadata`` is a form of it. A clause that
asks for what is not served (protobuf, Table) falls through to the next clause.
"""

import functools
from dataclasses import dataclass
from enum import Enum

from homeostat.apiserver._status import StatusError, not_acceptable

__all__ = ["Form", "MediaType", "accept", "accepts_discovery", "media_type"]

SUPPORTED = ("application/json", "application/yaml")
_REPRESENTATIONS = (*SUPPORTED, "application/json;stream=watch")
_ENCODINGS = frozenset({"application/yaml", "application/vnd.kubernetes.protobuf"})
_META_VERSIONS = ("v1", "v1beta1", "")


class Form(Enum):
    """Form of an object in an answer."""

    OBJECT = "object"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type and its parameters, in lower case but for the values."""

    name: str
    parameters: dict[str, str]


def media_type(text: str) -> MediaType:
    """Parse one media type; a malformed one has an empty name."""
    head, *rest = text.split(";")
    parameters: dict[str, str] = {}
    for part in rest:
        key, _, value = part.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    return MediaType(head.strip().lower(), parameters)


@functools.lru_cache(maxsize=256)
def accept(header: str) -> Form:
    """Return the form that the first servable clause of Accept asks for.

    Raises:
        StatusError: 406, nothing that is asked for can be served.
    """
    if not header or header == "application/json":
        return Form.OBJECT
    known = False
    for clause in _by_quality(header):
        if clause.name in _ENCODINGS:
            known = True
        if clause.name not in ("application/json", "*/*", "application/*"):
            continue
        kind = clause.parameters.get("as", "")
        if not kind:
            return Form.OBJECT
        served = (
            kind in ("PartialObjectMetadata", "PartialObjectMetadataList")
            and clause.parameters.get("g", "meta.k8s.io") == "meta.k8s.io"
            and clause.parameters.get("v", "v1") in _META_VERSIONS
        )
        if served:
            return Form.METADATA
        known = True
    if known:
        raise not_acceptable(SUPPORTED)
    shown = ", ".join(_REPRESENTATIONS)
    text = f"406: Not Acceptable\n\nAvailable representations: {shown}"
    raise StatusError(406, "NotAcceptable", text, details={})


def _by_quality(header: str) -> list[MediaType]:
    clauses = [media_type(text) for text in header.split(",")]

    def quality(clause: MediaType) -> float:
        try:
            return -float(clause.parameters.get("q", "1"))
        except ValueError:
            return -1.0

    return sorted(clauses, key=quality)


def accepts_discovery(header: str) -> str:
    """Return the version of aggregated discovery that Accept asks for first.

    Returns:
        ``v2``, or "" for the legacy documents: 1.36 has given up ``v2beta1``.
    """
    for clause in _by_quality(header):
        if clause.name != "application/json":
            continue
        parameters = clause.parameters
        if parameters.get("as") == "APIGroupDiscoveryList":
            version = parameters.get("v", "")
            if parameters.get("g") == "apidiscovery.k8s.io" and version == "v2":
                return version
    return ""
