"""A state of the whole server, and the way back to it.

The way back is made of ordinary commits: watchers are told of each, the revision goes
on, and no client can tell it from somebody who has put everything as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from homeostat.apiserver._context import Cluster
from homeostat.apiserver._registry import Served
from homeostat.apiserver._store import Entry
from homeostat.apiserver._write import remove

__all__ = ["Snapshot", "restore", "take"]

_DEFINITIONS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


@final
@dataclass(frozen=True, slots=True)
class Snapshot:
    """What ``ApiServer.snapshot`` has kept; entries are shared with the server.

    Attributes:
        tables: Entries by key, by the name of their table.
    """

    tables: Mapping[str, Mapping[str, Entry]]


def take(cluster: Cluster) -> Snapshot:
    """Keep the present state; costs a reference for each object."""
    return Snapshot({n: dict(t.live) for n, t in cluster.store.tables.items()})


def restore(cluster: Cluster, snapshot: Snapshot) -> int:
    """Bring back the objects of a snapshot; returns how many commits that took.

    What was made since is removed, what was changed or removed is stored once more:
    under its uid, and a new resourceVersion.

    Raises:
        StatusError: The journal cannot be written; what was done so far is.
    """
    definitions = cluster.registry.find(*_DEFINITIONS)
    assert definitions is not None  # built in
    # Kinds come before their objects, and go after them.
    changes = _put(cluster, definitions, snapshot)
    for served in _by_table(cluster).values():
        if served is not definitions:
            changes += _remove(cluster, served, snapshot)
            changes += _put(cluster, served, snapshot)
    return changes + _remove(cluster, definitions, snapshot)


def _by_table(cluster: Cluster) -> dict[str, Served]:
    return {served.table.name: served for served in cluster.registry}


def _kept(served: Served, snapshot: Snapshot) -> Mapping[str, Entry]:
    return snapshot.tables.get(served.table.name, {})


def _put(cluster: Cluster, served: Served, snapshot: Snapshot) -> int:
    live = served.table.live
    changed = [
        entry
        for key, entry in _kept(served, snapshot).items()
        if live.get(key) is not entry
    ]
    strategy = cluster.strategy(served)
    for entry in changed:
        stored = cluster.store.put(served.table, entry.key, entry.value)
        strategy.committed(cluster, stored)
    return len(changed)


def _remove(cluster: Cluster, served: Served, snapshot: Snapshot) -> int:
    kept = _kept(served, snapshot)
    # What is removed with another thing is gone when its turn comes.
    surplus = [entry for key, entry in served.table.live.items() if key not in kept]
    for entry in surplus:
        if served.table.live.get(entry.key) is not None:
            remove(cluster, served, served.table.live[entry.key])
    return len(surplus)
