"""Events: what happened to an object, where people look for it.

* Recording never waits and never fails a reconcile: a bounded queue takes events, and
  drops and counts what it cannot hold.
* The same again is counted onto one event; similar ones are combined; a flood about
  one object is cut.
* Both Event APIs read what is written: ``v1`` and ``events.k8s.io/v1``. Writing needs
  the verbs create and patch on events of the core group.
"""

from homeostat.events._occurrence import EventType, Recorded
from homeostat.events._recorder import EventRecorder

__all__ = ["EventRecorder", "EventType", "Recorded"]
