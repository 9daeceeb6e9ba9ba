"""What a pod gets of its service account, and which pods are refused for it."""

import json
import re
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.errors import ApiError, ForbiddenError
from tests.contract.controllers.workload import POD
from tests.harness.clusters import AnyCluster

Json = dict[str, Any]

ACCOUNT = GroupVersionKind("", "v1", "ServiceAccount")
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
STRICT = {"kubernetes.io/enforce-mountable-secrets": "true"}
MIRROR = {"kubernetes.io/config.mirror": "x"}
IMAGE = {"name": "c", "image": "busybox"}


def pod(**spec: Any) -> Json:
    """A pod without a name: nothing of it lasts."""
    meta = {"generateName": "p-"}
    spec = {"containers": [dict(IMAGE)], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def make_account(cluster: AnyCluster, annotations: Any = None, **fields: Any) -> None:
    """Make the account ``bot``."""
    meta: Json = {"name": "bot", "annotations": annotations or {}}
    item: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    cluster.call(lambda client: client.create({**item, **fields}))


def tried(cluster: AnyCluster, item: Json) -> Json:
    """Return the pod that would be made, with the volume of its token named ``api``."""
    found = cluster.call(lambda client: client.create(item, dry_run=True))
    text = re.sub(r'"kube-api-access-[a-z0-9]{5}"', '"api"', json.dumps(found))
    same: Json = json.loads(text)
    return same


def refusal(cluster: AnyCluster, item: Json) -> str:
    """Return why no such pod may be made."""
    with pytest.raises(ForbiddenError) as refused:
        tried(cluster, item)
    return refused.value.message.replace(cluster.namespace, "NS")


def test_new_pod_gets_the_token_of_the_default_account(any_cluster: AnyCluster) -> None:
    taken = {"name": "own", "mountPath": TOKEN_PATH}
    kept = {"name": "own", "mountPath": "/own"}
    containers = [
        {**IMAGE, "name": "a"},
        {**IMAGE, "name": "b", "volumeMounts": [taken]},
        {**IMAGE, "name": "c", "volumeMounts": [kept]},
    ]
    made = tried(
        any_cluster,
        pod(
            containers=containers,
            initContainers=[{**IMAGE, "name": "first"}],
            volumes=[{"name": "own", "emptyDir": {}}],
        ),
    )
    spec = made["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default",) * 2
    mount = {"name": "api", "readOnly": True, "mountPath": TOKEN_PATH}
    mounts = [each["volumeMounts"] for each in spec["containers"]]
    assert mounts == [[mount], [taken], [kept, mount]]
    assert spec["initContainers"][0]["volumeMounts"] == [mount]
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    assert spec["volumes"] == [
        {"name": "own", "emptyDir": {}},
        {
            "name": "api",
            "projected": {
                "sources": [
                    {
                        "serviceAccountToken": {
                            "expirationSeconds": 3607,
                            "path": "token",
                        }
                    },
                    {
                        "configMap": {
                            "name": "kube-root-ca.crt",
                            "items": [{"key": "ca.crt", "path": "ca.crt"}],
                        }
                    },
                    {
                        "downwardAPI": {
                            "items": [{"path": "namespace", "fieldRef": field}]
                        }
                    },
                ],
                "defaultMode": 420,
            },
        },
    ]
    assert "imagePullSecrets" not in spec
    owned = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    assert not {"f:serviceAccount", "f:serviceAccountName"} & set(owned)
    assert list(owned["f:volumes"]) == [".", 'k:{"name":"own"}']


def test_volume_of_a_pod_is_taken_for_its_token(any_cluster: AnyCluster) -> None:
    volume: Json = {"name": "kube-api-access-mine", "emptyDir": {}}
    spec = tried(any_cluster, pod(volumes=[volume]))["spec"]
    assert spec["volumes"] == [volume]
    assert spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-mine"


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, 1), (False, None, 0), (False, True, 1), (True, False, 0)],
)
def test_pod_then_account_decides_about_the_token(
    any_cluster: AnyCluster, of_account: bool | None, of_pod: bool | None, mounted: int
) -> None:
    field = "automountServiceAccountToken"
    make_account(any_cluster, **({} if of_account is None else {field: of_account}))
    given = {} if of_pod is None else {field: of_pod}
    spec = tried(any_cluster, pod(serviceAccount="bot", **given))["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("bot", "bot")
    assert len(spec.get("volumes", [])) == mounted
    assert len(spec["containers"][0].get("volumeMounts", [])) == mounted


def test_pull_secrets_come_from_the_account(any_cluster: AnyCluster) -> None:
    secrets, own = [{"name": "one"}, {"name": "two"}], [{"name": "own"}]
    make_account(any_cluster, imagePullSecrets=secrets)
    spec = tried(any_cluster, pod(serviceAccountName="bot"))["spec"]
    assert spec["imagePullSecrets"] == secrets
    item = pod(serviceAccountName="bot", imagePullSecrets=own)
    assert tried(any_cluster, item)["spec"]["imagePullSecrets"] == own


def test_account_must_exist(any_cluster: AnyCluster) -> None:
    why = (
        "is forbidden: error looking up service account NS/nobody: "
        'serviceaccount "nobody" not found'
    )
    nameless = pod(serviceAccountName="nobody")
    assert refusal(any_cluster, nameless) == f'pods "p-" {why}'
    nameless["metadata"] = {"name": "web"}
    # What is wrong with a pod itself comes later.
    nameless["spec"]["containers"] = []
    assert refusal(any_cluster, nameless) == f'pods "web" {why}'


def test_pod_waits_for_the_account_of_a_new_namespace(any_cluster: AnyCluster) -> None:
    name = f"{any_cluster.namespace}-new"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    any_cluster.call(lambda client: client.create(space))
    try:
        item = pod(terminationGracePeriodSeconds=0)
        made = any_cluster.call(lambda client: client.create(item, namespace=name))
        assert made["spec"]["serviceAccountName"] == "default"
    finally:
        kind = GroupVersionKind("", "v1", "Namespace")
        any_cluster.call(lambda client: client.delete(kind, name))


SECRET_ENV = {"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
SECRET_ENV_FROM = {"secretRef": {"name": "s"}}
UNREFERENCED = "because service account bot does not reference that"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
            f'volume with secret.secretName="s" is not allowed {UNREFERENCED} secret',
        ),
        (
            {"initContainers": [{**IMAGE, "name": "i", "env": [SECRET_ENV]}]},
            (
                "init container i with envVar E referencing "
                f'secret.secretName="s" is not allowed {UNREFERENCED} secret'
            ),
        ),
        (
            {"containers": [{**IMAGE, "envFrom": [SECRET_ENV_FROM]}]},
            (
                'container c with envFrom referencing secret.secretName="s" is not '
                f"allowed {UNREFERENCED} secret"
            ),
        ),
        (
            {"imagePullSecrets": [{"name": "mine"}, {"name": "s"}]},
            (
                f'imagePullSecrets[1].name="s" is not allowed {UNREFERENCED} '
                "imagePullSecret"
            ),
        ),
    ],
)
def test_strict_account_names_the_secrets_of_its_pods(
    any_cluster: AnyCluster, spec: Json, message: str
) -> None:
    mine = [{"name": "mine"}]
    make_account(any_cluster, STRICT, secrets=mine, imagePullSecrets=mine)
    item = pod(serviceAccountName="bot", **spec)
    assert refusal(any_cluster, item) == f'pods "p-" is forbidden: {message}'


def test_strict_account_names_the_secrets_of_debugging(any_cluster: AnyCluster) -> None:
    make_account(any_cluster, STRICT)
    item = pod(serviceAccountName="bot", terminationGracePeriodSeconds=0)
    item["metadata"] = {"name": "web"}
    any_cluster.call(lambda client: client.create(item))
    debug = {**IMAGE, "name": "d", "env": [SECRET_ENV]}
    patch = {"spec": {"ephemeralContainers": [debug]}}
    with pytest.raises(ApiError) as refused:
        any_cluster.call(
            lambda client: client.patch(
                POD, "web", patch, type="strategic", subresource="ephemeralcontainers"
            )
        )
    assert (refused.value.code, refused.value.message) == (
        500,  # of all refusals this one is no 403
        (
            "ephemeral container d with envVar E referencing "
            f'secret.secretName="s" is not allowed {UNREFERENCED} secret'
        ),
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"serviceAccountName": "default"}, "reference service accounts"),
        ({"containers": [{**IMAGE, "env": [SECRET_ENV]}]}, "reference secrets"),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
            "reference secrets",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "v",
                        "projected": {
                            "sources": [{"serviceAccountToken": {"path": "t"}}]
                        },
                    }
                ]
            },
            "use ServiceAccountToken volume projections",
        ),
    ],
)
def test_mirror_pod_knows_no_account(
    any_cluster: AnyCluster, spec: Json, message: str
) -> None:
    item = pod(**spec)
    item["metadata"]["annotations"] = MIRROR
    expected = f'pods "p-" is forbidden: a mirror pod may not {message}'
    assert refusal(any_cluster, item) == expected
