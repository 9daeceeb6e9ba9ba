"""Controllers: functions that bring objects where their specs want them.

Guarantees:

- An object is never reconciled twice at once, changes collapse, none is lost.
- A controller's own status write does not trigger it; another's change in the same
  instant does.
- Reads come from the cache and see every write of this process at once, or, where the
  cache could not take in the answer, from the key's next reconcile on.
- No reconcile begins while the outcome of a write for its key is unknown: the key
  parks, without a worker and without a failure, until the server has said it.
- ``ctx.caught_up()``, and ``strict=True`` for each reconcile of a controller, let a
  decision wait until the watches have shown every write for its key, and so whatever
  others wrote before. Past a deadline a live list takes their place.
- A delete of what was read has its uid as a precondition.
- Whatever user code raises ends that one call: it is logged, and tried again with
  backoff, for ever, unless it was a ``TerminalError``. An optimistic-lock conflict is
  no failure: the key waits until the cache has passed what the write lost to.
- What failed can be told to people: ``@x.on_error`` hears of every failure, also of
  those that keep the reconciler from being called.
- No reconcile begins, reads or writes on the strength of a cache of which it is known
  that its server lost its data. Keys wait, without a failure, until every kind that the
  controller declares was taken anew; a kind that is not served any more keeps them
  waiting, as at the start. While it is in doubt which server answers, writes wait.
- A finalizer is on the object before its first reconcile writes, and comes off only
  after its clean-up succeeded.
- Fields that a type does not know survive every update.
- Every write carries the controller, the key and the id of its reconcile.

Decorators return objects; there is no global registry.
"""

from homeostat.controller._binding import Binding
from homeostat.controller._context import Context, Emit, Emitted, EventType
from homeostat.controller._controller import Controller
from homeostat.controller._decide import Decision, decide
from homeostat.controller._declaration import (
    Declaration,
    ErrorHandler,
    Options,
    Reconciler,
)
from homeostat.controller._definition import KindController, controller
from homeostat.controller._logfields import LogFields, log_fields
from homeostat.controller._once import ClusterLike, Outcome
from homeostat.controller._predicate import (
    Predicate,
    annotations_changed,
    generation_changed,
    labels_changed,
    predicate,
)
from homeostat.controller._reading import Read
from homeostat.controller._result import Requeue, Result
from homeostat.controller._rule import Rule
from homeostat.controller._run import Run
from homeostat.controller._sync_context import SyncContext
from homeostat.controller._watch import MapFunction, Watch, by_label, by_name, by_owner
from homeostat.controller._writing import ApplyResult, Operation

__all__ = [
    "ApplyResult",
    "Binding",
    "ClusterLike",
    "Context",
    "Controller",
    "Decision",
    "Declaration",
    "Emit",
    "Emitted",
    "ErrorHandler",
    "EventType",
    "KindController",
    "LogFields",
    "MapFunction",
    "Operation",
    "Options",
    "Outcome",
    "Predicate",
    "Read",
    "Reconciler",
    "Requeue",
    "Result",
    "Rule",
    "Run",
    "SyncContext",
    "Watch",
    "annotations_changed",
    "by_label",
    "by_name",
    "by_owner",
    "controller",
    "decide",
    "generation_changed",
    "labels_changed",
    "log_fields",
    "predicate",
]
