"""Subresources that write a part of an object: what they keep, and what they check.

Fields get their owners before: who sends what a subresource does not write owns it all
the same, as on the real server.
"""

from typing import Any, Final

from homeostat.apiserver._approvals import check_request, keep_request, sign_request
from homeostat.apiserver._pod_changes import POD_CHANGES, check_pod_change, keep_pod
from homeostat.apiserver._registry import Served
from homeostat.apiserver._users import User
from homeostat.schema import FieldError

__all__ = ["PARTS", "begin", "check_part", "is_part", "keep_part"]

Value = dict[str, Any]

PARTS: Final = frozenset({"approval", "finalize", *POD_CHANGES})
"""The subresources."""

_REQUESTS: Final = ("certificates.k8s.io", "certificatesigningrequests")


def is_part(served: Served, subresource: str) -> bool:
    """Tell whether a write is to a part that is not the status."""
    return not served.custom and subresource in PARTS


def begin(served: Served, new: Value, user: User) -> None:
    """Complete a new object with what follows from who makes it, in place."""
    if (served.group, served.plural) == _REQUESTS:
        sign_request(new, user)


def keep_part(
    served: Served, new: Value, old: Value, subresource: str, now: str
) -> None:
    """Take from an object what its subresource does not write, in place."""
    if (served.group, served.plural) == _REQUESTS:
        keep_request(new, old, subresource, now)
    elif is_part(served, subresource):
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
        if subresource in POD_CHANGES:
            keep_pod(new, old, subresource)


def check_part(
    served: Served, new: Value, old: Value | None, subresource: str
) -> list[FieldError] | None:
    """Return what is wrong with a part; None where the whole is to be checked."""
    if old is None:
        return None
    if (served.group, served.plural) == _REQUESTS:
        return check_request(new, old, subresource)
    if is_part(served, subresource) and subresource in POD_CHANGES:
        return check_pod_change(new, old, subresource)
    return None
