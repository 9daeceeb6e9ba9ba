"""The stubs are what type checkers see; the table is what runs. They must agree."""

import ast
import builtins
import importlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

import homeostat.k8s
from homeostat import api
from homeostat.k8s._classes import _SHARED
from homeostat.k8s._table import table, types
from tools.k8s import stubs

PACKAGE = Path(homeostat.k8s.__file__).parent
STUBS = sorted(PACKAGE.glob("*.pyi"))


def _module(name: str) -> Any:
    return importlib.import_module(f"homeostat.k8s.{name}")


def _names(module: Any) -> dict[str, Any]:
    """Return what a stub's annotations may refer to."""
    modules = {stub.stem: _module(stub.stem) for stub in STUBS}
    shared = {name: getattr(api, name) for name in api.__all__}
    own = {name: getattr(module, name) for name in dir(module)}
    return {**vars(builtins), "builtins": builtins, **shared, **modules, **own}


def _annotations(node: ast.ClassDef, names: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(statement.target, ast.Name)
            found[statement.target.id] = eval(ast.unparse(statement.annotation), names)
    return found


def _runtime(cls: Any) -> dict[str, Any]:
    inherited = {field.name for field in msgspec.structs.fields(cls.__base__)}
    fields = msgspec.structs.fields(cls)
    return {f.name: f.type for f in fields if f.name not in inherited}


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.stem)
def test_a_stub_has_the_fields_and_types_of_its_classes(stub: Path) -> None:
    module = _module(stub.stem)
    names = _names(module)
    classes = [
        node
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ClassDef)
    ]
    for node in classes:
        cls = getattr(module, node.name)
        assert [ast.unparse(base) for base in node.bases] == [cls.__base__.__name__]
        assert _runtime(cls) == _annotations(node, names), f"{stub.stem}.{node.name}"
    own = {key.partition(".")[2] for key in types() if key.startswith(f"{stub.stem}.")}
    shared = _SHARED if stub.stem == "meta_v1" else set()
    assert {node.name for node in classes} == own - shared


def test_every_module_has_a_stub() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py") if path.stem[0] != "_"}
    assert modules == {stub.stem for stub in STUBS}


def test_fields_stand_where_the_wire_has_them() -> None:
    for key, entry in types().items():
        module, _, name = key.partition(".")
        if module == "meta_v1":
            continue
        fields = msgspec.structs.fields(getattr(_module(module), name))
        runtime = {f.name: f.encode_name for f in fields}
        wire = {f[1]: f[0] for f in entry["f"]}
        assert runtime.items() >= wire.items(), key


def test_the_committed_stubs_are_what_the_generator_makes(tmp_path: Path) -> None:
    stubs.write(table(), tmp_path)
    for made in tmp_path.iterdir():
        assert made.read_text() == (PACKAGE / made.name).read_text(), made.name
