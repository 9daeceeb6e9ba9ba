"""YAML as Kubernetes reads it.

PyYAML resolves more types than JSON has: ``2024-01-01`` becomes a date and ``12:30``
the number 750. sigs.k8s.io/yaml, which kubectl uses, leaves both strings. The loader
here keeps the resolvers that YAML and JSON share and drops those two; ``yes`` and
``on`` stay booleans, as kubectl has them.
"""

from typing import Any

import yaml

__all__ = ["dump_all", "load_all"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _KubernetesLoader(_Loader):  # type: ignore[misc]  # chosen at import: C or Python
    """SafeLoader without timestamps and base-60 numbers."""


_DROPPED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"}
_KubernetesLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _DROPPED]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
