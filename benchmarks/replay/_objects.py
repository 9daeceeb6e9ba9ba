"""Objects as a large cluster has them, rendered one at a time from a template.

About 4.7 KB of JSON each, Pod-like: labels, an owner, two managedFields entries, a
status with its conditions. What differs between objects is what differs between Pods;
ids, digests and addresses do not compress, the rest does. Nothing is kept: an object is
a function of its number and of how often it was changed.
"""

import json
import re
from hashlib import blake2b
from typing import Any, Final, NamedTuple

__all__ = ["API_VERSION", "GROUP", "KIND", "PLURAL", "Template", "name_of", "number_of"]

GROUP: Final = "bench.example.com"
API_VERSION: Final = "bench.example.com/v1"
KIND: Final = "Widget"
PLURAL: Final = "widgets"

PER_APP = 21  # objects of one owner, which share a label
_NAME = re.compile(r"web-(\d{6,})-[0-9a-f]{5}")


class Change(NamedTuple):
    """What an update leaves in an object.

    Attributes:
        version: Its resourceVersion.
        times: How often this object was updated so far.
    """

    version: int
    times: int = 0


class Template:
    """Renders objects.

    Args:
        namespaces: How many there are; objects of one owner share one.
    """

    __slots__ = ("_names", "_parts", "namespaces")

    def __init__(self, namespaces: int = 50) -> None:
        self.namespaces = namespaces
        text = json.dumps(_prototype(), separators=(",", ":"), sort_keys=True)
        text = re.sub(r'"@#(\w+)@"', r"@\1@", text)  # numbers
        pieces = re.split(r"@(\w+)@", text)
        self._parts = [piece.encode() for piece in pieces]
        self._names = pieces[1::2]

    def namespace_of(self, number: int) -> str:
        """Return the namespace of an object."""
        return f"team-{number // PER_APP % self.namespaces}"

    def render(self, number: int, change: Change) -> bytes:
        """Return an object as the API server encodes it: compact, with sorted keys."""
        digest = blake2b(b"%d" % number).hexdigest().encode()
        app = number // PER_APP
        minute = b"2026-11-%02dT%02d:%02d:" % (
            number % 28 + 1,
            number // 28 % 24,
            number // 672 % 60,
        )
        created = b"%b%02dZ" % (minute, number % 60)
        count = change.times
        moved = b"2026-12-%02dT%02d:%02d:%02dZ" % (
            count // 1440 % 28 + 1,
            count // 60 % 24,
            count % 60,
            number % 60,
        )
        uid = _uid(digest)
        value = {
            "uid": uid,
            "short": digest[:5],
            "name": b"web-%06d-%b" % (app, digest[32:37]),
            "app": b"web-%06d" % app,
            "namespace": b"team-%d" % (app % self.namespaces),
            "version": b"%d" % change.version,
            "created": created,
            "moved": moved if count else created,
            "hash": digest[:9],
            "owner": _uid(blake2b(b"rs%d" % app).hexdigest().encode()),
            "image": b"%d" % (app % 100),
            "node": b"node-%d" % (int(digest[37:40], 16) % 500),
            "host": b"192.168.0.%d" % int(digest[37:39], 16),
            "ip": b"10.%d.%d.%d"
            % (number >> 16 & 255, number >> 8 & 255, number & 255),
            "restarts": b"%d" % count,
            "digest": digest[40:104],
            "container": digest[104:] + digest[64:104],
        }
        parts = self._parts.copy()
        parts[1::2] = [value[name] for name in self._names]
        return b"".join(parts)


def name_of(number: int) -> str:
    """Return the name of an object."""
    digest = blake2b(b"%d" % number).hexdigest()
    return f"web-{number // PER_APP:06d}-{digest[32:37]}"


def number_of(name: str) -> int | None:
    """Return the number of the object of that name, None when there is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    first = int(found[1]) * PER_APP
    return next((n for n in range(first, first + PER_APP) if name_of(n) == name), None)


def _uid(digest: bytes) -> bytes:
    return b"-".join(
        (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    )


def _prototype() -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata(),
        "spec": _spec(),
        "status": _status(),
    }


def _metadata() -> dict[str, Any]:
    return {
        "name": "@name@",
        "generateName": "@app@-",
        "namespace": "@namespace@",
        "uid": "@uid@",
        "resourceVersion": "@version@",
        "generation": 1,
        "creationTimestamp": "@created@",
        "labels": {"app": "@app@", "pod-template-hash": "@hash@"},
        "annotations": {"example.com/checksum": "@uid@"},
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": "@app@",
                "uid": "@owner@",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "managedFields": _managed_fields(),
    }


def _managed_fields() -> list[dict[str, Any]]:
    leaf: dict[str, Any] = {}
    container = {
        ".": leaf,
        "f:command": leaf,
        "f:env": {
            ".": leaf,
            'k:{"name":"LEVEL"}': {".": leaf, "f:name": leaf, "f:value": leaf},
        },
        "f:image": leaf,
        "f:imagePullPolicy": leaf,
        "f:name": leaf,
        "f:resources": {
            ".": leaf,
            "f:limits": {".": leaf, "f:cpu": leaf, "f:memory": leaf},
        },
    }
    made = {
        "f:metadata": {
            "f:generateName": leaf,
            "f:labels": {".": leaf, "f:app": leaf, "f:pod-template-hash": leaf},
            "f:ownerReferences": {".": leaf, 'k:{"uid":"@owner@"}': leaf},
        },
        "f:spec": {
            "f:containers": {'k:{"name":"app"}': container},
            "f:dnsPolicy": leaf,
            "f:enableServiceLinks": leaf,
            "f:restartPolicy": leaf,
            "f:schedulerName": leaf,
            "f:securityContext": leaf,
            "f:terminationGracePeriodSeconds": leaf,
        },
    }
    condition = {
        ".": leaf,
        "f:lastProbeTime": leaf,
        "f:lastTransitionTime": leaf,
        "f:status": leaf,
        "f:type": leaf,
    }
    kept = ("ContainersReady", "Initialized", "Ready")
    observed = {
        "f:status": {
            "f:conditions": {f'k:{{"type":"{each}"}}': condition for each in kept},
            "f:containerStatuses": leaf,
            "f:hostIP": leaf,
            "f:phase": leaf,
            "f:podIP": leaf,
            "f:podIPs": {".": leaf, 'k:{"ip":"@ip@"}': {".": leaf, "f:ip": leaf}},
            "f:startTime": leaf,
        }
    }
    shared = {"apiVersion": API_VERSION, "fieldsType": "FieldsV1"}
    return [
        {
            **shared,
            "manager": "kube-controller-manager",
            "operation": "Update",
            "time": "@created@",
            "fieldsV1": made,
        },
        {
            **shared,
            "manager": "kubelet",
            "operation": "Update",
            "subresource": "status",
            "time": "@moved@",
            "fieldsV1": observed,
        },
    ]


def _spec() -> dict[str, Any]:
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    unreachable = ("not-ready", "unreachable")
    pod_ip = {"apiVersion": "v1", "fieldPath": "status.podIP"}
    own_namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": own_namespace}]}},
    ]
    volume = "kube-api-access-@short@"
    container = {
        "name": "app",
        "image": "images.example.com/team/app:@image@",
        "command": ["/bin/app", "--port=8080"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": pod_ip}},
            {"name": "LEVEL", "value": "info"},
        ],
        "resources": {
            "limits": {"cpu": "500m", "memory": "256Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "volumeMounts": [{"name": volume, "readOnly": True, "mountPath": account}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    return {
        "volumes": [
            {"name": volume, "projected": {"sources": sources, "defaultMode": 420}}
        ],
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "nodeName": "@node@",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{key}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for key in unreachable
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _status() -> dict[str, Any]:
    types = (
        *("PodReadyToStartContainers", "Initialized"),
        *("Ready", "ContainersReady", "PodScheduled"),
    )
    return {
        "phase": "Running",
        "conditions": [
            {
                "type": each,
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": "@moved@" if "Ready" in each else "@created@",
            }
            for each in types
        ],
        "hostIP": "@host@",
        "podIP": "@ip@",
        "podIPs": [{"ip": "@ip@"}],
        "startTime": "@created@",
        "containerStatuses": [
            {
                "name": "app",
                "state": {"running": {"startedAt": "@moved@"}},
                "lastState": {},
                "ready": True,
                "restartCount": "@#restarts@",
                "image": "images.example.com/team/app:@image@",
                "imageID": "images.example.com/team/app@sha256:@digest@",
                "containerID": "containerd://@container@",
                "started": True,
            }
        ],
        "qosClass": "Burstable",
    }
