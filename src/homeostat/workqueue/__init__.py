"""A queue of keys that want work.

Guarantees, under any order of calls and any cancellation:

- *Stingy*: a key is leased to one worker at a time, and any number of adds before it is
  leased make one run.
- *No lost wake-up*: a key that is added while it is leased runs again after the lease.
- *Fair*: keys of one priority come out in the order in which they became due; a higher
  priority goes first. Adding a waiting key again keeps the higher priority, and when
  that raises it, it queues behind those that have it.
- *Starves nobody*: a ready key gains one point of priority for each ``aging`` seconds
  that it waits (0.6: a key of -100 overtakes fresh keys of 0 after a minute). What only
  its age puts first gets every second lease, so any flood of keys lets it pass, and a
  large backlog that has grown old does not hold up what is urgent.
- *Earliest wins*: a delay says "run no later than". Of several the earliest counts, and
  a run that comes before it fulfils it.
- *Never gives up*: each failure of a key doubles its delay up to a cap, for ever;
  ``forget`` resets it.
- *Explained*: each item carries the distinct reasons why it runs now, bounded. The
  reason of a delay, as of a retry, is one of them when its time has come, not when an
  add or an earlier delay has overtaken it.

The queue knows no Kubernetes: keys are any hashable values.
"""

from homeostat.workqueue._backoff import backoff
from homeostat.workqueue._core import QueueCore
from homeostat.workqueue._item import Item, Snapshot
from homeostat.workqueue._queue import QueueClosedError, WorkQueue

__all__ = ["Item", "QueueClosedError", "QueueCore", "Snapshot", "WorkQueue", "backoff"]
