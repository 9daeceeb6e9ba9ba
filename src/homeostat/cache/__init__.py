"""The cache: the server's objects in memory, and who is told of their changes.

* What is read is this process' own writes and everything that the server said before
  them: watch events, lists and write responses are joined by resource version, so the
  order in which they arrive does not matter. Time never goes back.
* A write whose outcome is unknown, or whose answer does not tell it, is looked up
  live: by its name, else by a list of where it would be. Until then its key is a
  suspect. What a cache cannot take in, for it cannot tell what its selector selects, or
  for the answer is a Scale, its watch owes to the writer's key.
* The first list, and each that takes the place of a watch, is asked for without a
  version: it is never older than what the server has acknowledged to anybody.
* Resource versions that are no numbers degrade their kind alone: its cache follows its
  watch, in which each own write is waited for by its very version.
* Cache states of one object follow the server's order; some may be left out. There is
  no order between objects, nor between kinds. An object that was deleted and made anew
  may be seen as one change: compare uids.
* Every read gives the reader's own copy; objects stay the bytes that the server sent
  until they are read. Indexes and objects change in one step.
* A handler is told of the state that is there, then of changes, without gap or
  duplicate, however late it comes; nothing is queued for it but names.
* A watch never gives up and never stops another: a missing kind, a missing right or a
  server that is away shows in its health, with what to do, and heals by itself.
* A server that comes back without its data is noticed, and everything is told anew:
  every watch is cut, and until its new state is complete its informer says that it
  ``is_stale``. What the lost server said does not come into the caches after that.
* Writes of other processes are seen when the watch brings them. Snapshots across kinds
  are not consistent.
"""

from homeostat.cache._delta import Delta, Handler, Reason
from homeostat.cache._event import Bookmark, ParsedEvent, parse_event
from homeostat.cache._factory import InformerFactory
from homeostat.cache._handlers import Registration
from homeostat.cache._index import Index, Indexer, IndexQuery
from homeostat.cache._informer import Health, Informer
from homeostat.cache._lister import Decoded, Lister
from homeostat.cache._owners import Owner
from homeostat.cache._reader import Reader
from homeostat.cache._record import Record
from homeostat.cache._reflector import Reflector
from homeostat.cache._store import Store

__all__ = [
    "Bookmark",
    "Decoded",
    "Delta",
    "Handler",
    "Health",
    "Index",
    "IndexQuery",
    "Indexer",
    "Informer",
    "InformerFactory",
    "Lister",
    "Owner",
    "ParsedEvent",
    "Reader",
    "Reason",
    "Record",
    "Reflector",
    "Registration",
    "Store",
    "parse_event",
]
