"""POST: what the server fills in, keeps, wipes and refuses."""

import re
from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, owner, rejection
from tests.harness.server import Server

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric"
    " characters, '-' or '.', and must start and end with an alphanumeric character"
    " (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


async def test_create_answers_201_with_the_object(server: Server) -> None:
    item = await server.post(server.core("configmaps"), config_map("a", {"x": "1"}))
    document = item.ok(201)
    assert (document["kind"], document["apiVersion"]) == ("ConfigMap", "v1")
    assert document["data"] == {"x": "1"}


async def test_create_fills_metadata(server: Server) -> None:
    item = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    metadata = item["metadata"]
    assert metadata["namespace"] == server.namespace
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"]
    )
    assert int(metadata["resourceVersion"]) > 1


async def test_create_without_kind_takes_the_kind_of_the_path(server: Server) -> None:
    body = {"metadata": {"name": "a"}}
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert (item["kind"], item["apiVersion"]) == ("ConfigMap", "v1")


async def test_created_object_can_be_read(server: Server) -> None:
    item = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    assert (await server.get(server.core("configmaps/a"))).ok() == item


async def test_create_twice_is_already_exists(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.post(server.core("configmaps"), config_map("a"))
    details = answer.refused(409, "AlreadyExists", 'configmaps "a" already exists')
    assert details == {"name": "a", "kind": "configmaps"}


async def test_create_twice_names_the_group(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("a"))
    answer = await server.post(server.apps("deployments"), deployment("a"))
    details = answer.refused(
        409, "AlreadyExists", 'deployments.apps "a" already exists'
    )
    assert details == {"name": "a", "group": "apps", "kind": "deployments"}


async def test_create_over_a_terminating_object_says_so(server: Server) -> None:
    body = config_map("a", finalizers=["example.com/hold"])
    await server.post(server.core("configmaps"), body)
    await server.delete(server.core("configmaps/a"))
    answer = await server.post(server.core("configmaps"), config_map("a"))
    answer.refused(
        409,
        "AlreadyExists",
        'object is being deleted: configmaps "a" already exists',
    )


async def test_generate_name_appends_five_characters(server: Server) -> None:
    body = {"metadata": {"generateName": "web-"}}
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert re.fullmatch(
        "web-[bcdfghjklmnpqrstvwxz2456789]{5}", item["metadata"]["name"]
    )
    assert item["metadata"]["generateName"] == "web-"


async def test_generate_name_cuts_a_long_base(server: Server) -> None:
    body = {"metadata": {"generateName": "g" * 70}}
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert len(item["metadata"]["name"]) == 63
    assert item["metadata"]["name"].startswith("g" * 58)


async def test_name_wins_over_generate_name(server: Server) -> None:
    body = {"metadata": {"name": "a", "generateName": "g-"}}
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert item["metadata"]["name"] == "a"


@pytest.mark.parametrize("body", [{"metadata": {}}, {"data": {}}, None])
async def test_create_without_name_is_invalid(server: Server, body: Any) -> None:
    sent = "null" if body is None else body
    answer = await server.post(server.core("configmaps"), sent)
    details = answer.refused(
        422,
        "Invalid",
        'ConfigMap "" is invalid: metadata.name: Required value:'
        " name or generateName is required",
    )
    assert rejection(details) == [("FieldValueRequired", "metadata.name")]
    assert details["kind"] == "ConfigMap"


@pytest.mark.parametrize("name", ["A_b", "a/b", "..", "-a", "a-", "a..b"])
async def test_name_must_be_a_subdomain(server: Server, name: str) -> None:
    answer = await server.post(server.core("configmaps"), config_map(name))
    details = answer.refused(
        422,
        "Invalid",
        f'ConfigMap "{name}" is invalid: metadata.name: Invalid value:'
        f' "{name}": {SUBDOMAIN}',
    )
    assert details["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": f'Invalid value: "{name}": {SUBDOMAIN}',
            "field": "metadata.name",
        }
    ]


async def test_name_of_254_characters_is_too_long(server: Server) -> None:
    name = "a" * 254
    answer = await server.post(server.core("configmaps"), config_map(name))
    answer.refused(
        422,
        "Invalid",
        f'ConfigMap "{name}" is invalid: metadata.name: Invalid value: "{name}":'
        " must be no more than 253 characters",
    )


async def test_name_of_253_characters_is_accepted(server: Server) -> None:
    answer = await server.post(server.core("configmaps"), config_map("a" * 253))
    answer.ok(201)


async def test_namespace_of_the_body_must_be_that_of_the_path(server: Server) -> None:
    body = config_map("a", namespace="default")
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on"
        " the request",
    )


async def test_create_in_a_missing_namespace_is_not_found(server: Server) -> None:
    path = "/api/v1/namespaces/nope/configmaps"
    answer = await server.post(path, config_map("a"))
    details = answer.refused(404, "NotFound", 'namespaces "nope" not found')
    assert details == {"name": "nope", "kind": "namespaces"}


@pytest.mark.parametrize(
    "wiped", ["uid", "creationTimestamp", "deletionTimestamp", "selfLink"]
)
async def test_create_ignores_what_the_server_owns(server: Server, wiped: str) -> None:
    sent = {
        "uid": "11111111-1111-1111-1111-111111111111",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "selfLink": "/x",
    }
    body = config_map("a", **{wiped: sent[wiped]})
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert item["metadata"].get(wiped) != sent[wiped]


async def test_create_ignores_a_deletion_grace_period(server: Server) -> None:
    body = config_map("a", deletionGracePeriodSeconds=3)
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert "deletionGracePeriodSeconds" not in item["metadata"]


async def test_create_with_a_resource_version_is_refused(server: Server) -> None:
    body = config_map("a", resourceVersion="5")
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        500, "", "resourceVersion should not be set on objects to be created"
    )


async def test_create_with_resource_version_0_is_accepted(server: Server) -> None:
    body = config_map("a", resourceVersion="0")
    item = (await server.post(server.core("configmaps"), body)).ok(201)
    assert item["metadata"]["resourceVersion"] != "0"


async def test_create_drops_the_status_of_a_status_subresource(server: Server) -> None:
    body = {**deployment("a"), "status": {"replicas": 9}}
    item = (await server.post(server.apps("deployments"), body)).ok(201)
    assert item["status"] == {}


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"labels": {"a b": "c"}}, "metadata.labels"),
        ({"labels": {"a": "-"}}, "metadata.labels"),
        ({"labels": {"a": "x" * 64}}, "metadata.labels"),
        ({"annotations": {"a b": "x"}}, "metadata.annotations"),
        ({"finalizers": ["x"]}, "metadata.finalizers[0]"),
        ({"ownerReferences": [owner(kind="")]}, "metadata.ownerReferences.kind"),
        ({"ownerReferences": [owner(uid="")]}, "metadata.ownerReferences.uid"),
        ({"ownerReferences": [owner(name="")]}, "metadata.ownerReferences.name"),
        (
            {"ownerReferences": [owner(apiVersion="")]},
            "metadata.ownerReferences.apiVersion",
        ),
        ({"ownerReferences": [owner(kind="Event")]}, "metadata.ownerReferences"),
    ],
)
async def test_bad_metadata_is_invalid(
    server: Server, metadata: Any, field: str
) -> None:
    body = config_map("a", **metadata)
    answer = await server.post(server.core("configmaps"), body)
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", field)]


async def test_bad_label_value_has_the_server_s_words(server: Server) -> None:
    body = config_map("a", labels={"k": "-"})
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: metadata.labels: Invalid value: "-": a valid label'
        " must be an empty string or consist of alphanumeric characters, '-', '_' or"
        " '.', and must start and end with an alphanumeric character (e.g. 'MyValue',"
        "  or 'my_value',  or '12345', regex used for validation is"
        " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    )


async def test_finalizer_without_a_name_is_wrong_in_every_way(server: Server) -> None:
    body = config_map("a", finalizers=[""])
    answer = await server.post(server.core("configmaps"), body)
    where = [field for _, field in rejection(answer.refused(422, "Invalid"))]
    assert where == ["metadata.finalizers"] * 2 + ["metadata.finalizers[0]"]


async def test_unqualified_finalizer_has_the_server_s_words(server: Server) -> None:
    body = config_map("a", finalizers=["x"])
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: metadata.finalizers[0]: Invalid value: "x": name is'
        " neither a standard finalizer name nor is it fully qualified",
    )


async def test_two_faults_are_listed_in_brackets(server: Server) -> None:
    body = config_map("a", ownerReferences=[owner(kind="", uid="")])
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: [metadata.ownerReferences.kind: Invalid value: "":'
        ' must not be empty, metadata.ownerReferences.uid: Invalid value: "":'
        " must not be empty]",
    )


async def test_only_one_owner_may_control(server: Server) -> None:
    first = owner("a", "u", controller=True)
    second = owner("b", "v", controller=True)
    body = config_map("c", ownerReferences=[first, second])
    answer = await server.post(server.core("configmaps"), body)
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "metadata.ownerReferences")]
    assert answer.json["message"].endswith(
        "Only one reference can have Controller set to true. Found"
        ' "true" in references for ConfigMap/a and ConfigMap/b'
    )


async def test_duplicate_owners_are_dropped_with_a_warning(server: Server) -> None:
    body = config_map("c", ownerReferences=[owner(), owner()])
    answer = await server.post(server.core("configmaps"), body)
    assert answer.ok(201)["metadata"]["ownerReferences"] == [owner()]
    assert answer.warnings == [
        (
            ".metadata.ownerReferences contains duplicate entries; API server dedups"
            " owner"
            " references in 1.20+, and may reject such requests as early as 1.24;"
            " please"
            " fix your requests; duplicate UID(s) observed: u"
        )
    ]


async def test_config_key_must_be_a_file_name(server: Server) -> None:
    answer = await server.post(server.core("configmaps"), config_map("a", {"a b": ""}))
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "data[a b]")]


async def test_config_map_is_at_most_a_mebibyte(server: Server) -> None:
    body = config_map("a", {"x": "x" * (1 << 20) + "x"})
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: []: Too long: may not be more than 1048576 bytes',
    )


async def test_secret_string_data_becomes_data(server: Server) -> None:
    body = {"metadata": {"name": "s"}, "stringData": {"a": "b"}}
    item = (await server.post(server.core("secrets"), body)).ok(201)
    assert item["data"] == {"a": "Yg=="}
    assert "stringData" not in item
    assert item["type"] == "Opaque"


async def test_deployment_is_defaulted(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    spec = item["spec"]
    template = spec.pop("template")
    assert spec == {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
        },
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert template["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "i:1",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


async def test_deployment_without_selector_is_invalid(server: Server) -> None:
    answer = await server.post(server.apps("deployments"), {"metadata": {"name": "d"}})
    details = answer.refused(
        422,
        "Invalid",
        'Deployment.apps "d" is invalid: [spec.selector: Required value,'
        " spec.template.metadata.labels: Invalid value: null: `selector` does not match"
        " template `labels`, spec.template.spec.containers: Required value]",
    )
    assert (details["group"], details["kind"]) == ("apps", "Deployment")


async def test_deployment_replicas_must_not_be_negative(server: Server) -> None:
    answer = await server.post(server.apps("deployments"), deployment("d", replicas=-1))
    details = answer.refused(
        422,
        "Invalid",
        'Deployment.apps "d" is invalid: spec.replicas: Invalid value: -1: must be'
        " greater than or equal to 0",
    )
    assert rejection(details) == [("FieldValueInvalid", "spec.replicas")]


async def test_null_is_as_absent(server: Server) -> None:
    body = deployment("d", replicas=None)
    item = (await server.post(server.apps("deployments"), body)).ok(201)
    assert item["spec"]["replicas"] == 1


_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or"
    " '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or"
    " '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.b", "must not contain dots"), ("A.b", _LABEL), ("a_b", _LABEL)],
)
async def test_name_that_must_be_a_label(server: Server, name: str, text: str) -> None:
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
    answer = await server.post(server.core("services"), body)
    (cause,) = answer.refused(422, "Invalid")["causes"]
    assert cause["field"] == "metadata.name"
    assert cause["message"] == f'Invalid value: "{name}": {text}'


@pytest.mark.parametrize("field", ["labels", "annotations"])
async def test_key_with_two_slashes(server: Server, field: str) -> None:
    body = config_map("a", **{field: {"x/y/z": "v"}})
    answer = await server.post(server.core("configmaps"), body)
    (cause,) = answer.refused(422, "Invalid")["causes"]
    assert cause["field"] == f"metadata.{field}"
    assert cause["message"] == (
        'Invalid value: "x/y/z": a valid label key must consist of alphanumeric'
        " characters, '-', '_' or '.', and must start and end with an alphanumeric"
        " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
        " validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional"
        " DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    )


async def test_version_of_a_bad_or_known_object_is_not_looked_at(
    server: Server,
) -> None:
    path = server.core("configmaps")
    body = config_map("a", resourceVersion="7")
    bad = config_map("a", resourceVersion="7", finalizers=["bad"])
    (await server.post(path, bad)).refused(422, "Invalid")
    (await server.post(path, config_map("a"))).ok(201)
    (await server.post(path, body)).refused(500, "")
    (await server.post(path, body, dryRun="All")).refused(409, "AlreadyExists")
