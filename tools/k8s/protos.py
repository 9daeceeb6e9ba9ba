"""Hold the table against the ``generated.proto`` files of the same Go modules.

The table has its numbers from the tags of the Go structs. The files say the same in
another place, and the types on the wire besides: where the two differ, the table would
misread bodies.

    python -m tools.k8s.protos      # prints what differs; nothing when all is well
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from homeostat.k8s._folds import FOLDED
from homeostat.k8s._table import table
from tools.k8s.gotypes import package_folder
from tools.k8s.table import SCALARS

_MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(
    r"^  (optional |repeated |)(?:map<string, )?([\w.]+)>? (\w+) = (\d+)",
    re.MULTILINE,
)
_RUNTIME = "io.k8s.apimachinery.pkg.runtime."
_WORDS = {
    "str": "string",
    "bool": "bool",
    "i32": "int32",
    "i64": "int64",
    "f64": "double",
    "bytes": "bytes",
    "octets": "bytes",
    "typemeta": "TypeMeta",
    "[str": "ExtraValue",
}


class _Proto(NamedTuple):
    """A field of a message: ``[`` or ``{`` or nothing, its type, and where that is."""

    field: str
    shape: str
    name: str
    package: str


@cache
def _messages(package: str, version: str) -> Mapping[str, dict[int, _Proto]]:
    """Return the messages of an OpenAPI package: name -> number -> field."""
    text = (package_folder(package, version) / "generated.proto").read_text()
    return {
        name: {
            int(number): _proto(field, label, type_, package)
            for label, type_, field, number in _FIELD.findall(body)
        }
        for name, body in _MESSAGE.findall(text)
    }


def _proto(field: str, label: str, type_: str, package: str) -> _Proto:
    shape = {"optional ": "", "repeated ": "["}.get(label, "{")
    path, _, name = type_.lstrip(".").rpartition(".")
    return _Proto(field, shape, name, re.sub(r"^k8s\.io\.", "io.k8s.", path) or package)


def _fits(expression: str, found: _Proto) -> bool:
    """Tell whether the table's word for a type is that of a field."""
    if found.shape:
        if expression[0] != found.shape:
            return False
        expression = expression[1:]
    name = _WORDS.get(expression) or expression.rpartition(".")[2]
    same = {word for full, word in SCALARS.items() if full.endswith("." + found.name)}
    return name == found.name or expression in same


def _is_named(wire: str, found: _Proto) -> bool:
    return re.sub(r"\W", "", wire).lower() == found.field.lower()


def _wrong(
    wire: str,
    numbers: list[int],
    expression: str,
    package: str,
    message: str,
    version: str,
) -> str:
    """Return what is wrong with a field of the table; nothing for a right one."""
    for number in numbers[:-1]:
        outer = _messages(package, version)[message].get(number)
        if outer is None or outer.shape:
            return f"{number} is no message"
        package, message = outer.package, outer.name
    found = _messages(package, version)[message].get(numbers[-1])
    if found is None:
        return f"no field has the number {numbers[-1]}"
    if not _is_named(wire, found):
        return f"the number is that of {found.field}"
    return "" if _fits(expression, found) else f"{expression} is {found}"


def _folded() -> Iterator[tuple[str, str, Mapping[int, tuple[str, str]]]]:
    for full, word in SCALARS.items():
        yield (*full.rsplit(".", 1), FOLDED[word][0])  # type: ignore[misc]
    for name, word in (("Unknown", "envelope"), ("TypeMeta", "typemeta")):
        yield _RUNTIME[:-1], name, FOLDED[word][0]


def differences(made: Mapping[str, Any]) -> list[str]:
    """Return where a table and the files differ.

    Args:
        made: The table, as ``tools.k8s.table`` builds it.
    """
    version = "v0." + made["server"].removeprefix("v1.")
    wrong: list[str] = []
    for key, entry in made["types"].items():
        module, _, message = key.partition(".")
        package = made["modules"][module]["p"]
        for wire, _, expression, _, number, *_ in entry["f"]:
            numbers = [number] if isinstance(number, int) else number
            if numbers:
                text = _wrong(wire, numbers, expression, package, message, version)
                wrong += [f"{key}.{wire}: {text}"] if text else []
    for package, message, fields in _folded():
        for number, (wire, expression) in fields.items():
            text = _wrong(wire, [number], expression, package, message, version)
            wrong += [f"{message}.{wire}: {text}"] if text else []
    return wrong


def main() -> None:
    found = differences(table())
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
