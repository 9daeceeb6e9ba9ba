"""JSON patch (RFC 6902) as an API server applies it."""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from homeostat.api import JSON
from homeostat.errors import HomeostatError
from homeostat.schema._go import copy_json, encode_json

__all__ = ["MAX_OPERATIONS", "PatchError", "go_kind", "json_patch"]

MAX_OPERATIONS: Final = 10_000  # the server's; a longer patch is refused unread
MAX_DEPTH: Final = 1_024  # the server's is 10,000, beyond Python's recursion
MAX_COPIED_BYTES: Final = 3 * 1024 * 1024  # a few copies of copies would eat the memory

_MISSING: Final = object()
_REJECTED: Final = "the server rejected our request due to an error in our request"


class PatchError(HomeostatError):
    """A patch that cannot be read, or does not apply.

    ``str()`` is what is wrong, as the server's patch library words it.

    Attributes:
        reason: The Status reason: ``BadRequest`` (400) for a patch that is not one,
            ``RequestEntityTooLarge`` (413) for too many operations, ``Invalid`` (422)
            for one that does not fit the document.
        message: The Status message. For ``Invalid`` the server does not say why.
    """

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.message: str = _REJECTED if reason == "Invalid" else detail
        self.reason = reason


def json_patch(document: JSON, operations: JSON) -> JSON:
    """Return ``document`` with the operations applied in order; all or nothing.

    Args:
        document: JSON JSON value; never changed.
        operations: The decoded patch: a list of ``{"op", "path", "value", "from"}``.

    Returns:
        A new document that shares nothing with the old one.

    Raises:
        PatchError: The patch is malformed, too long, or an operation (``test``
            included) fails.

    Source: evanphx/json-patch v4, the library of kube-apiserver: ``-1`` counts from
    the end, and replacing a member that is absent adds it.
    """
    checked = _checked(operations)
    patched = _Document(copy_json(document))
    try:
        for operation in checked:
            kind = _text(operation, "op") or "unknown"
            apply = _OPERATIONS.get(kind)
            if apply is None:
                raise _failed(f"Unexpected kind: {kind}")
            apply(patched, operation)
    except RecursionError:
        raise _failed("exceeded max depth") from None
    _check_depth(patched.root)
    return patched.root


def _check_depth(value: JSON) -> None:
    """Refuse a document that operations have made deeper than any real one."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(cast("dict[str, Any]", each).values())
            elif isinstance(each, list):
                below.extend(cast("Sequence[Any]", each))
        if not below:
            return
        level = below
    raise _failed("exceeded max depth")


def _checked(operations: JSON) -> Sequence[dict[str, Any]]:
    if operations is None:
        return ()
    if not isinstance(operations, list):
        raise PatchError(
            f"error decoding patch: json: cannot unmarshal {go_kind(operations)} into "
            "Go value of type []handlers.jsonPatchOp",
            reason="BadRequest",
        )
    listed = cast("Sequence[Any]", operations)
    for operation in listed:
        if not isinstance(operation, dict):
            raise PatchError(
                f"error decoding patch: json: cannot unmarshal {go_kind(operation)} "
                "into Go value of type handlers.jsonPatchOp",
                reason="BadRequest",
            )
    if len(listed) > MAX_OPERATIONS:
        raise PatchError(
            "Request entity too large: The allowed maximum operations in a JSON patch "
            f"is {MAX_OPERATIONS}, got {len(listed)}",
            reason="RequestEntityTooLarge",
        )
    return cast("list[dict[str, Any]]", operations)


def go_kind(value: JSON) -> str:
    """Return what Go's JSON decoder calls a value of this kind."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _failed(message: str) -> PatchError:
    return PatchError(message, reason="Invalid")


def _text(operation: dict[str, Any], key: str) -> str | None:
    value = operation.get(key)
    return value if isinstance(value, str) else None


class _Document:
    """The document being patched; ``root`` is replaced by an operation on ``""``."""

    __slots__ = ("_copied", "root")

    def __init__(self, root: JSON) -> None:
        self.root = root
        self._copied = 0

    def copied(self, value: JSON) -> JSON:
        """Return a copy of ``value``; refuse when the copies grow too large."""
        _check_depth(value)
        self._copied += len(encode_json(value))
        if self._copied > MAX_COPIED_BYTES:
            raise _failed(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{self._copied}, exceeding the limit {MAX_COPIED_BYTES}"
            )
        return copy_json(value)

    def find(self, path: str, absent: str) -> tuple[Any, str]:
        """Return the container and the last key of a pointer.

        Args:
            path: The pointer.
            absent: What is said when there is no such container.

        Raises:
            PatchError: There is none.
        """
        parts = path.split("/")
        if len(parts) < 2:
            raise _failed(f"{absent}: missing value")
        container = self.root
        for part in parts[1:-1]:
            container = _child(container, _unescape(part))
            if not isinstance(container, dict | list):
                raise _failed(f"{absent}: missing value")
        return cast("Any", container), _unescape(parts[-1])


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _child(container: JSON, key: str) -> JSON:
    if isinstance(container, dict):
        return cast("dict[str, Any]", container).get(key, _MISSING)
    try:
        return container[_index(container, key, len(container))]
    except PatchError:
        return _MISSING


def _index(items: list[Any], key: str, size: int) -> int:
    """Return the position that ``key`` names, of ``size`` possible ones."""
    try:
        index = int(key)
    except ValueError:
        raise _failed(f'strconv.Atoi: parsing "{key}": invalid syntax') from None
    if index >= size or index < -size:
        raise _failed(
            f"Unable to access invalid index: {index}: invalid index referenced"
        )
    return index + size if index < 0 else index


def _get(container: JSON, key: str) -> JSON:
    if isinstance(container, dict):
        return cast("dict[str, Any]", container).get(key)
    return container[_index(container, key, len(container))]


def _insert(container: JSON, key: str, value: JSON) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_index(container, key, len(container) + 1), value)


def _delete(container: JSON, key: str) -> None:
    if isinstance(container, list):
        items = cast("Any", container)
        del items[_index(items, key, len(items))]
    elif key in container:
        del container[key]
    else:
        raise _failed(f"Unable to remove nonexistent key: {key}: missing value")


def _pointer(operation: dict[str, Any], key: str, kind: str) -> str:
    pointer = _text(operation, key)
    if pointer is None:
        raise _failed(f"{kind} operation failed to decode {key}: missing value")
    return pointer


def _add(document: _Document, operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path", "add")
    absent = f'add operation does not apply: doc is missing path: "{path}"'
    container, key = document.find(path, absent)
    value = copy_json(operation.get("value"))
    with _Wrapped(f"error in add for path: '{path}'"):
        _insert(container, key, value)


def _remove(document: _Document, operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path", "remove")
    absent = f'remove operation does not apply: doc is missing path: "{path}"'
    container, key = document.find(path, absent)
    with _Wrapped(f"error in remove for path: '{path}'"):
        _delete(container, key)


def _replace(document: _Document, operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path", "replace")
    value = copy_json(operation.get("value"))
    if not path:
        if not isinstance(value, dict | list):
            raise _failed("replace operation value must be object or array")
        document.root = value
        return
    absent = f"replace operation does not apply: doc is missing path: {path}"
    container, key = document.find(path, absent)
    if isinstance(container, dict):
        container[key] = value
        return
    try:
        container[_index(container, key, len(container))] = value
    except PatchError:
        raise _failed(
            f"replace operation does not apply: doc is missing key: {path}: "
            "missing value"
        ) from None


def _move(document: _Document, operation: dict[str, Any]) -> None:
    source = _pointer(operation, "from", "move")
    absent = f"move operation does not apply: doc is missing from path: {source}"
    container, key = document.find(source, absent)
    with _Wrapped(f"error in move for path: '{key}'"):
        value = _get(container, key)
        _delete(container, key)
    path = _pointer(operation, "path", "move")
    absent = f"move operation does not apply: doc is missing destination path: {path}"
    container, key = document.find(path, absent)
    with _Wrapped(f"error in move for path: '{path}'"):
        _insert(container, key, value)


def _copy(document: _Document, operation: dict[str, Any]) -> None:
    source = _pointer(operation, "from", "copy")
    absent = f"copy operation does not apply: doc is missing from path: {source}"
    container, key = document.find(source, absent)
    with _Wrapped(f"error in copy for from: '{source}'"):
        value = _get(container, key)
    path = _pointer(operation, "path", "copy")
    absent = f"copy operation does not apply: doc is missing destination path: {path}"
    container, key = document.find(path, absent)
    value = document.copied(value)
    with _Wrapped("error while adding value during copy"):
        _insert(container, key, value)


def _test(document: _Document, operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path", "test")
    expected = operation.get("value")
    if not path:
        actual = document.root
    else:
        absent = f"test operation does not apply: is missing path: {path}"
        container, key = document.find(path, absent)
        with _Wrapped(f"error in test for path: '{path}'"):
            actual = _get(container, key)
    if not _equal(actual, expected):
        raise _failed(f"testing value {path} failed: test failed")


def _equal(one: JSON, two: JSON) -> bool:
    """Compare as JSON text does: 1, 1.0 and true are three values."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        ones, twos = cast("dict[str, Any]", one), cast("dict[str, Any]", two)
        return ones.keys() == twos.keys() and all(
            _equal(value, twos[key]) for key, value in ones.items()
        )
    if isinstance(one, list):
        items, others = cast("Sequence[Any]", one), cast("Sequence[Any]", two)
        return len(items) == len(others) and all(map(_equal, items, others))
    return bool(one == two)


class _Wrapped:
    """Prefix the text of a failure inside, as ``fmt.Errorf("...: %w")`` does."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, PatchError):
            raise _failed(f"{self._prefix}: {error}") from error


_OPERATIONS: Final[dict[str, Callable[[_Document, dict[str, Any]], None]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
