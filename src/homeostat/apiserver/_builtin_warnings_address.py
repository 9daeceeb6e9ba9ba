"""Warnings of addresses that are right, but not written as the others write them.

Those with leading zeros, and IPv4 in the guise of IPv6, are refused since 1.36 and so
have nothing told of them. Source: apimachinery ``pkg/util/validation/ip.go``.
"""

import ipaddress

__all__ = ["address_warnings", "range_warnings"]


def address_warnings(text: str, path: str) -> list[str]:
    """Return what is told of an address; nothing when it is none."""
    try:
        shown = str(ipaddress.ip_address(text))
    except ValueError:
        return []
    return [] if shown == text else [f"{path}: {_told('address', text, shown)}"]


def range_warnings(text: str, path: str) -> list[str]:
    """Return what is told of a range of addresses; nothing when it is none."""
    try:
        shown = str(ipaddress.ip_network(text))
    except ValueError:
        return []
    return [] if shown == text else [f"{path}: {_told('CIDR value', text, shown)}"]


def _told(what: str, text: str, shown: str) -> str:
    told = f'"{text}" should be in RFC 5952 canonical format ("{shown}")'
    return f"IPv6 {what} {told}"
