"""Validation of addresses, of ranges of them, and of those of Services.

Source: kubernetes ``pkg/apis/core/validation/validation.go``, apimachinery
``pkg/util/validation/ip.go``.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from homeostat.apiserver._builtin_validation_common import Errors, Value, one_of
from homeostat.schema import duplicate, invalid, required

__all__ = ["address", "address_range", "cluster_addresses", "endpoint"]

_NO_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NO_RANGE: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ZEROS: Final = re.compile(r"\b0+(?=\d)")
_FAMILIES: Final = ("IPv4", "IPv6")
_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")


def address(text: str, path: str) -> Errors:
    """Check an address, which has one way of writing it if it is of IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        why = _NO_ADDRESS
        if ":" not in text and _is_address(_ZEROS.sub("", text)):
            why = "must not have leading 0s"
        return [invalid(path, text, why)]
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return [invalid(path, text, "must not be an IPv4-mapped IPv6 address")]
    return []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def address_range(text: str, path: str) -> Errors:
    """Check a range of addresses."""
    start, _, length = text.partition("/")
    try:
        found = ipaddress.ip_network(f"{_ZEROS.sub('', start)}/{length}", strict=False)
    except ValueError:
        return [invalid(path, text, _NO_RANGE)]
    if not length.isdecimal():
        return [invalid(path, text, _NO_RANGE)]
    if length != str(int(length)) or not _is_address(start):
        return [invalid(path, text, "must not have leading 0s in IP or prefix length")]
    first = ipaddress.ip_address(start)
    if isinstance(first, ipaddress.IPv6Address) and first.ipv4_mapped:
        return [invalid(path, text, "must not have an IPv4-mapped IPv6 address")]
    if found.network_address != first:
        why = "must not have bits set beyond the prefix length"
        return [invalid(path, text, why)]
    return []


def endpoint(text: str, path: str) -> Errors:
    """Check that an address that is right may be that of an endpoint."""
    found = ipaddress.ip_address(text)
    if found.is_unspecified:
        return [invalid(path, text, f"may not be unspecified ({text})")]
    if found.is_loopback:
        why = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        return [invalid(path, text, why)]
    if found.is_link_local:
        why = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        return [invalid(path, text, why)]
    if any(
        found in network
        for network in _LOCAL_GROUPS
        if network.version == found.version
    ):
        why = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        return [invalid(path, text, why)]
    return []


_LOCAL_GROUPS: Final = (
    ipaddress.IPv4Network("224.0.0.0/24"),
    ipaddress.IPv6Network("ff02::/16"),
)


def cluster_addresses(spec: Value) -> Errors:
    """Check the cluster addresses of a Service, and what goes with them."""
    if spec.get("type") == "ExternalName":
        return []
    single: str = spec.get("clusterIP") or ""
    listed: list[str] = spec.get("clusterIPs") or []
    path = "spec.clusterIPs"
    errors: Errors = []
    if single and not listed:
        errors.append(required(path))
    elif single and listed[0] != single:
        errors.append(invalid(path, listed, "first value must match `clusterIP`"))
    elif listed and not single:
        why = "must be empty when `clusterIP` is not specified"
        errors.append(invalid(path, listed, why))
    errors += _families(spec.get("ipFamilies") or [])
    policy = spec.get("ipFamilyPolicy")
    if policy is not None:
        errors += one_of(policy, "spec.ipFamilyPolicy", _POLICIES)
    wrong: Errors = []
    for index, each in enumerate(listed):
        if index or each != "None":
            wrong += address(each, f"{path}[{index}]")
        elif len(listed) > 1:
            why = "'None' must be the first and only value"
            wrong.append(invalid(path, listed, why))
    errors += wrong
    if len(listed) > 2:
        errors.append(invalid(path, listed, "may only hold up to 2 values"))
    return errors if wrong else errors + _matching(listed, spec)


def _families(given: Sequence[str]) -> Errors:
    errors: Errors = []
    for index, family in enumerate(given):
        here = f"spec.ipFamilies[{index}]"
        errors += one_of(family, here, _FAMILIES)
        if family in given[:index]:
            errors.append(duplicate(here, family))
    return errors


def _matching(listed: list[str], spec: Value) -> Errors:
    """Check that addresses are of the families that go with them, one of each."""
    if listed == ["None"]:
        return []
    path = "spec.clusterIPs"
    found = [f"IPv{ipaddress.ip_address(each).version}" for each in listed]
    errors: Errors = []
    if len(listed) > 1 and sorted(found) != list(_FAMILIES):
        why = "may specify no more than one IP for each IP family"
        errors.append(invalid(path, listed, why))
    families: list[str] = spec.get("ipFamilies") or []
    for index, (family, wanted) in enumerate(zip(found, families, strict=False)):
        if family != wanted and wanted in _FAMILIES:
            why = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"{path}[{index}]", listed[index], why))
    return errors
