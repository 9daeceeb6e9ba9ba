"""cloudcoil: its informer, which keeps all objects since 0.8, on Python 3.14."""

import asyncio
from importlib import import_module
from typing import Any, Literal

from benchmarks.peers._library import Held, Library

caching: Any = import_module("cloudcoil.caching")
client: Any = import_module("cloudcoil.client")
resources: Any = import_module("cloudcoil.resources")

PATIENCE = 3600.0  # seconds; its own 30 are for fewer objects


class Widget(resources.Resource):  # type: ignore[misc]  # Any: see above
    """With a spec and a status of plain dicts, as the other peers have it."""

    api_version: Literal["bench.example.com/v1"] = "bench.example.com/v1"
    kind: Literal["Widget"] = "Widget"
    spec: dict[str, Any]
    status: dict[str, Any]


async def _fill(server: str, count: int) -> Held:
    cache = caching.Cache(
        resources=[Widget],
        max_items_per_resource=0,  # all; its default keeps 10,000
        sync_timeout=PATIENCE,
    )
    config = client.Config(server=server, cache=cache)
    await config.__aenter__()  # and runs until the process ends
    informer = cache.get_informer(Widget)
    while True:
        found = informer.list()
        if len(found) >= count:
            return {(o.metadata.namespace, o.metadata.name): informer for o in found}
        await asyncio.sleep(0.05)


LIBRARY = Library(fill=_fill)
