"""Write the module and the stub of each group and version."""

import builtins
from pathlib import Path
from typing import Any

from tools.k8s.table import POINTER

# Types of meta/v1 that homeostat.api defines by hand.
SHARED = (
    "Condition",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ListMeta",
    "ManagedFieldsEntry",
    "ObjectMeta",
    "OwnerReference",
)
_SCALARS = {
    "str": "str",
    "bool": "bool",
    "i32": "int",
    "i64": "int",
    "f64": "float",
    "bytes": "bytes",
    "time": "Time",
    "micro": "MicroTime",
    "qty": "Quantity",
    "ios": "IntOrString",
    "raw": "JSON",
    "json": "JSON",
    "soa": "JSONSchemaProps | list[JSONSchemaProps]",
    "sob": "JSONSchemaProps | bool",
    "sos": "JSONSchemaProps | list[str]",
}
_API = {"Time", "MicroTime", "Quantity", "IntOrString", "JSON", "Model", "Object"}
# Go's zero value of these is nothing that one could write.
_NONE_AS_ZERO = {"time", "micro", "qty", "soa", "sob", "sos"}

_MODULE = '''"""The types of {gv}; the stub lists them."""

from homeostat.k8s._classes import lazy_module

__getattr__, __dir__ = lazy_module(__name__)
'''


class _Stub:
    """One stub while it is written; remembers what it must import."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.api: set[str] = set()
        self.modules: set[str] = set()
        self.builtins = False

    def type_of(self, expression: str, shadowed: set[str]) -> str:
        if expression[0] in "[{":
            inner = self.type_of(expression[1:], shadowed)
            return f"list[{inner}]" if expression[0] == "[" else f"dict[str, {inner}]"
        if "." not in expression:
            return self._scalar(_SCALARS[expression], shadowed)
        module, _, name = expression.partition(".")
        if module == "meta_v1" and name in SHARED:
            self.api.add(name)
            return name
        if module == self.module:
            return name
        self.modules.add(module)
        return f"{module}.{name}"

    def _scalar(self, word: str, shadowed: set[str]) -> str:
        self.api |= {word} & _API
        if word not in shadowed:
            return word
        self.builtins = True
        return f"builtins.{word}"

    def annotation(self, expression: str, bits: int, shadowed: set[str]) -> str:
        text = self.type_of(expression, shadowed)
        optional = bits & POINTER or expression in _NONE_AS_ZERO
        if optional and expression[0] not in "[{" and text not in {"JSON"}:
            return f"{text} | None"
        return text

    def struct(self, name: str, entry: dict[str, Any]) -> list[str]:
        is_object = "k" in entry and any(
            f[0] == "metadata" and f[2] == "meta_v1.ObjectMeta" for f in entry["f"]
        )
        base = "Object" if is_object else "Model"
        self.api.add(base)
        own = [
            f
            for f in entry["f"]
            if not (is_object and f[0] in {"apiVersion", "kind", "metadata"})
        ]
        shadowed = {f[1] for f in own} & set(dir(builtins))
        lines = [
            f"    {f[1]}: {self.annotation(f[2], f[3], shadowed)} = ..." for f in own
        ]
        if not lines:
            return [f"class {name}({base}): ..."]
        return [f"class {name}({base}):", *lines]


def _stub(module: str, types: dict[str, Any], gv: str) -> str:
    stub = _Stub(module)
    blocks = [
        stub.struct(name, entry)
        for name, entry in types.items()
        if not (module == "meta_v1" and name in SHARED)
    ]
    head = [f"# {gv}. Made by tools/k8s/generate.py; not edited by hand."]
    if stub.builtins:
        head += ["", "import builtins"]
    shared = sorted(set(SHARED) & set(types)) if module == "meta_v1" else []
    names = sorted(stub.api | {f"{name} as {name}" for name in shared})
    head += ["", f"from homeostat.api import {', '.join(names)}"]
    if stub.modules:
        head += [f"from homeostat.k8s import {', '.join(sorted(stub.modules))}"]
    text = "\n".join(head) + "\n"
    for block in blocks:
        text += "\n" + "\n".join(block) + "\n"
    return text


def write(table: dict[str, Any], folder: Path) -> None:
    """Write one ``.py`` and one ``.pyi`` for each module of the table."""
    for module, about in table["modules"].items():
        group, version = about.get("gv", ("meta.k8s.io", "v1"))
        gv = f"{group or 'core'}/{version}"
        prefix = f"{module}."
        types = {
            key.removeprefix(prefix): entry
            for key, entry in table["types"].items()
            if key.startswith(prefix)
        }
        (folder / f"{module}.py").write_text(_MODULE.format(gv=gv))
        (folder / f"{module}.pyi").write_text(_stub(module, types, gv))
