# ruff: noqa: ANN401 - what a library gives is untyped here
"""kubernetes, the official client: its informer, and single reads."""

import asyncio
import threading
from importlib import import_module
from typing import Any

from benchmarks.peers._library import KEY, Held, Library, Read

client: Any = import_module("kubernetes.client")
informer: Any = import_module("kubernetes.informer")


def _api(server: str) -> Any:
    configuration = client.Configuration()
    configuration.host = server
    return client.CustomObjectsApi(client.ApiClient(configuration))


async def _fill(server: str, count: int) -> Held:
    api = _api(server)

    class Listed(dict[str, Any]):
        """The informer reads attributes where this API gives dicts."""

        @property
        def items(self) -> Any:
            return self["items"]

        @property
        def metadata(self) -> Any:
            meta = self["metadata"]
            return client.V1ListMeta(resource_version=meta["resourceVersion"])

    def list_widgets(**options: Any) -> Any:
        """List, or watch.

        :rtype: object
        """
        found = api.list_cluster_custom_object(*KEY, **options)
        return found if options.get("watch") else Listed(found)

    held: Held = {}
    full = threading.Event()
    shared = informer.SharedInformer(list_func=list_widgets)

    def added(obj: Any) -> None:
        meta = obj["metadata"]
        held[meta["namespace"], meta["name"]] = None
        if len(held) >= count:
            full.set()

    shared.add_event_handler("ADDED", added)
    shared.start()
    await asyncio.to_thread(full.wait)
    return dict.fromkeys(held, shared)  # which holds them


async def _reader(server: str) -> Read:
    api = _api(server)
    group, version, plural = KEY

    async def read(namespace: str, name: str) -> object:
        found: object = api.get_namespaced_custom_object(
            group, version, namespace, plural, name
        )
        return found

    return read


LIBRARY = Library(fill=_fill, reader=_reader, blocking=True)
