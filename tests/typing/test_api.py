"""What editors and type checkers see of a user's own kinds."""

from typing import Any, assert_type

from homeostat.api import (
    CustomResource,
    Field,
    ObjectMeta,
    OwnerReference,
    Quantity,
    Spec,
    Status,
    Time,
    controller_of,
    custom_resource,
    decode,
    find_condition,
    from_dict,
    to_dict,
)


class PodSetSpec(Spec):
    size: int = Field(default=1, ge=0, le=10)
    image: str = Field(min_length=1)
    command: list[str] = Field(default_factory=lambda: ["sleep", "3600"])
    limits: dict[str, Quantity] = {}
    note: str | None = None


class PodSetStatus(Status):
    nodes: list[str] = []


@custom_resource(group="apps.jicki.cn", version="v1alpha1", short_names=["ps"])
class PodSet(CustomResource[PodSetSpec, PodSetStatus]):
    """A set of pods."""


def test_the_fields_of_a_custom_resource_have_their_types() -> None:
    podset = PodSet(metadata=ObjectMeta(name="a"), spec=PodSetSpec(image="x"))
    assert_type(podset, PodSet)
    assert_type(podset.spec, PodSetSpec)
    assert_type(podset.spec.size, int)
    assert_type(podset.spec.note, str | None)
    assert_type(podset.spec.limits, dict[str, Quantity])
    assert_type(podset.status.nodes, list[str])
    assert_type(podset.status.observed_generation, int | None)
    assert_type(podset.metadata.creation_timestamp, Time | None)
    assert_type(podset.set_condition("Ready", True, reason="Scaled"), bool)
    assert_type(controller_of(podset), OwnerReference | None)
    found = find_condition(podset.status.conditions, "Ready")
    assert found is not None
    assert_type(found.status, str)


def test_decoding_gives_the_type_that_was_asked_for() -> None:
    data = b'{"metadata":{"name":"a"},"spec":{"image":"x"}}'
    assert_type(decode(PodSet, data), PodSet)
    assert_type(to_dict(decode(PodSet, data)), dict[str, Any])
    assert_type(from_dict(PodSet, to_dict(decode(PodSet, data))), PodSet)


def wrong_keywords_are_errors() -> None:
    PodSetSpec()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    PodSetSpec(image=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PodSetSpec(image="x", siez=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    PodSetSpec("x")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    Field(default=1, gee=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
