"""The house rules that no linter checks."""

import ast
import importlib
import io
import pkgutil
import re
import subprocess
import sys
import tokenize
from inspect import isfunction
from pathlib import Path

import pytest

import homeostat

SOURCE = Path(homeostat.__file__).parent
TEXTS = {
    str(path.relative_to(SOURCE)): path.read_text()
    for path in sorted(SOURCE.rglob("*.py"))
}
PACKAGES = sorted(
    f"homeostat.{module.name}"
    for module in pkgutil.iter_modules(homeostat.__path__)
    if module.ispkg
)


@pytest.mark.parametrize("name", PACKAGES)
def test_package_exports_exactly_what_it_lists(name: str) -> None:
    package = importlib.import_module(name)
    listed: list[str] = package.__all__
    assert len(listed) == len(set(listed))
    for each in listed:
        assert getattr(package, each) is not None


@pytest.mark.parametrize("name", ["homeostat", *PACKAGES])
def test_package_says_what_it_guarantees(name: str) -> None:
    doc = importlib.import_module(name).__doc__ or ""
    assert len(doc.split()) >= 12


@pytest.mark.parametrize("name", PACKAGES)
def test_private_files_stay_in_their_package(name: str) -> None:
    package = name.partition(".")[2]
    strangers = [
        f"{path.name}: {found}"
        for path in (SOURCE / package).rglob("*.py")
        for found in re.findall(
            r"(?:from|import) homeostat\.(\w+\._\w+)", path.read_text()
        )
        if not found.startswith(f"{package}.")
    ]
    assert strangers == []


def test_root_import_loads_nothing_heavy() -> None:
    heavy = (
        *("aiohttp", "click", "cryptography", "rich", "yaml"),
        *("re2", "pytest", "uvloop", "xml"),
    )
    program = f"import sys, homeostat; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_root_has_at_most_twenty_five_names() -> None:
    assert len(homeostat.__all__) <= 25
    assert sorted(homeostat.__all__) == homeostat.__all__


def test_module_is_of_one_job() -> None:
    assert [
        f"{name}: {length} lines"
        for name, text in TEXTS.items()
        if (length := len(text.splitlines())) > 500
    ] == []


def test_function_fits_on_a_page() -> None:
    assert [
        f"{name}: {node.name}: {length} lines"
        for name, text in TEXTS.items()
        for lines in [text.splitlines()]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _length(node, lines)) > 40
    ] == []


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Count lines of code: without signature, docstring, comments and empty ones."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    code = (line.strip() for line in lines[body[0].lineno - 1 : node.end_lineno])
    return sum(bool(line) and not line.startswith("#") for line in code)


# Of these, three hand what they catch to their callers, who were in another thread or
# coroutine; the fourth answers with status 500.
HAND_ON = {
    "_loop_thread.py",
    "_tasks.py",
    "apiserver/_server.py",
    "controller/_steps.py",
}


def test_any_exception_ends_in_the_guard_alone() -> None:
    found = {
        name
        for name, text in TEXTS.items()
        if "Exception" in text or "except:" in text  # to parse takes long
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node.type)
        and not isinstance(node.body[-1], ast.Raise)
    }
    assert found - HAND_ON == {"_guard.py"}


def _catches_all(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}
    return not names.isdisjoint({"Exception", "BaseException"})


def test_checkers_are_silenced_seldom_and_by_code() -> None:
    code = [line for text in TEXTS.values() for line in text.splitlines()]
    silenced = [line for line in code if re.search(r"# (type|pyright): ?ignore", line)]
    assert len(silenced) <= len(code) / 1000
    assert [line for line in silenced if not re.search(r"ignore\[[\w-]+]", line)] == []


def test_comments_speak_of_what_is() -> None:
    banned = re.compile(r"\b(todo|fixme|xxx|currently|for now|should be)\b", re.I)
    assert [
        f"{name}: {token.string}"
        for name, text in TEXTS.items()
        if banned.search(text)  # most have no such word, and to tokenize takes long
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and banned.search(token.string)
    ] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_class_and_function_is_documented(name: str) -> None:
    package = importlib.import_module(name)
    values = [(each, getattr(package, each)) for each in package.__all__]
    assert [
        each
        for each, value in values
        if (isinstance(value, type) or isfunction(value)) and not value.__doc__
    ] == []
