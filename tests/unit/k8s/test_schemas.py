from homeostat.api import UNSET, GroupVersionKind, Schema
from homeostat.k8s import resources, schema_of

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


def _at(schema: Schema | None, path: str) -> Schema:
    for step in path.split("."):
        assert schema is not None, path
        schema = schema.items if step == "[]" else schema.child(step)
    assert schema is not None, path
    return schema


def _deployment(path: str) -> Schema:
    return _at(schema_of(DEPLOYMENT), path)


def test_lists_know_their_type_and_keys() -> None:
    ports = _deployment("spec.template.spec.containers.[].ports")
    assert ports.type == "array"
    assert ports.list_type == "map"
    assert ports.list_map_keys == ("containerPort", "protocol")
    assert ports.patch_merge_key == "containerPort"
    assert ports.patch_strategy == "merge"


def test_defaults_are_those_of_openapi() -> None:
    port = _deployment("spec.template.spec.containers.[].ports.[]")
    assert _at(port, "protocol").default == "TCP"
    assert _deployment("spec.replicas").default is UNSET


def test_metadata_is_part_of_the_schema() -> None:
    finalizers = _deployment("metadata.finalizers")
    assert finalizers.list_type == "set"
    owners = _deployment("metadata.ownerReferences")
    assert owners.list_map_keys == ("uid",)


def test_scalars_have_their_formats() -> None:
    assert _deployment("spec.replicas").format == "int32"
    assert _deployment("metadata.creationTimestamp").format == "date-time"
    assert _deployment("spec.strategy.rollingUpdate.maxSurge").int_or_string
    limits = _deployment("spec.template.spec.containers.[].resources.limits")
    assert limits.additional is not None
    assert limits.additional.format == "quantity"


def test_atomic_structs_are_atomic() -> None:
    assert _deployment("spec.selector").map_type == "atomic"


def test_required_fields_are_known() -> None:
    assert _deployment("spec").required == ("selector", "template")


def test_enums_are_known() -> None:
    policy = _deployment("spec.template.spec.restartPolicy")
    assert policy.enum == ("Always", "Never", "OnFailure")
    modes = _at(
        schema_of(GroupVersionKind("", "v1", "PersistentVolumeClaim")),
        "spec.accessModes.[]",
    )
    assert modes.enum is not None


def test_schema_props_are_a_cycle() -> None:
    crd = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    props = _at(schema_of(crd), "spec.versions.[].schema.openAPIV3Schema")
    assert _at(props, "properties").additional is not None
    deep = _at(props, "properties.a.properties.b")
    assert deep.properties is props.properties
    assert _at(props, "default").preserve_unknown


def test_raw_extensions_keep_what_they_hold() -> None:
    revision = GroupVersionKind("apps", "v1", "ControllerRevision")
    data = _at(schema_of(revision), "data")
    assert data.preserve_unknown
    assert data.map_type == "atomic"


def test_the_zero_values_of_go_are_known() -> None:
    schema = schema_of(DEPLOYMENT)
    assert schema is not None
    assert schema.cache["zeros"] == {"metadata": {}, "spec": {}, "status": {}}
    spec = _deployment("spec")
    assert spec.cache["zeros"] == {"selector": None, "template": {}, "strategy": {}}
    assert "paused" in spec.cache["omitempty"]
    assert "replicas" not in spec.cache["omitempty"]
    container = _deployment("spec.template.spec.containers.[]")
    assert container.cache["zeros"] == {"name": "", "resources": {}}


def test_every_resource_has_a_schema() -> None:
    for resource in resources():
        schema = schema_of(resource.gvk)
        assert schema is not None
        assert {"apiVersion", "kind", "metadata"} <= set(schema.properties)


def test_no_schema_for_an_unknown_kind() -> None:
    assert schema_of(GroupVersionKind("x.io", "v1", "Thing")) is None
