"""Which server's history it is, as a pure decision.

A server that lost its data, or that another one took the place of, has a history of its
own: its versions and uids mean nothing beside those of the lost one. Histories are
numbered as they are met, so that what was read can be told by the number that was known
before it was asked for: the server does not go back to an earlier one meanwhile.
"""

from dataclasses import dataclass, replace

__all__ = ["History", "learned", "lost"]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the history that answers.

    Attributes:
        number: How many other ones were met before it.
        name: The uid that names it; "" while the server cannot say it, for it has only
            just begun; None when it was not read yet, or may not be.
    """

    number: int = 0
    name: str | None = None


def learned(history: History, name: str | None) -> History:
    """Return what is known after an answer.

    Any other name is another history: one that has only just begun, too, may be a third
    one once it says its name.

    Args:
        history: What was known.
        name: As in ``History``.
    """
    if name is None or name == history.name:
        return history
    if history.name is None:
        return replace(history, name=name)
    return History(history.number + 1, name)


def lost(history: History) -> History:
    """Return what is known after versions went back: another one, of unknown name.

    A server that was restored from a backup keeps its name.
    """
    return History(history.number + 1)
