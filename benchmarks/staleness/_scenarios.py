"""What goes wrong, beside the lag of watches."""

from dataclasses import dataclass

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the table.

    Attributes:
        name: As the table has it.
        relists: Watches expire (410) now and then.
        crash: The process is killed at one of its first writes, and starts anew.
        others: Somebody else deletes Pods and changes the number that is asked for.
        lost: Share of writes whose answer does not come back.
        barrier: After such a write, peers read what is there before they go on.
        stale_list: A list that asks for any version (``resourceVersion=0``) is answered
            from the past, after the restart.
    """

    name: str
    relists: bool = False
    crash: bool = False
    others: bool = False
    lost: float = 0.0
    barrier: bool = False
    stale_list: bool = False


SCENARIOS = (
    Scenario(name="lag"),
    Scenario(name="lag + 410 relists", relists=True),
    Scenario(name="lag + crash at a call", crash=True),
    Scenario(name="lag + third-party deletes, rescales", others=True),
    Scenario(name="lag + 20% of answers lost", lost=0.2),
    Scenario(name="the same + barrier for peers", lost=0.2, barrier=True),
    Scenario(name="crash + stale initial list", crash=True, stale_list=True),
    Scenario(
        name="all of it at once",
        relists=True,
        crash=True,
        others=True,
        lost=0.2,
        barrier=True,
        stale_list=True,
    ),
)
