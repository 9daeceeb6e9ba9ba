"""How often a controller acts on what is no longer so: ``benchmarks staleness``.

A controller keeps three Pods of generated names, on a line whose watches lag behind its
writes, and on which more goes wrong. A run fails when there are ever more Pods than
anybody ever asked for. The same runs befall four ways to keep a cache: three as others
do it, and this library's whole runtime.
"""

from benchmarks.staleness._command import add_options, run_table
from benchmarks.staleness._run import Outcome, Strategy, outcome_of
from benchmarks.staleness._scenarios import SCENARIOS, Scenario

__all__ = [
    "SCENARIOS",
    "Outcome",
    "Scenario",
    "Strategy",
    "add_options",
    "outcome_of",
    "run_table",
]
