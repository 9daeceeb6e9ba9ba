"""What type checkers know of the built-in kinds; run, too, as a plain test."""

from typing import assert_type

import pytest

from homeostat.api import (
    IntOrString,
    LabelSelector,
    MicroTime,
    ObjectMeta,
    Quantity,
    Time,
    decode,
)
from homeostat.k8s import apiextensions_v1, apps_v1, coordination_v1, core_v1


def test_fields_have_their_types() -> None:
    deployment = apps_v1.Deployment(
        metadata=ObjectMeta(name="web"),
        spec=apps_v1.DeploymentSpec(
            replicas=1,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=core_v1.PodTemplateSpec(
                spec=core_v1.PodSpec(
                    containers=[core_v1.Container(name="c", image="busybox")]
                )
            ),
        ),
    )
    assert_type(deployment.metadata, ObjectMeta)
    assert_type(deployment.spec.replicas, int | None)
    assert_type(deployment.spec.selector, LabelSelector | None)
    assert_type(deployment.spec.template.spec.containers, list[core_v1.Container])
    assert_type(deployment.status.available_replicas, int)


def test_wire_scalars_have_types_of_their_own() -> None:
    resources = core_v1.ResourceRequirements(limits={"cpu": Quantity("1")})
    assert_type(resources.limits, dict[str, Quantity])
    assert_type(core_v1.ServicePort().target_port, IntOrString)
    assert_type(core_v1.PodStatus().start_time, Time | None)
    assert_type(coordination_v1.LeaseSpec().renew_time, MicroTime | None)
    assert_type(core_v1.Secret().data, dict[str, bytes])


def test_unions_of_schemas_are_unions() -> None:
    props = apiextensions_v1.JSONSchemaProps()
    assert_type(
        props.additional_properties, apiextensions_v1.JSONSchemaProps | bool | None
    )


def test_decoding_gives_the_kind() -> None:
    assert_type(decode(core_v1.Pod, b"{}"), core_v1.Pod)


def test_mistakes_are_errors() -> None:
    with pytest.raises(TypeError):
        core_v1.Container(nam="c")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    container = core_v1.Container(name="c")
    container.image = 1  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
