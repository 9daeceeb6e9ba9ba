"""Values of a wrong type: the error names the Go struct, the way to it, and the type.

The way has the names of structs that others embed, but no indexes and no keys of maps.
"""

from typing import Any

import pytest

from tests.harness.objects import deployment, pod
from tests.harness.server import Server

_HEAD = 'in version "v1" cannot be handled as a'
_VOLUMES = "/api/v1/persistentvolumes"
_HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_SLICES = "/apis/resource.k8s.io/v1/resourceslices"


def _container(**fields: Any) -> Any:
    spec = pod("p")["spec"]
    return {"containers": [{**spec["containers"][0], **fields}]}


@pytest.mark.parametrize(
    ("spec", "given", "where", "wanted"),
    [
        (
            _container(livenessProbe={"httpGet": {"port": True}}),
            "bool",
            "HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port",
            "int32",
        ),
        (
            _container(livenessProbe={"httpGet": "x"}),
            "string",
            "Probe.spec.containers.livenessProbe.ProbeHandler.httpGet",
            "v1.HTTPGetAction",
        ),
        (
            _container(livenessProbe={"periodSeconds": "x"}),
            "string",
            "Probe.spec.containers.livenessProbe.periodSeconds",
            "int32",
        ),
        (
            _container(lifecycle={"postStart": {"exec": {"command": 1}}}),
            "number",
            "ExecAction.spec.containers.lifecycle.postStart.exec.command",
            "[]string",
        ),
        (
            _container(env=[{"name": "a", "valueFrom": {"secretKeyRef": {"name": 1}}}]),
            "number",
            (
                "SecretKeySelector.spec.containers.env.valueFrom.secretKeyRef."
                "LocalObjectReference.name"
            ),
            "string",
        ),
        (
            {"volumes": [{"name": "a", "configMap": {"name": 1}}]},
            "number",
            (
                "ConfigMapVolumeSource.spec.volumes.VolumeSource.configMap."
                "LocalObjectReference.name"
            ),
            "string",
        ),
        (
            {"ephemeralContainers": [{"livenessProbe": {"exec": {"command": 1}}}]},
            "number",
            (
                "ExecAction.spec.ephemeralContainers.EphemeralContainerCommon."
                "livenessProbe.ProbeHandler.exec.command"
            ),
            "[]string",
        ),
        ({"nodeSelector": {"a": 1}}, "number", "PodSpec.spec.nodeSelector", "string"),
    ],
)
async def test_way_to_a_field_of_a_pod(
    server: Server, spec: Any, given: str, where: str, wanted: str
) -> None:
    text = f"json: cannot unmarshal {given} into Go struct field {where} of type"
    (await server.post(server.core("pods"), pod("p", **spec))).refused(
        400, "BadRequest", f"Pod {_HEAD} Pod: {text} {wanted}"
    )
    # Deeper in another kind it is the same way.
    body = deployment("d")
    body["spec"]["template"]["spec"] |= spec
    text = text.replace(".spec.", ".spec.template.spec.", 1)
    (await server.post(server.apps("deployments"), body)).refused(
        400, "BadRequest", f"Deployment {_HEAD} Deployment: {text} {wanted}"
    )


@pytest.mark.parametrize(
    ("path", "kind", "body", "end"),
    [
        (
            _VOLUMES,
            "PersistentVolume",
            {"spec": {"nfs": 1}},
            (
                "PersistentVolumeSpec.spec.PersistentVolumeSource.nfs of type "
                "v1.NFSVolumeSource"
            ),
        ),
        (
            _HOOKS,
            "ValidatingWebhookConfiguration",
            {"webhooks": [{"rules": [{"apiGroups": 1}]}]},
            "RuleWithOperations.webhooks.rules.Rule.apiGroups of type []string",
        ),
        (
            _POLICIES,
            "ValidatingAdmissionPolicy",
            {"spec": {"matchConstraints": {"resourceRules": [{"apiGroups": 1}]}}},
            (
                "NamedRuleWithOperations.spec.matchConstraints.resourceRules."
                "RuleWithOperations.Rule.apiGroups of type []string"
            ),
        ),
        (
            _SLICES,
            "ResourceSlice",
            {"spec": {"devices": [{"attributes": {"a.b": {"string": 1}}}]}},
            "DeviceAttribute.spec.devices.attributes.string of type string",
        ),
        (
            "secrets",
            "Secret",
            {"data": {"a": 1}},
            "Secret.data of type []uint8",
        ),
    ],
)
async def test_way_to_a_field_of_other_kinds(
    server: Server, path: str, kind: str, body: Any, end: str
) -> None:
    path = path if path.startswith("/") else server.core(path)
    answer = await server.post(path, {"metadata": {"name": "a"}, **body})
    text = f"json: cannot unmarshal number into Go struct field {end}"
    answer.refused(400, "BadRequest", f"{kind} {_HEAD} {kind}: {text}")


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (
            _container(livenessProbe={"httpGet": {"port": 1, "bad": 1}}),
            "spec.containers[0].livenessProbe.httpGet.bad",
        ),
        (
            {"volumes": [{"name": "a", "emptyDir": {"bad": 1}}]},
            "spec.volumes[0].emptyDir.bad",
        ),
    ],
)
async def test_way_to_an_unknown_field_has_indexes_alone(
    server: Server, spec: Any, where: str
) -> None:
    body = pod("p", **spec)
    answer = await server.post(server.core("pods"), body, fieldValidation="Strict")
    text = f'strict decoding error: unknown field "{where}"'
    answer.refused(400, "BadRequest", f"Pod {_HEAD} Pod: {text}")


async def test_way_to_an_unknown_field_has_keys_of_maps(server: Server) -> None:
    body = {
        "metadata": {"name": "a"},
        "spec": {"devices": [{"name": "a", "capacity": {"x.y": {"bad": 1}}}]},
    }
    answer = await server.post(_SLICES, body, fieldValidation="Strict")
    where = "spec.devices[0].capacity.x.y.bad"
    text = f'strict decoding error: unknown field "{where}"'
    answer.refused(400, "BadRequest", f"ResourceSlice {_HEAD} ResourceSlice: {text}")


async def test_map_of_bytes_is_named_so(server: Server) -> None:
    secret = {"metadata": {"name": "a"}, "data": True}
    answer = await server.post(server.core("secrets"), secret)
    text = "json: cannot unmarshal bool into Go struct field Secret.data of type"
    start = f"Secret {_HEAD} Secret: {text} map[string][]uint8"
    answer.refused(400, "BadRequest", start)


@pytest.mark.parametrize(
    ("path", "given", "where", "wanted"),
    [
        ("services", {"type": 1}, "ServiceSpec.spec.type", "v1.ServiceType"),
        (
            "persistentvolumeclaims",
            {"accessModes": [1]},
            "PersistentVolumeClaimSpec.spec.accessModes",
            "v1.PersistentVolumeAccessMode",
        ),
        (
            "persistentvolumeclaims",
            {"resources": {"limits": 1}},
            "VolumeResourceRequirements.spec.resources.limits",
            "v1.ResourceList",
        ),
        (
            "/apis/certificates.k8s.io/v1/certificatesigningrequests",
            {"extra": {"a": 1}},
            "CertificateSigningRequestSpec.spec.extra",
            "v1.ExtraValue",
        ),
    ],
)
async def test_types_with_a_name_are_named(
    server: Server, path: str, given: Any, where: str, wanted: str
) -> None:
    body = {"metadata": {"name": "a"}, "spec": given}
    answer = await server.post(path if path[0] == "/" else server.core(path), body)
    text = f"cannot unmarshal number into Go struct field {where} of type {wanted}"
    assert answer.refused(400, "BadRequest") == {}
    assert answer.json["message"].endswith(f"json: {text}")
