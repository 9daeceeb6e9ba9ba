"""Find the Python code in the documentation, so that it is checked as code is.

    python -m tools.fences FOLDER    # each piece becomes a file

A piece is a ``python`` fence of a Markdown file, or a literal block of a docstring that
is Python. What is shown stands on its own: it has its imports.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Fence", "fences"]

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^```(?:python|py)\b[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LITERAL = re.compile(r"::\n\n((?:(?: {4}[^\n]*)?\n)+)")


class Fence(NamedTuple):
    """A piece of code in the documentation.

    Attributes:
        name: Where it stands, as ``README_2``; the name of a module.
        code: The code.
    """

    name: str
    code: str


def fences() -> Iterator[Fence]:
    """Yield every piece, in the order of the files' names."""
    for path in sorted(_pages()):
        yield from _named(path, _FENCE.findall(path.read_text()))
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text()
        if "::\n" not in text:  # most have no literal block, and parsing takes long
            continue
        blocks = (
            block
            for node in ast.walk(ast.parse(text))
            if isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            )
            for block in _LITERAL.findall(f"{ast.get_docstring(node) or ''}\n\n")
        )
        yield from _named(path, [code for block in blocks if (code := _python(block))])


def _pages() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    for folder in ("docs", "examples", "changelog.d", "benchmarks"):
        yield from (ROOT / folder).rglob("*.md")


def _named(path: Path, pieces: list[str]) -> Iterator[Fence]:
    place = path.relative_to(ROOT).with_suffix("").parts
    for number, code in enumerate(pieces, 1):
        yield Fence("_".join([*place, str(number)]), code)


def _python(block: str) -> str:
    """Return a literal block as a program, "" when it is a picture or a table."""
    code = re.sub(r"^ {4}", "", block, flags=re.MULTILINE)
    try:
        ast.parse(code)
    except SyntaxError:
        return ""
    return f"{code.strip()}\n"


def main() -> None:
    """Write the pieces to a folder, where nothing else is left."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.py"):
        old.unlink()
    for fence in fences():
        (folder / f"{fence.name}.py").write_text(fence.code)


if __name__ == "__main__":
    main()
