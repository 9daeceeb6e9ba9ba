"""lightkube, with its models and a generic resource."""

from importlib import import_module
from typing import Any

from tests.clients import given

lightkube: Any = import_module("lightkube")
generic: Any = import_module("lightkube.generic_resource")
types: Any = import_module("lightkube.types")
core: Any = import_module("lightkube.resources.core_v1")
apps: Any = import_module("lightkube.resources.apps_v1")

Widget: Any = generic.create_namespaced_resource(
    given.GROUP, given.VERSION, given.KIND, given.PLURAL
)


def _widget(client: Any) -> None:
    before = client.list(Widget)
    assert list(before) == []
    made = client.create(Widget(given.widget(client.namespace)))
    assert made.spec["color"] == "red", made
    found = client.list(Widget, labels=given.LABELS)
    assert [each.metadata.name for each in found] == ["w"]
    merge = types.PatchType.MERGE
    client.patch(Widget, "w", given.PATCH, patch_type=merge)
    client.patch(Widget.Status, "w", given.STATUS, patch_type=merge)
    given.check_status(client.get(Widget, "w").to_dict())
    client.delete(Widget, "w")
    seen: list[str] = []
    for kind, _ in client.watch(
        Widget, resource_version=before.resourceVersion, server_timeout=10
    ):
        seen.append(kind)
        if kind == "DELETED":
            break
    assert seen == given.SEEN, seen


def _message(error: Any) -> object:
    return error.status.message


def _apply(client: Any) -> None:
    def settings(value: str) -> Any:
        return core.ConfigMap.from_dict(given.settings(client.namespace, value))

    client.apply(settings("a"), field_manager="one")
    with given.refused(lightkube.ApiError, _message, given.CONFLICT):
        client.apply(settings("b"), field_manager="two")
    client.apply(settings("b"), field_manager="two", force=True)
    assert client.get(core.ConfigMap, "settings").data == {"key": "b"}
    client.delete(core.ConfigMap, "settings")
    with given.refused(lightkube.ApiError, lambda error: error.status.code, 404):
        client.get(core.ConfigMap, "settings")


def _deployment(client: Any) -> None:
    web = apps.Deployment.from_dict(given.deployment(client.namespace))
    made = client.create(web)
    assert made.spec.replicas == 1, made
    found = client.patch(apps.Deployment, "web", given.new_image())
    given.check_images([each.image for each in found.spec.template.spec.containers])
    client.delete(apps.Deployment, "web", cascade=types.CascadeType.FOREGROUND)


def main() -> None:
    where = given.arguments()
    config = lightkube.KubeConfig.from_file(where.kubeconfig)
    client = lightkube.Client(config=config, namespace=where.namespace)
    for act in (_widget, _apply, _deployment):
        act(client)


if __name__ == "__main__":
    main()
