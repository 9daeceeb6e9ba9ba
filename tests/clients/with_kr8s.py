"""kr8s; it has no call for an apply, which is sent as any request."""

import asyncio
import json
from importlib import import_module
from typing import Any

from tests.clients import given

kr8s: Any = import_module("kr8s")
asyncio_api: Any = import_module("kr8s.asyncio")
objects: Any = import_module("kr8s.asyncio.objects")

Widget: Any = objects.new_class(
    kind=given.KIND,
    version=f"{given.GROUP}/{given.VERSION}",
    namespaced=True,
    plural=given.PLURAL,
)


async def _widget(api: Any, namespace: str) -> None:
    async with api.call_api(
        "GET", version=Widget.version, url=given.PLURAL, namespace=namespace
    ) as answer:
        since = answer.json()["metadata"]["resourceVersion"]
    made = await Widget(given.widget(namespace), api=api)
    await made.create()
    assert made.spec.color == "red", made.raw
    found = Widget.list(namespace=namespace, label_selector=given.LABELS, api=api)
    assert [each.name async for each in found] == ["w"]
    await made.patch(given.PATCH)
    await made.patch(given.STATUS, subresource="status")
    await made.refresh()
    given.check_status(made.to_dict())
    await made.delete()
    assert not await made.exists()
    seen: list[str] = []
    async for kind, _ in api.watch(
        Widget.endpoint + "." + given.GROUP, namespace=namespace, since=since
    ):
        seen.append(kind)
        if kind == "DELETED":
            break
    assert seen == given.SEEN, seen


async def _apply(api: Any, namespace: str) -> None:
    async def apply(value: str, manager: str, *, force: bool = False) -> None:
        params = {"fieldManager": manager, "force": json.dumps(force)}
        async with api.call_api(
            "PATCH",
            version="v1",
            url="configmaps/settings",
            namespace=namespace,
            params=params,
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(given.settings(namespace, value)),
        ):
            pass

    await apply("a", "one")
    with given.refused(kr8s.ServerError, str, given.CONFLICT):
        await apply("b", "two")
    await apply("b", "two", force=True)
    found = await objects.ConfigMap.get("settings", namespace=namespace, api=api)
    assert found.data == {"key": "b"}, found.raw
    await found.delete()
    assert not await found.exists()


async def _deployment(api: Any, namespace: str) -> None:
    web = await objects.Deployment(given.deployment(namespace), api=api)
    await web.create()
    await web.scale(0)
    assert web.replicas == 0, web.raw
    images = [{"op": "replace", "path": _IMAGE, "value": "log:2"}]
    await web.patch(images, type="json")
    containers = web.spec.template.spec.containers
    given.check_images([each.image for each in containers])
    await web.delete(propagation_policy="Foreground")


_IMAGE = "/spec/template/spec/containers/1/image"


async def main() -> None:
    where = given.arguments()
    api = await asyncio_api.api(kubeconfig=where.kubeconfig)
    for act in (_widget, _apply, _deployment):
        await act(api, where.namespace)


if __name__ == "__main__":
    asyncio.run(main())
