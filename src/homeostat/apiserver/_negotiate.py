"""Content negotiation: what form an answer takes, and what it is written in.

Clauses of ``Accept`` are tried in the order in which Go's library sorts them; one that
asks for what is not served (protobuf, an unknown form) falls through to the next.

Source: apiserver ``endpoints/handlers/negotiation``, and ``munnerz/goautoneg``.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeostat._clock import Clock, SystemClock
from homeostat._transport import HttpRequest
from homeostat.apiserver._status import StatusError, bad_request, not_acceptable

__all__ = [
    "JSON_TYPE",
    "METADATA",
    "METADATA_LIST",
    "TABLE",
    "YAML_TYPE",
    "Form",
    "MediaType",
    "accepts_discovery",
    "check_plain",
    "check_stream",
    "choice_of",
    "encoding_of",
    "form_of",
    "media_type",
]

JSON_TYPE: Final = "application/json"
YAML_TYPE: Final = "application/yaml"
SUPPORTED = (JSON_TYPE, YAML_TYPE)
_ROUTED = frozenset({*SUPPORTED, "application/vnd.kubernetes.protobuf", "*/*"})

METADATA: Final = "PartialObjectMetadata"
METADATA_LIST: Final = "PartialObjectMetadataList"
TABLE: Final = "Table"
_FORMS: Final = frozenset({METADATA, METADATA_LIST, TABLE})
_META_VERSIONS: Final = frozenset({"v1", "v1beta1"})
_DISCOVERY: Final = ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList")
_INCLUDES: Final = frozenset({"", "None", "Metadata", "Object"})


@dataclass(frozen=True, slots=True)
class Form:
    """Form of an object in an answer.

    Attributes:
        kind: ``Table`` or another kind of ``meta.k8s.io``; "" for the object itself.
        version: Of ``meta.k8s.io``.
        include: What goes with each row of a table: ``None``, ``Metadata``, ``Object``.
        clock: By which the rows of a table tell ages.
    """

    kind: str = ""
    version: str = "v1"
    include: str = "Metadata"
    clock: Clock = field(default_factory=SystemClock)


_OBJECT: Final = Form()


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


@dataclass(frozen=True, slots=True)
class _Clause:
    """One clause of Accept."""

    type: str
    subtype: str
    quality: float
    parameters: dict[str, str]

    def allows(self, name: str) -> bool:
        kind, _, sub = name.partition("/")
        if self.type == "*":
            return self.subtype == "*"
        return self.type == kind and self.subtype in ("*", sub)

    def precedes(self, other: "_Clause") -> bool:
        return (
            self.quality > other.quality
            or (self.type != "*" and other.type == "*")
            or (self.subtype != "*" and other.subtype == "*")
        )


def _clause(text: str) -> _Clause | None:
    head, _, rest = text.strip(" ").partition(";")
    kind, slash, sub = (part.strip(" ") for part in head.partition("/"))
    if not slash or not sub:
        if kind != "*":
            return None
        sub = "*"
    if "/" in sub:
        return None
    quality = 1.0
    parameters: dict[str, str] = {}
    for part in rest.split(";"):
        key, _, value = part.partition("=")
        if not value or "=" in value:
            continue
        if key.strip(" ") == "q":
            quality = _quality(value)
        else:
            parameters[key.strip(" ")] = value.strip(" ")
    return _Clause(kind, sub, quality, parameters)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@functools.lru_cache(maxsize=256)
def _clauses(header: str) -> tuple[_Clause, ...]:
    """Return the clauses of Accept in the order in which they are tried.

    ``precedes`` is no order that could be sorted by: an insertion sort it is, as Go's
    is for a dozen clauses, so that the outcome is the same.
    """
    found: list[_Clause] = []
    for text in header.split(","):
        clause = _clause(text)
        if clause is None:
            continue
        at = len(found)
        while at and clause.precedes(found[at - 1]):
            at -= 1
        found.insert(at, clause)
    return tuple(found)


def form_of(clock: Clock, request: HttpRequest) -> Form:
    """Return the form that the first servable clause of Accept asks for.

    Raises:
        StatusError: 406, nothing that is asked for can be served; 400, a table is to
            include what no table can.
    """
    header = request.headers.get("accept", "").strip()
    if header in ("", JSON_TYPE):
        return _OBJECT
    _, parameters = _accepted(header)
    kind = parameters.get("as", "")
    if not kind:
        return _OBJECT
    version = parameters["v"]
    if kind != TABLE:
        return Form(kind, version)
    include = next((v for k, v in request.query if k == "includeObject"), "")
    if include not in _INCLUDES:
        raise bad_request(
            "Unable to convert to Table as requested: includeObject: Invalid value: "
            f"\"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        )
    return Form(kind, version, include or "Metadata", clock)


@functools.lru_cache(maxsize=256)
def _accepted(header: str) -> tuple[str, dict[str, str]]:
    """Return the media type that is served for an Accept, and its parameters."""
    if not _routed(header):
        shown = ", ".join(SUPPORTED)
        text = f"406: Not Acceptable\n\nAvailable representations: {shown}"
        raise StatusError(406, "NotAcceptable", text, details={})
    found = _first(header, _served)
    if found is None:
        raise not_acceptable(SUPPORTED)
    return found


def _routed(header: str) -> bool:
    """Tell whether a router that knows nothing of parameters lets a request pass."""
    heads = (clause.partition(";")[0].strip() for clause in header.split(","))
    return any(head in _ROUTED for head in heads)


def _first(
    header: str, serves: Callable[[dict[str, str]], bool]
) -> tuple[str, dict[str, str]] | None:
    for clause in _clauses(header):
        for name in SUPPORTED:
            if clause.allows(name) and serves(clause.parameters):
                return name, clause.parameters
    return None


def _plain(parameters: dict[str, str]) -> bool:
    """Tell whether a clause asks for no other form than the object's own."""
    streamed = parameters.get("stream", "watch") == "watch"
    return streamed and parameters.keys().isdisjoint(("as", "g", "v"))


def _served(parameters: dict[str, str]) -> bool:
    return _plain(parameters) or (
        parameters.get("stream", "watch") == "watch"
        and parameters.get("as") in _FORMS
        and parameters.get("g") == "meta.k8s.io"
        and parameters.get("v") in _META_VERSIONS
    )


@functools.lru_cache(maxsize=256)
def _encoding(header: str, *, failed: bool) -> tuple[str, bool]:
    found = _first(header, _plain if failed else _served)
    if found is None:
        # A refusal that nobody can be asked how to write is for people.
        return JSON_TYPE, True
    return found[0], found[1].get("pretty") == "1"


def encoding_of(request: HttpRequest, *, failed: bool) -> tuple[str, bool]:
    """Return the media type of an answer, and whether people are to read it.

    Args:
        request: What is answered.
        failed: The answer is a refusal, which has no other form.
    """
    name, pretty = JSON_TYPE, False
    header = request.headers.get("accept", "").strip()
    if header not in ("", JSON_TYPE):
        name, pretty = _encoding(header, failed=failed)
    return name, pretty or _for_people(request)


def check_stream(request: HttpRequest) -> None:
    """Refuse a watch whose events cannot be written.

    Raises:
        StatusError: 406, it asks for YAML.
    """
    if encoding_of(request, failed=False)[0] == YAML_TYPE:
        raise not_acceptable((f"{JSON_TYPE};stream=watch",))


_PEOPLE = ("curl", "Wget", "Mozilla/5.0")
_YES = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def _for_people(request: HttpRequest) -> bool:
    asked = next((v for k, v in request.query if k == "pretty"), "")
    if asked:
        return asked in _YES
    return request.headers.get("user-agent", "").startswith(_PEOPLE)


def accepts_discovery(header: str) -> str:
    """Return the version of aggregated discovery that Accept asks for first.

    Returns:
        ``v2``, or "" for the legacy documents: 1.36 has given up ``v2beta1``.
    """
    for clause in _clauses(header):
        asked = tuple(clause.parameters.get(key, "") for key in ("g", "v", "as"))
        if clause.allows(JSON_TYPE) and asked == _DISCOVERY:
            return "v2"
    return ""


def check_plain(request: HttpRequest) -> None:
    """Refuse a request for a document that has no other form than its own.

    Raises:
        StatusError: 406, only other forms or encodings are accepted.
    """
    header = request.headers.get("accept", "").strip()
    if header and _first(header, _plain) is None:
        raise not_acceptable(SUPPORTED)


def choice_of(request: HttpRequest, names: Sequence[str]) -> str | None:
    """Return in which of some media types, whose parameters do not count, to answer.

    Args:
        request: What is answered.
        names: Those that there are, the one first that whoever says nothing gets.

    Returns:
        One of them, None when none is accepted.
    """
    header = request.headers.get("accept", "").strip()
    if not header:
        return names[0]
    allowed = (name for each in _clauses(header) for name in names if each.allows(name))
    return next(allowed, None)
