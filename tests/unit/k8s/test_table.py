from pathlib import Path

import homeostat.k8s
from homeostat.api import GroupVersionKind, GroupVersionResource
from homeostat.k8s import resources, server_version, subresources
from homeostat.k8s._table import types

PACKAGE = Path(homeostat.k8s.__file__).parent


def test_the_table_is_of_the_server_that_the_tests_use() -> None:
    assert server_version() == "v1.36.3"


def test_the_table_stays_small() -> None:
    assert (PACKAGE / "table.json.z").stat().st_size < 60_000


def test_resources_say_what_discovery_says() -> None:
    deployments = next(r for r in resources() if r.plural == "deployments")
    assert deployments.gvk == GroupVersionKind("apps", "v1", "Deployment")
    assert deployments.namespaced
    assert deployments.short_names == ("deploy",)
    assert deployments.categories == ("all",)
    assert deployments.singular == "deployment"
    assert deployments.list_kind == "DeploymentList"
    assert deployments.subresources == {"scale", "status"}
    assert "watch" in deployments.verbs


def test_resources_begin_with_the_core_group() -> None:
    assert resources()[0].gvk.group == ""
    assert len(resources()) == len({r.gvr for r in resources()}) == 68


def test_subresources_name_their_own_kinds() -> None:
    found = {s.name: s for s in subresources(GroupVersionResource("", "v1", "pods"))}
    assert found["eviction"].gvk == GroupVersionKind("policy", "v1", "Eviction")
    assert found["eviction"].verbs == ("create",)
    assert found["status"].gvk.kind == "Pod"


def test_an_unknown_resource_has_no_subresources() -> None:
    assert subresources(GroupVersionResource("x.io", "v1", "things")) == ()


def test_every_type_refers_to_types_that_are_there() -> None:
    named = {f[2].lstrip("[{") for e in types().values() for f in e["f"]}
    assert {name for name in named if "." in name} <= set(types())


def test_fields_carry_their_protobuf_numbers() -> None:
    fields = {f[0]: f[4] for f in types()["core_v1.Volume"]["f"]}
    assert fields["name"] == 1
    # Inlined in JSON, a message of its own in protobuf.
    assert fields["hostPath"] == [2, 1]
