"""lightkube: it has no informer, so a list into a dict."""

from importlib import import_module
from typing import Any

from benchmarks.peers._library import GROUP, KIND, PLURAL, VERSION, Held, Library, Read

lightkube: Any = import_module("lightkube")
generic: Any = import_module("lightkube.generic_resource")


def _client(server: str) -> tuple[Any, Any]:
    named = {"cluster": "replay", "user": "replay", "namespace": "default"}
    config = lightkube.KubeConfig.from_dict(
        {
            "clusters": [{"name": "replay", "cluster": {"server": server}}],
            "users": [{"name": "replay", "user": {"token": "none"}}],
            "contexts": [{"name": "replay", "context": named}],
            "current-context": "replay",
        }
    )
    widget = generic.create_namespaced_resource(GROUP, VERSION, KIND, PLURAL)
    return lightkube.AsyncClient(config=config), widget


async def _fill(server: str, count: int) -> Held:
    client, widget = _client(server)
    held: Held = {}
    async for obj in client.list(widget, namespace="*", chunk_size=500):
        held[obj.metadata.namespace, obj.metadata.name] = obj
    return held


async def _reader(server: str) -> Read:
    client, widget = _client(server)

    async def read(namespace: str, name: str) -> object:
        found: object = await client.get(widget, name, namespace=namespace)
        return found

    return read


LIBRARY = Library(fill=_fill, reader=_reader)
