"""Quantities and selectors against what k8s.io/apimachinery 0.36.3 answered.

Each line of the file is one call of its Go functions: ``q`` ParseQuantity (``s`` its
String, ``canon`` that after an addition of zero, ``v`` and ``m`` Value and MilliValue),
``add``, ``sub``, ``cmp``, ``l`` labels.Parse, ``ls`` LabelSelectorAsSelector, ``f``
fields.ParseSelector.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import FieldSelector, Quantity, Selector

CALLS = [
    json.loads(line)
    for line in Path(__file__).with_name("apimachinery.jsonl").read_text().splitlines()
]


def _quantity(text: str, asked: dict[str, Any]) -> dict[str, str]:
    quantity = Quantity(text)
    told = {
        "s": str(quantity),
        "canon": str(quantity + Quantity(0)),
        "fmt": quantity.format,
    }
    if "v" in asked:
        told |= {"v": str(int(quantity)), "m": str(quantity.milli())}
    return told


def _compare(left: Quantity, right: Quantity) -> str:
    return str((left > right) - (left < right))


TEXTS: dict[str, Callable[..., str]] = {
    "add": lambda left, right: str(Quantity(left) + Quantity(right)),
    "sub": lambda left, right: str(Quantity(left) - Quantity(right)),
    "cmp": lambda left, right: _compare(Quantity(left), Quantity(right)),
    "l": lambda text: str(Selector.parse(text)),
    "ls": lambda form: str(Selector.of(json.loads(form))),
    "f": lambda text: str(FieldSelector.parse(text)),
}


def _answer(asked: dict[str, Any]) -> dict[str, str]:
    function, *args = asked["in"]
    if function == "q":
        return _quantity(args[0], asked)
    return {"s": TEXTS[function](*args)}


@pytest.mark.parametrize("asked", CALLS, ids=lambda call: " ".join(call["in"])[:60])
def test_answers_as_apimachinery(asked: dict[str, Any]) -> None:
    try:
        answer = _answer(asked)
    except ValueError as error:
        answer = {"err": str(error)}
    assert answer == {name: value for name, value in asked.items() if name != "in"}
