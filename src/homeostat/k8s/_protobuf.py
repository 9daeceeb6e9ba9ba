"""Objects as generated clients in Go send them: an envelope around one message."""

from typing import Any, Final

from homeostat.api import GroupVersionKind
from homeostat.k8s._table import key_of
from homeostat.k8s._wire import WireError

__all__ = ["from_protobuf"]

_PREFIX: Final = b"k8s\0"
# Every group has them, and they are the same in each.
_DELETE_OPTIONS: Final = GroupVersionKind("", "v1", "DeleteOptions")


def from_protobuf(data: bytes, default: GroupVersionKind) -> dict[str, Any]:
    """Decode an object in protobuf to what its JSON would be decoded to.

    What Go leaves out of JSON is left out, nulls are too; what Go writes although it
    is zero is there when the message has it. Fields that the type does not have are
    passed over.

    Args:
        data: The whole body, envelope and all.
        default: The kind of an object that does not say of which it is.

    Returns:
        The object with ``apiVersion`` and ``kind``, and nothing but these if it is of
        no built-in kind.

    Raises:
        WireError: It is no message of its kind.
    """
    # What makes the readers is imported with the first body: most processes see none.
    from homeostat.k8s._messages import message_reader  # noqa: PLC0415

    if not data:
        raise WireError("empty data")
    if not data.startswith(_PREFIX):
        raise WireError(
            "provided data does not appear to be a protobuf message, "
            "expected prefix [107 56 115 0]"
        )
    if data == _PREFIX:
        raise WireError("empty body")
    envelope = message_reader("envelope")(data, len(_PREFIX), len(data))
    gvk = _kind(envelope.get("typeMeta", {}), default)
    found = {"apiVersion": gvk.api_version, "kind": gvk.kind}
    key = key_of(_DELETE_OPTIONS if gvk.kind == _DELETE_OPTIONS.kind else gvk)
    if key is None:
        return found
    raw: bytes = envelope.get("raw", b"")
    try:
        found |= message_reader(key)(raw, 0, len(raw))
    except WireError as error:
        raise WireError(str(error), gvk=gvk) from None
    except RecursionError:
        raise WireError("the message is nested too deeply", gvk=gvk) from None
    return found


def _kind(said: dict[str, str], default: GroupVersionKind) -> GroupVersionKind:
    version, kind = said.get("apiVersion", ""), said.get("kind", "") or default.kind
    # Go takes what is no version for none.
    if not version or version.count("/") > 1:
        return GroupVersionKind(default.group, default.version, kind)
    return GroupVersionKind.of(version, kind)
