"""The official client, with its models, its custom objects and its dynamic client."""

import json
from importlib import import_module
from typing import Any

from tests.clients import given

kubernetes: Any = import_module("kubernetes")
client: Any = kubernetes.client
dynamic: Any = import_module("kubernetes.dynamic")


def _widget(api: Any, namespace: str) -> None:
    custom = client.CustomObjectsApi(api)
    where = {
        "group": given.GROUP,
        "version": given.VERSION,
        "namespace": namespace,
        "plural": given.PLURAL,
    }
    one = {**where, "name": "w"}
    before = custom.list_namespaced_custom_object(**where)["metadata"]
    made = custom.create_namespaced_custom_object(body=given.widget(namespace), **where)
    assert made["spec"]["color"] == "red", made
    found = custom.list_namespaced_custom_object(label_selector=given.SELECTOR, **where)
    assert [each["metadata"]["name"] for each in found["items"]] == ["w"]
    custom.patch_namespaced_custom_object(body=given.PATCH, **one)
    custom.patch_namespaced_custom_object_status(body=given.STATUS, **one)
    given.check_status(custom.get_namespaced_custom_object(**one))
    custom.delete_namespaced_custom_object(**one)
    watch = kubernetes.watch.Watch()
    events = watch.stream(
        custom.list_namespaced_custom_object,
        resource_version=before["resourceVersion"],
        timeout_seconds=10,
        **where,
    )
    seen: list[str] = []
    for event in events:
        seen.append(event["type"])
        if event["type"] == "DELETED":
            watch.stop()
    assert seen == given.SEEN, seen


def _message(error: Any) -> object:
    return json.loads(error.body)["message"]


def _apply(api: Any, namespace: str) -> None:
    every = dynamic.DynamicClient(api)
    settings = every.resources.get(api_version="v1", kind="ConfigMap")
    settings.server_side_apply(given.settings(namespace, "a"), field_manager="one")
    with given.refused(dynamic.exceptions.ConflictError, _message, given.CONFLICT):
        settings.server_side_apply(given.settings(namespace, "b"), field_manager="two")
    settings.server_side_apply(
        given.settings(namespace, "b"), field_manager="two", force_conflicts=True
    )
    found = client.CoreV1Api(api).read_namespaced_config_map("settings", namespace)
    assert found.data == {"key": "b"}, found


def _deployment(api: Any, namespace: str) -> None:
    apps = client.AppsV1Api(api)
    made = apps.create_namespaced_deployment(namespace, given.deployment(namespace))
    assert made.spec.replicas == 1, made
    found = apps.patch_namespaced_deployment("web", namespace, given.new_image())
    given.check_images([each.image for each in found.spec.template.spec.containers])
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Background")


def _gone(api: Any, namespace: str) -> None:
    core = client.CoreV1Api(api)
    core.delete_namespaced_config_map("settings", namespace)
    with given.refused(client.ApiException, lambda error: error.status, 404):
        core.read_namespaced_config_map("settings", namespace)


def main() -> None:
    where = given.arguments()
    with kubernetes.config.new_client_from_config(where.kubeconfig) as api:
        for act in (_widget, _apply, _deployment, _gone):
            act(api, where.namespace)


if __name__ == "__main__":
    main()
