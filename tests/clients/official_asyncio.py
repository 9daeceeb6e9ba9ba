"""kubernetes_asyncio: the official client's twin on asyncio."""

import asyncio
import json
from importlib import import_module
from typing import Any

from tests.clients import given

kubernetes: Any = import_module("kubernetes_asyncio")
client: Any = kubernetes.client


async def _widget(api: Any, namespace: str) -> None:
    custom = client.CustomObjectsApi(api)
    where = {
        "group": given.GROUP,
        "version": given.VERSION,
        "namespace": namespace,
        "plural": given.PLURAL,
    }
    one = {**where, "name": "w"}
    before = (await custom.list_namespaced_custom_object(**where))["metadata"]
    made = await custom.create_namespaced_custom_object(
        body=given.widget(namespace), **where
    )
    assert made["spec"]["color"] == "red", made
    found = await custom.list_namespaced_custom_object(
        label_selector=given.SELECTOR, **where
    )
    assert [each["metadata"]["name"] for each in found["items"]] == ["w"]
    merge = {"_content_type": "application/merge-patch+json"}
    await custom.patch_namespaced_custom_object(body=given.PATCH, **one, **merge)
    await custom.patch_namespaced_custom_object_status(
        body=given.STATUS, **one, **merge
    )
    given.check_status(await custom.get_namespaced_custom_object(**one))
    await custom.delete_namespaced_custom_object(**one)
    seen: list[str] = []
    async with kubernetes.watch.Watch() as watch:
        async for event in watch.stream(
            custom.list_namespaced_custom_object,
            resource_version=before["resourceVersion"],
            timeout_seconds=10,
            **where,
        ):
            seen.append(event["type"])
            if event["type"] == "DELETED":
                break
    assert seen == given.SEEN, seen


def _message(error: Any) -> object:
    return json.loads(error.body)["message"]


async def _apply(api: Any, namespace: str) -> None:
    core = client.CoreV1Api(api)

    async def apply(value: str, manager: str, **options: bool) -> Any:
        return await core.patch_namespaced_config_map(
            "settings",
            namespace,
            given.settings(namespace, value),
            field_manager=manager,
            _content_type="application/apply-patch+yaml",
            **options,
        )

    await apply("a", "one")
    with given.refused(client.ApiException, _message, given.CONFLICT):
        await apply("b", "two")
    found = await apply("b", "two", force=True)
    assert found.data == {"key": "b"}, found


async def _deployment(api: Any, namespace: str) -> None:
    apps = client.AppsV1Api(api)
    body = given.deployment(namespace)
    made = await apps.create_namespaced_deployment(namespace, body)
    assert made.spec.replicas == 1, made
    found = await apps.patch_namespaced_deployment(
        "web",
        namespace,
        given.new_image(),
        _content_type="application/strategic-merge-patch+json",
    )
    given.check_images([each.image for each in found.spec.template.spec.containers])
    await apps.delete_namespaced_deployment("web", namespace)


async def _gone(api: Any, namespace: str) -> None:
    core = client.CoreV1Api(api)
    await core.delete_namespaced_config_map("settings", namespace)
    with given.refused(client.ApiException, lambda error: error.status, 404):
        await core.read_namespaced_config_map("settings", namespace)


async def main() -> None:
    where = given.arguments()
    async with await kubernetes.config.new_client_from_config(where.kubeconfig) as api:
        for act in (_widget, _apply, _deployment, _gone):
            await act(api, where.namespace)


if __name__ == "__main__":
    asyncio.run(main())
