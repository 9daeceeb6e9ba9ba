# ruff: noqa: ANN401 - what a library gives is untyped here
"""kr8s: it has no informer, so a list into a dict."""

from importlib import import_module
from typing import Any

from benchmarks.peers._library import GROUP, KIND, PLURAL, VERSION, Held, Library, Read

kr8s: Any = import_module("kr8s")
asyncio_api: Any = import_module("kr8s.asyncio")
objects: Any = import_module("kr8s.asyncio.objects")


def _widget() -> Any:
    return objects.new_class(
        kind=KIND, version=f"{GROUP}/{VERSION}", namespaced=True, plural=PLURAL
    )


async def _fill(server: str, count: int) -> Held:
    api = await asyncio_api.api(url=server)
    held: Held = {}
    async for obj in _widget().list(namespace=kr8s.ALL, api=api):
        held[obj.namespace, obj.name] = obj
    return held


async def _reader(server: str) -> Read:
    api = await asyncio_api.api(url=server)
    widget = _widget()

    async def read(namespace: str, name: str) -> object:
        found: object = await widget.get(name, namespace=namespace, api=api)
        return found

    return read


LIBRARY = Library(fill=_fill, reader=_reader)
