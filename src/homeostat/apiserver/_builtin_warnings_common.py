"""Warnings that several kinds share: labels of nodes, and fractions of a byte.

Source: kubernetes ``pkg/api/node/util.go``, ``pkg/api/pod/warnings.go``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeostat.api import Quantity
from homeostat.apiserver._builtin_validation_common import label_value_texts
from homeostat.apiserver._defaults_access import children

__all__ = ["OLD_LABELS", "Texts", "Value", "fraction_warnings", "term_warnings"]

Value = dict[str, Any]
Texts = list[str]

OLD_LABELS: Final[Mapping[str, str]] = {
    "beta.kubernetes.io/arch": (
        'deprecated since v1.14; use "kubernetes.io/arch" instead'
    ),
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": (
        'use "node-role.kubernetes.io/control-plane" instead'
    ),
}
"""Labels of nodes that nobody is to select by any more, and what is told of them."""


def term_warnings(term: Value, path: str, *, values: bool = False) -> Texts:
    """Return what is told of a term that selects nodes.

    Args:
        term: It.
        path: Where it stands.
        values: Its values must be those that a label can have.
    """
    texts: Texts = []
    for index, expression in enumerate(children(term, "matchExpressions")):
        here = f"{path}.matchExpressions[{index}]"
        key: str = expression.get("key", "")
        if key in OLD_LABELS:
            texts.append(f"{here}.key: {key} is {OLD_LABELS[key]}")
        given: list[str] = (expression.get("values") or []) if values else []
        for at, value in enumerate(given):
            for fault in label_value_texts(value):
                texts.append(f"{here}.values[{at}]: {value} is invalid, {fault}")
    return texts


def fraction_warnings(amounts: Value, path: str, names: Iterable[str]) -> Texts:
    """Return what is told of amounts of bytes that are no whole numbers."""
    texts: Texts = []
    for name in names:
        if name not in amounts:
            continue
        amount = Quantity(str(amounts[name]))
        if amount.milli() % 1000:
            told = f'fractional byte value "{amount}" is invalid, must be an integer'
            texts.append(f"{path}[{name}]: {told}")
    return texts
