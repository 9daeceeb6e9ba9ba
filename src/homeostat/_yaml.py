"""YAML as Kubernetes reads it.

PyYAML resolves more types than JSON has: ``2024-01-01`` becomes a date and ``12:30``
the number 750. sigs.k8s.io/yaml, which kubectl uses, leaves both strings. The loader
here has numbers as go-yaml has them, exponents without a point included; ``yes`` and
``on`` stay booleans, as kubectl has them.
"""

import re
from collections.abc import Iterable
from typing import Any

import yaml

__all__ = ["dump_all", "load_all"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _KubernetesLoader(_Loader):  # type: ignore[misc]  # chosen at import: C or Python
    """SafeLoader without timestamps and base-60 numbers."""


_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_REPLACED = {"tag:yaml.org,2002:timestamp", _INT, _FLOAT}
_KubernetesLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _REPLACED]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


class _KubernetesDumper(_Dumper):  # type: ignore[misc]  # chosen at import: C or Python
    """SafeDumper that quotes what either of the two readers takes for no string."""


# Integers come first: what both patterns match is one.
_NUMBERS = (
    (
        _INT,
        re.compile(
            r"[-+]?(?:0|[1-9][0-9_]*|0o?[0-7_]+|0b[01_]+|0x[0-9a-fA-F_]+)\Z",
        ),
    ),
    (
        _FLOAT,
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
    ),
)
for _tag, _pattern in _NUMBERS:
    for _class in (_KubernetesLoader, _KubernetesDumper):
        _class.add_implicit_resolver(_tag, _pattern, list("-+.0123456789"))


def load_all(text: str | bytes) -> list[Any]:
    """Return the documents of a YAML (or JSON) text; empty ones are None.

    Raises:
        ValueError: The text is no YAML; the message says where.
    """
    try:
        return list(yaml.load_all(text, Loader=_KubernetesLoader))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def dump_all(documents: Iterable[Any]) -> str:
    """Return the documents as YAML in the order of their keys, ``---`` between them."""
    text: str = yaml.dump_all(
        documents,
        Dumper=_KubernetesDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
    )
    return text
