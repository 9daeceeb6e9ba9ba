"""What kubectl prints, without what differs from server to server."""

import re

from tests.harness.kubectl import Outcome

__all__ = ["masked"]

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"  # what generated names end in
_AGE = r"(?<![\w.=-])(?:\d+[smhd])+(?![\w.])"
_MASKS = [
    (re.compile(pattern), mask)
    for pattern, mask in (
        # Kinds that other tests have defined: those of this one begin with its NS.
        (
            r"(?m)^(.*[ \t])?(?!\S*k8s\.io/)[a-z][\w-]*(\.[\w-]+)+/v\d\w*([ \t].*)?\n",
            "",
        ),
        (r"(?m)^[a-z]+\.(?!\S*k8s\.io$)[\w-]+(\.[\w-]+)+\n", ""),
        (r"(?s)-----BEGIN CERT.*?END CERTIFICATE-----", "CERTIFICATE"),
        # Go writes the keys of a patched document in order where it was touched.
        (r'(?<=Invalid value: )"\{\\".*\}"(?=: )', "DOCUMENT"),
        # Before what looks like hashes; an old kubectl has its version in its name.
        (r"/tmp/(LIVE|MERGED|kubectl[.\d]*-edit)-\d+", r"\1"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d{4})", "TIME"),
        (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
        (r'([rR]esource ?[vV]ersion\\?"?:\s*\\?"?)\d+', r"\1RV"),
        (r"(https://)?127\.0\.0\.1:\d+", "SERVER"),
        (r"\b(10|192\.168)(\.\d+){2,3}\b", "IP"),
        (r"\bnode-[12]\b", "NODE"),
        (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN"),
        (r"\b3[0-2]\d{3}\b", "PORT"),
        (rf"-[{_SUFFIX}]{{5}}\b", "-XXXXX"),
        (rf"(?<=-)[{_SUFFIX}]{{6,7}}\b|\b[{_SUFFIX}]{{8,10}}\b", "HASH"),
        (rf"{_AGE}( \(x\d+ over {_AGE}\))?", "AGE"),
        (r"(?m)^.*very short watch: .*\n", ""),  # on the side that is faster
        (r"(?m)^[IWE]\d{4} [\d:.]+ +\d+ ", ""),
        (r"(?<=\S) {2,}", "  "),  # columns are as wide as what stands in them
        (r"(?m)[ \t]+$", ""),
    )
]


_CAUSES = re.compile(r"(?m)(^\* .*\n)+")
# Lines that explain fields, and no fields of fields.
_PROSE = re.compile(r"(?m)^ {4,}(?!.*\t<).*\n")


def masked(outcome: Outcome, namespace: str, *, prose: bool = True) -> Outcome:
    """Return an outcome without ids, ages, addresses, times and versions.

    Args:
        outcome: What kubectl said.
        namespace: Where it was.
        prose: Keep what ``kubectl explain`` says of fields beside names and types.
    """
    out = outcome.out if prose else re.sub(r"\n+", "\n", _PROSE.sub("", outcome.out))
    return Outcome(outcome.code, _plain(out, namespace), _plain(outcome.err, namespace))


def _plain(text: str, namespace: str) -> str:
    text = text.replace(namespace, "NS")
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    # Go walks maps at random.
    text = _CAUSES.sub(lambda found: "".join(sorted(found[0].splitlines(True))), text)
    head, events, rest = text.partition("\nEvents:")
    # Those of one second come in any order.
    return head + events + "\n".join(sorted(rest.split("\n")))
