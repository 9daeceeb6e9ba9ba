"""Load the user's files and find what they define at their top level."""

import importlib.util
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from homeostat.api import CustomResource
from homeostat.controller import KindController
from homeostat.errors import ConfigError
from homeostat.manager import is_controller, resources_of

__all__ = ["Found", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the files define.

    Attributes:
        controllers: In the order of files and definitions, each once.
        resources: Custom resource types, likewise, those that the controllers
            reconcile included.
    """

    controllers: tuple[KindController[Any], ...]
    resources: tuple[type[CustomResource[Any, Any]], ...]


def load(files: Sequence[Path]) -> Found:
    """Run the files as modules and collect their controllers and custom resources.

    A file may import its neighbours: its folder is put on ``sys.path``, behind all
    else. An ``operator.py`` there must not take the place of Python's own.

    Raises:
        ConfigError: A file is missing or does not run; names the file and the line.
    """
    modules = [_run(file, number) for number, file in enumerate(files)]
    values = [value for module in modules for value in vars(module).values()]
    controllers = [value for value in values if is_controller(value)]
    return Found(
        controllers=tuple(dict.fromkeys(controllers)),
        resources=tuple(resources_of(values)),
    )


def _run(file: Path, number: int) -> ModuleType:
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise ConfigError(f"{file} {what}; name a Python file that defines controllers")
    # A name that nobody imports: files may share their stem, and with Python's own.
    name = f"_homeostat_file_{number}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigError(f"{file} does not run: {_where(error, file)}") from error
    return module


def _where(error: BaseException, file: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file.resolve()
    ]
    at = f"line {lines[-1]}: " if lines else ""
    return f"{at}{type(error).__name__}: {error}"
