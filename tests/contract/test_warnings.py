"""What the server takes and warns of: old fields, and what does other than it says."""

import base64
from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, pod
from tests.harness.server import Server

Json = dict[str, Any]

LABEL = "which can result in surprising behavior; a DNS label is recommended"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
FRACTION = 'fractional byte value "{}" is invalid, must be an integer'
OLD = "deprecated since v1.14; use "
NO_POD = "a null labelSelector results in matching no pod"


def _kind(api_version: str, kind: str, **more: Any) -> Json:
    return {**config_map("a"), "apiVersion": api_version, "kind": kind, **more}


def _service(**spec: Any) -> Json:
    return _kind("v1", "Service", spec={"ports": [{"port": 80}], **spec})


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _block(name: str) -> str:
    return _coded(f"-----BEGIN {name}-----\nAAAA\n-----END {name}-----\n")


async def _warned(server: Server, path: str, body: Json) -> list[str]:
    answer = await server.post(path, body, dryRun="All")
    answer.ok(201)
    return answer.warnings


# What is put into a template of pods, and what is told of it there.
TEMPLATES: dict[str, tuple[Json, list[str]]] = {
    "nodes": (
        {
            "nodeSelector": {"node-role.kubernetes.io/master": ""},
            "affinity": {
                "nodeAffinity": {
                    REQUIRED: {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "beta.kubernetes.io/arch",
                                        "operator": "Exists",
                                    }
                                ]
                            }
                        ]
                    }
                },
                "podAffinity": {REQUIRED: [{"topologyKey": "a"}]},
                "podAntiAffinity": {
                    PREFERRED: [{"weight": 1, "podAffinityTerm": {"topologyKey": "a"}}]
                },
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "beta.kubernetes.io/os",
                    "whenUnsatisfiable": "DoNotSchedule",
                }
            ],
        },
        [
            (
                "nodeSelector[node-role.kubernetes.io/master]: "
                'use "node-role.kubernetes.io/control-plane" instead'
            ),
            (
                f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0]"
                f".key: beta.kubernetes.io/arch is {OLD}"
                '"kubernetes.io/arch" instead'
            ),
            (
                "topologySpreadConstraints[0].topologyKey: "
                f'beta.kubernetes.io/os is {OLD}"kubernetes.io/os" instead'
            ),
            f"topologySpreadConstraints[0].labelSelector: {NO_POD}",
            f"affinity.podAffinity.{REQUIRED}[0].labelSelector: {NO_POD}",
            (
                f"affinity.podAntiAffinity.{PREFERRED}[0].podAffinityTerm"
                f".labelSelector: {NO_POD}"
            ),
        ],
    ),
    "volumes": (
        {
            "volumes": [
                {"name": "g", "gitRepo": {"repository": "x"}},
                {"name": "s", "storageos": {"volumeName": "x"}},
                {
                    "name": "c",
                    "configMap": {
                        "name": "x",
                        "items": [
                            {"key": "a", "path": "p"},
                            {"key": "b", "path": "p/q"},
                        ],
                    },
                },
                {
                    "name": "p",
                    "projected": {
                        "sources": [
                            {
                                "secret": {
                                    "name": "s",
                                    "items": [{"key": "a", "path": "t"}],
                                }
                            },
                            {"serviceAccountToken": {"path": "t/u"}},
                            {},
                        ]
                    },
                },
            ]
        },
        [
            (
                "volumes[0].gitRepo: deprecated in v1.11, "
                "and disabled by default in v1.33+"
            ),
            "volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+",
            ':volume "c" (ConfigMap "x"): overlapping paths: "p/q" with "p"',
            (
                ':volume "p" (Projected): overlapping paths: '
                '"t/u" (ServiceAccountToken) with "t" (Secret "s")'
            ),
            ':volume "p" (Projected) has no sources provided',
        ],
    ),
    "what comes twice": (
        {
            "hostAliases": [{"ip": "10.1.1.1"}, {"ip": "10.1.1.1"}, {"ip": "FD00::1"}],
            "imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}],
            "terminationGracePeriodSeconds": -3,
        },
        [
            'hostAliases[1].ip: duplicate ip "10.1.1.1"',
            'imagePullSecrets[1].name: duplicate name "a"',
            'imagePullSecrets[2].name: invalid empty name ""',
            (
                "terminationGracePeriodSeconds: "
                "must be >= 0; negative values are invalid and will be treated as 1"
            ),
            (
                'hostAliases[2].ip: IPv6 address "FD00::1" should be in RFC 5952 '
                'canonical format ("fd00::1")'
            ),
        ],
    ),
    "containers": (
        {
            "initContainers": [
                {
                    "name": "i",
                    "image": "i",
                    "ports": [{"containerPort": 80, "name": "w"}],
                    "resources": {"limits": {"memory": "100m"}},
                }
            ],
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "env": [
                        {"name": "A", "value": "x"},
                        {"name": "A", "value": "$(A)"},
                        {"name": "A", "value": "$(A)y"},
                    ],
                    "ports": [
                        {"containerPort": 80, "hostIP": "1.2.3.4"},
                        {"containerPort": 81, "name": "w", "hostPort": 1},
                        {"containerPort": 81, "hostPort": 1, "hostIP": "1.1.1.1"},
                    ],
                }
            ],
        },
        [
            f"initContainers[0].resources.limits[memory]: {FRACTION.format('100m')}",
            (
                'containers[0].env[1]: hides previous definition of "A", which may be '
                "dropped when using apply"
            ),
            (
                "containers[0].ports[0]: hostIP set without hostPort: {Name: "
                "HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}"
            ),
            (
                "containers[0].ports[0]: overlapping port definition with "
                "%initContainers[0].ports[0]"
            ),
            (
                "containers[0].ports[2]: dangerously ambiguous port definition with "
                "%containers[0].ports[1]"
            ),
            (
                'containers[0].ports[1]: duplicate port name "w" with '
                "%initContainers[0].ports[0], services and probes that select ports by "
                "name will use %initContainers[0].ports[0]"
            ),
        ],
    ),
}


def _placed(text: str, path: str) -> str:
    return text[1:] if text[0] == ":" else f"{path}{text.replace('%', path)}"


@pytest.mark.parametrize("case", TEMPLATES)
async def test_templates_of_pods_are_looked_at(server: Server, case: str) -> None:
    given, told = TEMPLATES[case]
    body = deployment("a")
    body["spec"]["template"]["spec"] |= given
    wanted = [_placed(text, "spec.template.spec.") for text in told]
    assert await _warned(server, server.apps("deployments"), body) == wanted


NOTES = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "seccomp.security.alpha.kubernetes.io/pod": (
        'non-functional in v1.27+; use the "seccompProfile" field instead'
    ),
    "container.seccomp.security.alpha.kubernetes.io/c": (
        'non-functional in v1.27+; use the "seccompProfile" field instead'
    ),
    "container.apparmor.security.beta.kubernetes.io/c": (
        'deprecated since v1.30; use the "appArmorProfile" field instead'
    ),
}


def _noted() -> Json:
    """Return a template with all annotations that are old."""
    template: Json = deployment("a")["spec"]["template"]
    template["metadata"]["annotations"] = dict.fromkeys(NOTES, "runtime/default")
    return template


def _told_of(path: str) -> list[str]:
    return [f"{path}metadata.annotations[{key}]: {told}" for key, told in NOTES.items()]


@pytest.mark.parametrize(
    ("group", "plural", "kind", "path", "named"),
    [
        ("apps/v1", "deployments", "Deployment", "template", True),
        ("apps/v1", "replicasets", "ReplicaSet", "template", True),
        ("apps/v1", "daemonsets", "DaemonSet", "template", False),
        ("batch/v1", "cronjobs", "CronJob", "jobTemplate.spec.template", True),
    ],
    ids=["deployment", "replica set", "daemon set", "cron job"],
)
async def test_each_workload_has_a_template(
    server: Server, group: str, plural: str, kind: str, path: str, *, named: bool
) -> None:
    item = deployment("a.b", template=_noted())
    body: Json = {**item, "kind": kind, "apiVersion": group}
    if kind == "CronJob":
        template = body["spec"]["template"]
        template["spec"]["restartPolicy"] = "Never"
        job = {"spec": {"template": template}}
        body["spec"] = {"schedule": "* * * * *", "jobTemplate": job}
    fault = "[must not contain dots]"
    name = f"metadata.name: this is used in Pod names and hostnames, {LABEL}: {fault}"
    wanted = [name] if named else []
    wanted += _told_of(f"spec.{path}.")
    assert await _warned(server, server.path(group, plural), body) == wanted


async def test_template_is_told_of_where_it_changes(server: Server) -> None:
    path = server.apps("deployments")
    (await server.post(path, deployment("a", template=_noted()))).ok(201)
    labelled = await server.merge(f"{path}/a", {"metadata": {"labels": {"a": "b"}}})
    scaled = await server.merge(f"{path}/a", {"spec": {"replicas": 2}})
    by_scale = await server.merge(f"{path}/a/scale", {"spec": {"replicas": 3}})
    told = _told_of("spec.template.")
    found = [each.warnings for each in (labelled, scaled, by_scale)]
    assert found == [[], told, told]


async def test_pod_is_told_of_when_it_is_made(server: Server) -> None:
    await server.post(server.core("serviceaccounts"), {"metadata": {"name": "default"}})
    body = pod("a.b", hostAliases=[{"ip": "FD00::1"}])
    body["metadata"] |= _noted()["metadata"]
    *first, last = _told_of("")
    fault = "[must not contain dots]"
    name = f"metadata.name: this is used in the Pod's hostname, {LABEL}: {fault}"
    alias = 'spec.hostAliases[0].ip: IPv6 address "FD00::1" should be in RFC 5952'
    alias += ' canonical format ("fd00::1")'
    told = [last, name, *first, alias]
    assert await _warned(server, server.core("pods"), body) == told


async def test_stateful_set_has_claims_and_revisions(server: Server) -> None:
    claim = {
        "metadata": {"name": "d"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1500m"}},
        },
    }
    spec = {"serviceName": "s", "volumeClaimTemplates": [claim]}
    item = deployment("a", revisionHistoryLimit=-1, **spec)
    path = server.apps("statefulsets")
    created = await server.post(path, {**item, "kind": "StatefulSet"})
    kept = "spec.revisionHistoryLimit: a negative value retains all historical "
    kept += "revisions; a value >= 0 is recommended"
    fraction = f"resources.requests[storage]: {FRACTION.format('1500m')}"
    place = "spec.volumeClaimTemplates[0]"
    assert created.warnings == [f"{place}.{fraction}", kept]
    # The update names the struct's field.
    updated = await server.merge(f"{path}/a", {"metadata": {"labels": {"a": "b"}}})
    assert updated.warnings == [f"{place}.Spec.{fraction}", kept]


CASES: dict[str, tuple[str, Json, list[str]]] = {
    "headless service": (
        "services",
        _service(
            clusterIP="None",
            sessionAffinity="ClientIP",
            externalIPs=["1.1.1.1"],
            loadBalancerIP="FD00::1",
            externalName="a.b",
        ),
        [
            "spec.loadBalancerIP is ignored for headless services",
            "spec.externalIPs is ignored for headless services",
            "spec.SessionAffinity is ignored for headless services",
            (
                'spec.loadBalancerIP: IPv6 address "FD00::1" should be in RFC 5952 '
                'canonical format ("fd00::1")'
            ),
            'spec.externalName is ignored when spec.type is not "ExternalName"',
        ],
    ),
    "balanced service": (
        "services",
        _service(
            type="LoadBalancer",
            externalIPs=["1.1.1.1"],
            loadBalancerSourceRanges=["FE80::/64"],
            trafficDistribution="PreferClose",
        ),
        [
            (
                "spec.externalIPs is deprecated and may no longer be implemented in "
                "some clusters"
            ),
            (
                'spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "FE80::/64" should '
                'be in RFC 5952 canonical format ("fe80::/64")'
            ),
            (
                'spec.trafficDistribution: "PreferClose" is deprecated; use '
                '"PreferSameZone"'
            ),
        ],
    ),
    "named service": (
        "services",
        _service(type="ExternalName", externalName="a.b", externalIPs=["1.1.1.1"]),
        ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
    ),
    "certificate that is none": (
        "secrets",
        _kind(
            "v1",
            "Secret",
            type="kubernetes.io/tls",
            data={"tls.crt": _coded("x"), "tls.key": _coded("y")},
        ),
        ["tls: failed to find any PEM data in certificate input"],
    ),
    "certificate and key the wrong way round": (
        "secrets",
        _kind(
            "v1",
            "Secret",
            type="kubernetes.io/tls",
            data={"tls.crt": _block("PRIVATE KEY"), "tls.key": _block("CERTIFICATE")},
        ),
        [
            (
                "tls: failed to find certificate PEM data in certificate input, but "
                "did find a private key; PEM inputs may have been switched"
            )
        ],
    ),
    "certificate that is spoiled": (
        "secrets",
        _kind(
            "v1",
            "Secret",
            type="kubernetes.io/tls",
            data={"tls.crt": _block("CERTIFICATE"), "tls.key": _block("PRIVATE KEY")},
        ),
        ["x509: malformed certificate"],
    ),
    "service account": (
        "serviceaccounts",
        {
            **_kind("v1", "ServiceAccount"),
            "metadata": {
                "name": "a",
                "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"},
            },
        },
        [
            (
                "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: "
                "deprecated in v1.32+; prefer separate namespaces to "
                "isolate access to mounted secrets"
            )
        ],
    ),
    "claim": (
        "persistentvolumeclaims",
        {
            **_kind("v1", "PersistentVolumeClaim"),
            "metadata": {
                "name": "a",
                "annotations": {"volume.beta.kubernetes.io/storage-class": "x"},
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "0.5"}},
            },
        },
        [
            (
                "metadata.annotations[volume.beta.kubernetes.io/storage-class]: "
                'deprecated since v1.8; use "storageClassName" attribute instead'
            ),
            f"spec.resources.requests[storage]: {FRACTION.format('500m')}",
        ],
    ),
    "quota": (
        "resourcequotas",
        _kind("v1", "ResourceQuota", spec={"hard": {"cpu": "2", "limits.cpu": "1"}}),
        ["ResourceQuota cpu (2) should be less than limits.cpu (1)"],
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_kinds_of_the_core_are_told_of(server: Server, case: str) -> None:
    plural, body, told = CASES[case]
    assert await _warned(server, server.core(plural), body) == told


GROUPS: dict[str, tuple[str, str, str, Json, list[str]]] = {
    "endpoint slice": (
        *("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
        {"addressType": "FQDN", "endpoints": [{"addresses": ["a.b"]}]},
        ["spec.addressType: FQDN endpoints are deprecated"],
    ),
    "network policy": (
        *("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
        {
            "spec": {
                "podSelector": {},
                "egress": [{"to": [{"ipBlock": {"cidr": "FE80::/64"}}]}],
            }
        },
        [
            (
                'spec.egress[0].to[0].ipBlock.cidr: IPv6 CIDR value "FE80::/64" should '
                'be in RFC 5952 canonical format ("fe80::/64")'
            )
        ],
    ),
    "capacity": (
        *("storage.k8s.io/v1", "csistoragecapacities", "CSIStorageCapacity"),
        {
            "storageClassName": "x",
            "nodeTopology": {"matchLabels": {"beta.kubernetes.io/os": "x"}},
        },
        [
            (
                f"nodeTopology.matchLabels.beta.kubernetes.io/os: {OLD}"
                '"kubernetes.io/os" instead'
            )
        ],
    ),
}


@pytest.mark.parametrize("case", GROUPS)
async def test_kinds_of_groups_are_told_of(server: Server, case: str) -> None:
    group, plural, kind, more, told = GROUPS[case]
    path = server.path(group, plural)
    assert await _warned(server, path, _kind(group, kind, **more)) == told


WIDE: dict[str, tuple[str, Json, list[str]]] = {
    "node": (
        "/api/v1/nodes",
        {"spec": {"externalID": "x", "podCIDRs": ["FD00::/64"]}},
        [
            "spec.externalID: this field is deprecated, and is unused by Kubernetes",
            (
                'spec.podCIDRs[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 '
                'canonical format ("fd00::/64")'
            ),
        ],
    ),
    "volume": (
        "/api/v1/persistentvolumes",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1"},
                "rbd": {"monitors": ["a"], "image": "x"},
            }
        },
        ["spec.rbd: deprecated in v1.28, non-functional in v1.31+"],
    ),
    "runtime class": (
        "/apis/node.k8s.io/v1/runtimeclasses",
        {
            "handler": "x",
            "scheduling": {"nodeSelector": {"beta.kubernetes.io/os": "x"}},
        },
        [f'scheduling.nodeSelector: {OLD}"kubernetes.io/os" instead'],
    ),
    "driver": (
        "/apis/storage.k8s.io/v1/csidrivers",
        {"spec": {"tokenRequests": [{"audience": "a"}]}},
        [
            (
                "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI "
                "driver, set to true to prevent possible logging of tokens in volume "
                "attributes"
            )
        ],
    ),
    "storage class": (
        "/apis/storage.k8s.io/v1/storageclasses",
        {
            "provisioner": "x",
            "allowedTopologies": [
                {
                    "matchLabelExpressions": [
                        {"key": "beta.kubernetes.io/os", "values": ["x"]}
                    ]
                }
            ],
        },
        [
            (
                "allowedTopologies[0].matchLabelExpressions[0].key: "
                f'{OLD}"kubernetes.io/os" instead'
            )
        ],
    ),
}


@pytest.mark.parametrize("case", WIDE)
async def test_kinds_without_a_namespace_are_told_of(server: Server, case: str) -> None:
    path, more, told = WIDE[case]
    body = {"metadata": {"name": server.namespace}, **more}
    assert await _warned(server, path, body) == told


async def test_ingress_class_is_told_of_once(server: Server) -> None:
    path = server.path("networking.k8s.io/v1", "ingresses")
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    body = _kind("networking.k8s.io/v1", "Ingress", spec={"defaultBackend": backend})
    body["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "x"}
    told = 'annotation "kubernetes.io/ingress.class" is deprecated, please use '
    created = await server.post(path, body)
    assert created.warnings == [f"{told}'spec.ingressClassName' instead"]
    updated = await server.merge(f"{path}/a", {"metadata": {"labels": {"a": "b"}}})
    assert updated.warnings == []
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "FD00::1"}]}}}
    written = await server.merge(f"{path}/a/status", status)
    shown = 'IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'
    assert written.warnings == [f"status.loadBalancer.ingress[0]: {shown}"]


async def test_what_is_there_already_is_told_of_too(server: Server) -> None:
    body = _service(type="ExternalName", externalName="a.b", externalIPs=["1.1.1.1"])
    told = 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    await server.post(server.core("services"), body)
    again = await server.post(server.core("services"), body)
    assert (again.status, again.warnings) == (409, [told])
