"""Transcripts of kubectl: what is called, in order, and what of it is compared.

A line that begins with ``$`` is a command that succeeds, ``!`` one that does not; all
that it prints is compared. Of one with ``~`` only its success is: it waits for
something. Words are quoted as in a shell, ``NAME=value`` before them is the command's
environment, and ``<<END`` behind them its stdin: the lines down to ``END``. ``NS``
stands for the namespace of the transcript.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Step", "steps_of"]

_MARKS = "$!~"
_HERE = "<<END"


@dataclass(frozen=True, slots=True)
class Step:
    """One command.

    Attributes:
        line: Where it stands.
        mark: ``$``, ``!`` or ``~``.
        text: The command as it is written.
        words: Its arguments.
        env: Its environment, beside that of the process.
        stdin: What it reads.
    """

    line: int
    mark: str
    text: str
    words: tuple[str, ...]
    env: Mapping[str, str]
    stdin: str

    @property
    def reads(self) -> bool:
        """Whether it may be asked again, until controllers are done."""
        return self.words[0] in _READS and not set(self.words) & {"-w", "--watch"}

    @property
    def has_prose(self) -> bool:
        """Whether what is explained has its descriptions: a built-in kind has none."""
        return self.words[0] != "explain" or ".example.com" in self.text


_READS = {"describe", "events", "explain", "get", "logs", "top"}


def steps_of(path: Path, namespace: str) -> Sequence[Step]:
    """Return the steps of a transcript.

    Raises:
        ValueError: A line is neither a command nor a comment.
    """
    lines = enumerate(path.read_text().replace("NS", namespace).splitlines(), 1)
    return [
        _step(number, line, lines)
        for number, line in lines
        if line and not line.startswith("#")
    ]


def _step(number: int, line: str, lines: Iterator[tuple[int, str]]) -> Step:
    mark, text = line[0], line[1:].strip()
    if mark not in _MARKS:
        raise ValueError(f"line {number} is no command: {line}")
    stdin: list[str] = []
    if text.endswith(_HERE):
        text = text.removesuffix(_HERE).strip()
        for _, each in lines:
            if each == "END":
                break
            stdin.append(f"{each}\n")
    words = shlex.split(text)
    env = {}
    while words[0].split("=")[0].isupper() and "=" in words[0]:
        name, _, env[name] = words.pop(0).partition("=")
    return Step(number, mark, text, tuple(words), env, "".join(stdin))
