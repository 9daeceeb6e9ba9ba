"""Query parameters and DeleteOptions, decoded and checked as the server does it.

Source: apimachinery ``meta/v1/validation`` and ``meta/internalversion/validation``.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeostat._transport import HttpRequest
from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._status import bad_request, invalid
from homeostat.apiserver._syntax import HugeNumber, go_type
from homeostat.schema import FieldError

__all__ = [
    "DeleteOptions",
    "ListOptions",
    "WriteOptions",
    "delete_options",
    "flag_of",
    "list_options",
    "number_of",
    "parameters",
    "text_of",
    "write_options",
]

META = "meta.k8s.io"
MANAGER_MAX_BYTES = 128


@functools.lru_cache(maxsize=1024)
def parameters(query: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Return the values of each parameter of a query, in order."""
    values: dict[str, list[str]] = {}
    for key, value in query:
        values.setdefault(key, []).append(value)
    return values


def text_of(values: dict[str, list[str]], key: str) -> str:
    """Return a parameter, "" when it is not given."""
    found = values.get(key)
    return found[0] if found else ""


def flag_of(values: dict[str, list[str]], key: str) -> bool | None:
    """Return a parameter that is true or false, None when it is not given."""
    found = values.get(key)
    if not found:
        return None
    # Whatever is not an explicit no is a yes: ?watch=x watches.
    return found[0].lower() not in ("false", "0")


def number_of(values: dict[str, list[str]], key: str) -> int | None:
    """Return a parameter that is a number, None when it is not given.

    Raises:
        StatusError: 400, it is none, or one of more than 64 bits.
    """
    if not values.get(key):
        return None
    text = values[key][0]
    try:
        if not text.lstrip("+-").isdecimal() or not text.isascii():
            raise ValueError
        number = int(text)
    except ValueError:
        raise bad_request(
            f'strconv.ParseInt: parsing "{text}": invalid syntax'
        ) from None
    if not -(2**63) <= number < 2**63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Parameters of list, watch and deletecollection."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    continue_: str = ""
    version: str = ""
    match: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial_events: bool | None = None
    timeout: int | None = None


def list_options(request: HttpRequest, *, watch: bool = False) -> ListOptions:
    """Decode the list parameters of a request.

    Args:
        request: The request.
        watch: The path asks for a watch already.

    Raises:
        StatusError: 400 or 422, as the server words it.
    """
    if not request.query:
        return ListOptions(watch=True) if watch else _NO_OPTIONS
    values = parameters(request.query)
    options = ListOptions(
        labels=text_of(values, "labelSelector"),
        fields=text_of(values, "fieldSelector"),
        limit=number_of(values, "limit") or 0,
        continue_=text_of(values, "continue"),
        version=text_of(values, "resourceVersion"),
        match=text_of(values, "resourceVersionMatch"),
        watch=watch or bool(flag_of(values, "watch")),
        bookmarks=bool(flag_of(values, "allowWatchBookmarks")),
        initial_events=flag_of(values, "sendInitialEvents"),
        timeout=number_of(values, "timeoutSeconds"),
    )
    errors = _check_watch(options) if options.watch else _check_list(options)
    if errors:
        raise invalid(META, "ListOptions", "", errors)
    return options


_NO_OPTIONS = ListOptions()
_MATCH = "resourceVersionMatch"


def _forbid(path: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, "", detail)


def _unsupported(path: str, value: JSON, supported: Sequence[str]) -> FieldError:
    texts = ", ".join(f'"{text}"' for text in supported)
    return FieldError(
        "FieldValueNotSupported", path, value, f"supported values: {texts}"
    )


def _check_list(options: ListOptions) -> list[FieldError]:
    errors: list[FieldError] = []
    if options.initial_events is not None:
        errors.append(
            _forbid("sendInitialEvents", "sendInitialEvents is forbidden for list")
        )
    if not options.match:
        return errors
    if not options.version:
        text = f"{_MATCH} is forbidden unless resourceVersion is provided"
        errors.append(_forbid(_MATCH, text))
    if options.continue_:
        text = f"{_MATCH} is forbidden when continue is provided"
        errors.append(_forbid(_MATCH, text))
    if options.match not in ("Exact", "NotOlderThan"):
        supported = ["Exact", "NotOlderThan", ""]
        errors.append(_unsupported(_MATCH, options.match, supported))
    if options.match == "Exact" and options.version == "0":
        text = f'{_MATCH} "exact" is forbidden for resourceVersion "0"'
        errors.append(_forbid(_MATCH, text))
    return errors


def _check_watch(options: ListOptions) -> list[FieldError]:
    errors: list[FieldError] = []
    initial = options.initial_events
    # The server sets the match for a watch from anywhere before it checks.
    from_any = options.version in ("", "0") and not options.match and initial is None
    match = "NotOlderThan" if from_any else options.match
    if initial is not None:
        if match != "NotOlderThan":
            text = f"sendInitialEvents requires setting {_MATCH} to NotOlderThan"
            errors.append(_forbid(_MATCH, text))
            if match:
                errors.append(_unsupported(_MATCH, match, ["NotOlderThan"]))
    elif match and not from_any:
        text = f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"
        errors.append(_forbid(_MATCH, text))
    if match and options.continue_:
        text = f"{_MATCH} is forbidden when continue is provided"
        errors.append(_forbid(_MATCH, text))
    return errors


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """Parameters of create, update and patch."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    force: bool | None = None


def write_options(
    request: HttpRequest, kind: str, *, apply: bool = False
) -> WriteOptions:
    """Decode the parameters of a write.

    Args:
        request: The request.
        kind: Name of the options in errors, as ``CreateOptions``.
        apply: The request is a server-side apply.

    Raises:
        StatusError: 422, as the server words it.
    """
    values = parameters(request.query)
    manager = text_of(values, "fieldManager")
    validation = text_of(values, "fieldValidation")
    force = flag_of(values, "force") if kind == "PatchOptions" else None
    dry_run = values.get("dryRun", [])
    errors: list[FieldError] = []
    if kind == "PatchOptions" and not apply and force is not None:
        text = "may not be specified for non-apply patch"
        errors.append(_forbid("force", text))
    if apply and not manager:
        text = "is required for apply patch"
        errors.append(FieldError("FieldValueRequired", "fieldManager", "", text))
    errors += _check_manager(manager) + _check_dry_run(dry_run)
    if validation not in ("", "Ignore", "Warn", "Strict"):
        supported = ["", "Ignore", "Strict", "Warn"]
        errors.append(_unsupported("fieldValidation", validation, supported))
    if errors:
        raise invalid(META, kind, "", errors)
    return WriteOptions(
        manager=manager or default_manager(request.headers.get("user-agent", "")),
        dry_run=bool(dry_run),
        validation=validation or "Warn",
        force=force,
    )


def default_manager(user_agent: str) -> str:
    """Return the field manager of a client that names none: its program's name."""
    return user_agent.split("/", 1)[0][:MANAGER_MAX_BYTES] or "unknown"


def _check_manager(manager: str) -> list[FieldError]:
    if len(manager.encode(errors="replace")) > MANAGER_MAX_BYTES:
        text = f"may not be more than {MANAGER_MAX_BYTES} bytes"
        return [FieldError("FieldValueTooLong", "fieldManager", "", text)]
    if not manager.isprintable():
        text = "should only contain printable characters"
        return [FieldError("FieldValueInvalid", "fieldManager", manager, text)]
    return []


def _check_dry_run(values: Sequence[str]) -> list[FieldError]:
    if any(value != "All" for value in values):
        return [_unsupported("dryRun", list(values), ["All"])]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """What a delete asks for; None where it leaves the choice to the server."""

    grace: int | None = None
    propagation: str | None = None
    orphan: bool | None = None
    uid: str | None = None
    version: str | None = None
    dry_run: bool = False


def delete_options(request: HttpRequest, body: dict[str, Any] | None) -> DeleteOptions:
    """Decode DeleteOptions from the body, else from the query: never from both.

    Args:
        request: The request.
        body: The decoded body, None when it is empty.

    Raises:
        StatusError: 400 or 422, as the server words it.
    """
    if body is None:
        values = parameters(request.query)
        options = DeleteOptions(
            grace=number_of(values, "gracePeriodSeconds"),
            propagation=next(iter(values.get("propagationPolicy", ())), None),
            orphan=flag_of(values, "orphanDependents"),
            uid=text_of(values, "uid") or None,
            version=text_of(values, "resourceVersion") or None,
            dry_run=bool(values.get("dryRun")),
        )
        return _check_delete(options, values.get("dryRun", []))
    given: JSON = _typed(body, "preconditions", dict, "v1.Preconditions")
    preconditions = as_struct(given) or {}
    dry_run = as_list(_typed(body, "dryRun", list, "[]string")) or []
    options = DeleteOptions(
        grace=_typed(body, "gracePeriodSeconds", int, "int64"),
        propagation=_typed(body, "propagationPolicy", str, "v1.DeletionPropagation"),
        orphan=_typed(body, "orphanDependents", bool, "bool"),
        uid=_typed(preconditions, "uid", str, "types.UID", "preconditions."),
        version=_typed(
            preconditions, "resourceVersion", str, "string", "preconditions."
        ),
        dry_run=bool(dry_run),
    )
    return _check_delete(options, [str(value) for value in dry_run])


def _typed(
    body: dict[str, Any], key: str, expected: type, wanted: str, prefix: str = ""
) -> JSON:
    value: JSON = body.get(key)
    wrong_bool = isinstance(value, bool) and expected is int
    if value is None or (isinstance(value, expected) and not wrong_bool):
        return value
    found = go_type(value)
    if expected is int and found == "number":
        found = f"number {value.text if isinstance(value, HugeNumber) else value}"
    struct = prefix[:-1].capitalize() or "DeleteOptions"
    raise bad_request(
        f"json: cannot unmarshal {found} into Go struct field "
        f"{struct}.{prefix}{key} of type {wanted}"
    )


_POLICIES = ("Foreground", "Background", "Orphan")


def _check_delete(options: DeleteOptions, dry_run: Sequence[str]) -> DeleteOptions:
    errors: list[FieldError] = []
    path = "propagationPolicy"
    policy = options.propagation
    if policy is not None and options.orphan is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(FieldError("FieldValueInvalid", path, policy, text))
    elif policy is not None and policy not in _POLICIES:
        errors.append(_unsupported(path, policy, [*_POLICIES, "nil"]))
    errors += _check_dry_run(dry_run)
    if errors:
        raise invalid(META, "DeleteOptions", "", errors)
    return options
