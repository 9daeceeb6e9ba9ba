import sys
from pathlib import Path

import pytest

from homeostat.cli._load import load
from homeostat.errors import ConfigError

OPERATOR = """
from homeostat import CustomResource, Spec, Status, controller, custom_resource

class ThingSpec(Spec):
    size: int = 1

@custom_resource(group="example.com", version="v1", kind="{kind}")
class Thing(CustomResource[ThingSpec, Status]):
    pass

@controller(Thing, name="{kind}")
async def things(thing, ctx):
    pass
"""


def write(folder: Path, name: str, kind: str = "Thing") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(OPERATOR.format(kind=kind))
    return path


def test_finds_controllers_and_the_kinds_they_reconcile(tmp_path: Path) -> None:
    found = load([write(tmp_path, "things.py")])
    assert [c.name for c in found.controllers] == ["Thing"]
    assert [r.__name__ for r in found.resources] == ["Thing"]


def test_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "main.py", "One")
    second = write(tmp_path / "b", "main.py", "Two")
    found = load([first, second])
    assert [c.name for c in found.controllers] == ["One", "Two"]
    assert len(found.resources) == 2


@pytest.mark.parametrize("name", ["operator.py", "queue.py", "select.py"])
def test_file_may_be_called_like_a_module_of_python(tmp_path: Path, name: str) -> None:
    before = sys.modules.get(name.removesuffix(".py"))
    load([write(tmp_path, name)])
    assert sys.modules.get(name.removesuffix(".py")) is before
    assert sys.path.index(str(tmp_path)) == len(sys.path) - 1


def test_file_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_things.py").write_text("SIZE = 3\n")
    path = tmp_path / "things.py"
    path.write_text("from neighbour_of_things import SIZE\n")
    assert load([path]).controllers == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def broken(:\n", "things.py does not run: line 1: "),
        ("x = 1\nraise ValueError('no')\n", "does not run: line 2: ValueError: no"),
        ("import nothing_of_that_name\n", "line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
    ],
)
def test_file_that_does_not_run_is_named_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "things.py"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load([path])


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"things\.py does not exist"):
        load([tmp_path / "things.py"])
    with pytest.raises(ConfigError, match="is a folder"):
        load([tmp_path])
