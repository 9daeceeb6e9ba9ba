"""Resource versions, which Kubernetes promises to be comparable since 1.35."""

__all__ = ["parse_resource_version"]


_MAX_DIGITS = (
    4300  # what Python converts without complaint (sys.set_int_max_str_digits)
)


def parse_resource_version(text: str) -> int | None:
    """Return a resourceVersion as a number, or None when it does not compare.

    Comparable is a decimal number above 0 without sign or leading zeros.

    Source: KEP-5504, apimachinery ``resourceversion.CompareResourceVersion``.
    """
    if not text.isascii() or not text.isdigit() or text[0] == "0":
        return None
    return int(text) if len(text) <= _MAX_DIGITS else None
