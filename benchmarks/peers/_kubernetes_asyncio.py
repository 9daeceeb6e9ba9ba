# ruff: noqa: ANN401 - what a library gives is untyped here
"""kubernetes_asyncio: it has no informer, so a list into a dict."""

from importlib import import_module
from typing import Any

from benchmarks.peers._library import KEY, Held, Library, Read, key_of

client: Any = import_module("kubernetes_asyncio.client")


def _api(server: str) -> Any:
    configuration = client.Configuration()
    configuration.host = server
    return client.CustomObjectsApi(client.ApiClient(configuration))


async def _fill(server: str, count: int) -> Held:
    api = _api(server)
    held: Held = {}
    following = ""
    while True:
        more = {"_continue": following} if following else {}
        page = await api.list_cluster_custom_object(*KEY, limit=500, **more)
        held.update((key_of(obj), obj) for obj in page["items"])
        following = page["metadata"].get("continue", "")
        if not following:
            await api.api_client.close()
            return held


async def _reader(server: str) -> Read:
    api = _api(server)
    group, version, plural = KEY

    async def read(namespace: str, name: str) -> object:
        found: object = await api.get_namespaced_custom_object(
            group, version, namespace, plural, name
        )
        return found

    return read


LIBRARY = Library(fill=_fill, reader=_reader)
