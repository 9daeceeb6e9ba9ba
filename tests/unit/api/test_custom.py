from typing import Any

import pytest

from homeostat.api import (
    CustomResource,
    Field,
    GroupVersionKind,
    Model,
    PrinterColumn,
    Scale,
    Spec,
    Status,
    custom_resource,
    kind_of,
)


def declared(name: str = "Thing", **options: Any) -> Any:
    options = {"group": "example.com", "version": "v1"} | options

    class Made(CustomResource[Spec, Status]):
        """Made here."""

    return custom_resource(kind=name, **options)(Made)


def test_names_follow_from_the_class() -> None:
    @custom_resource(group="apps.jicki.cn", version="v1alpha1", short_names=["ps"])
    class PodSet(CustomResource[Spec, Status]):
        """A set."""

    resource = PodSet.__resource__
    assert kind_of(PodSet) == GroupVersionKind("apps.jicki.cn", "v1alpha1", "PodSet")
    assert (resource.plural, resource.singular) == ("podsets", "podset")
    assert (resource.list_kind, resource.short_names) == ("PodSetList", ("ps",))
    assert resource.subresources == {"status"}
    assert resource.path("d", "x", "status") == (
        "/apis/apps.jicki.cn/v1alpha1/namespaces/d/podsets/x/status"
    )


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Foo", "foos"),
        ("Policy", "policies"),
        ("Gateway", "gateways"),
        ("Ingress", "ingresses"),
        ("Box", "boxes"),
        ("Switch", "switches"),
    ],
)
def test_plurals(kind: str, plural: str) -> None:
    assert declared(kind).__resource__.plural == plural


def test_scale_and_scope_make_the_resource() -> None:
    resource = declared(scope="Cluster", scale=Scale()).__resource__
    assert not resource.namespaced
    assert resource.subresources == {"status", "scale"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "example"}, "must be a domain name with a dot"),
        ({"group": "Example.com"}, "must be a domain name"),
        ({"version": "1"}, "must read like v1"),
        ({"name": "thing"}, "must be CamelCase"),
        ({"plural": "Things"}, "plural 'Things' must be lower-case"),
        ({"short_names": ["A"]}, "short name 'A'"),
        ({"short_names": "ps"}, r'short_names is a list: \["ps"\]'),
        ({"categories": "all"}, "categories is a list"),
        ({"group": "x.k8s.io"}, r"annotations=\{\"api-approved.kubernetes.io\": "),
        ({"group": "x.kubernetes.io"}, "belongs to the Kubernetes community"),
        (
            {
                "group": "x.k8s.io",
                "annotations": {"api-approved.kubernetes.io": "yes"},
            },
            "URL of the approving pull request",
        ),
        ({"printer_columns": [PrinterColumn("A", "spec.a")]}, "must start with a dot"),
        ({"selectable_fields": ["spec.a"]}, "must start with a dot"),
        (
            {"scale": Scale(spec_replicas_path=".status.x")},
            "must be a path below .spec",
        ),
        ({"scale": Scale(label_selector_path=".x")}, "must be below .spec. or .status"),
    ],
)
def test_what_the_server_would_refuse_is_refused(options: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        declared(**options)


@pytest.mark.parametrize(
    "value", ["unapproved, an experiment", "https://github.com/kubernetes/x/pull/1"]
)
def test_a_group_of_kubernetes_needs_its_annotation(value: str) -> None:
    made = declared(
        group="samplecontroller.k8s.io",
        annotations={"api-approved.kubernetes.io": value},
    )
    assert made.__resource__.gvk.group == "samplecontroller.k8s.io"


def test_a_status_with_a_required_field_is_refused() -> None:
    class Wrong(Status):
        phase: str

    class Made(CustomResource[Spec, Wrong]):
        """Made here."""

    with pytest.raises(TypeError, match="every field of a status needs a default"):
        custom_resource(group="example.com", version="v1")(Made)


def test_what_is_no_object_is_refused() -> None:
    decorate: Any = custom_resource(group="example.com", version="v1")
    with pytest.raises(TypeError, match="derive it from CustomResource"):
        decorate(Spec)


def test_a_kind_without_declaration_says_so() -> None:
    class Plain(CustomResource[Spec, Status]):
        """Never decorated."""

    with pytest.raises(ValueError, match="decorate it with @custom_resource"):
        kind_of(Plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nope": 1}, "Field has no option 'nope'"),
        ({"ge": 1, "gt": 1}, "give ge or gt, not both"),
        ({"ge": 3, "le": 2}, "minimum 3 is above maximum 2"),
        ({"min_length": 3, "max_length": 2}, "is above"),
        ({"list_type": "map"}, "needs list_map_keys"),
        ({"list_map_keys": ["a"]}, 'needs list_type="map"'),
        ({"enum": []}, "enum is empty"),
        ({"pattern": "("}, "is not valid"),
        ({"pattern": "(?=a)"}, "RE2"),
        ({"pattern": r"(a)\1"}, "RE2"),
        ({"unique_items": True}, 'list_type="set"'),
    ],
)
def test_a_wrong_field_is_refused_where_it_is_written(
    options: Any, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Field(**options)


def test_a_model_may_be_nested_and_generic() -> None:
    class Inner(Model):
        x: int = 1

    class Outer(Spec):
        inner: Inner = Field(default_factory=Inner)

    assert Outer().inner.x == 1
    assert Outer().inner is not Outer().inner
