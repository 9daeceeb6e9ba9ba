"""The real kubectl against both servers."""

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from homeostat._loop_thread import LoopThread
from homeostat.apiserver import ApiServer, serve
from tests.harness.kube import ControlPlane
from tests.harness.kubectl import Kubectl
from tests.harness.objects import config_map, deployment
from tests.harness.widgets import GROUP, crd, schema, widget

# The embedded half needs the real kubectl too.
pytestmark = pytest.mark.kube

_numbers = itertools.count(1)


def _serve(stack: ExitStack, folder: Path) -> Path:
    """Serve an embedded server from a thread of its own; return its kubeconfig."""
    thread = stack.enter_context(LoopThread(name="embedded"))
    manager = serve(ApiServer())
    url = thread.call(manager.__aenter__())
    stack.callback(lambda: thread.call(manager.__aexit__(None, None, None)))
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


@pytest.fixture(params=["embedded", "real"])
def kubectl(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kubectl]:
    """Kubectl with a namespace of its own."""
    namespace = f"kubectl-{os.getpid()}-{next(_numbers)}"
    with ExitStack() as stack:
        if request.param == "embedded":
            run = Kubectl(_serve(stack, tmp_path), tmp_path / "cache", namespace)
        else:
            plane: ControlPlane = request.getfixturevalue("control_plane")
            run = Kubectl(plane.kubeconfig(), plane.folder / "cache", namespace)
        _ok(run("create", "namespace", namespace))
        yield run


def _ok(outcome: Any) -> str:
    assert outcome.code == 0, outcome.err
    out: str = outcome.out
    return out


def _apply(kubectl: Kubectl, body: Any, *args: str) -> str:
    return _ok(kubectl("apply", *args, "-f", "-", stdin=json.dumps(body)))


def test_create_and_get(kubectl: Kubectl) -> None:
    out = _ok(kubectl("create", "-f", "-", stdin=json.dumps(config_map("a"))))
    assert out == "configmap/a created\n"
    assert _ok(kubectl("get", "cm", "a", "-o", "name")) == "configmap/a\n"


def test_get_as_json(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a", {"x": "1"}))
    item = json.loads(_ok(kubectl("get", "configmap", "a", "-o", "json")))
    assert item["data"] == {"x": "1"}


def test_get_lists_names(kubectl: Kubectl) -> None:
    for name in "ba":
        _apply(kubectl, config_map(name, labels={"l": "1"}))
    out = _ok(kubectl("get", "cm", "-l", "l=1", "-o", "name"))
    assert out == "configmap/a\nconfigmap/b\n"


def test_get_in_columns(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a"))
    header, row = _ok(kubectl("get", "cm", "a")).splitlines()
    assert header.split()[0] == "NAME"
    assert row.split()[0] == "a"


def test_get_of_nothing(kubectl: Kubectl) -> None:
    outcome = kubectl("get", "cm", "no")
    assert outcome.code == 1
    message = 'Error from server (NotFound): configmaps "no" not found\n'
    assert outcome.err == message


def test_apply_creates_then_is_unchanged(kubectl: Kubectl) -> None:
    assert _apply(kubectl, deployment("d")) == "deployment.apps/d created\n"
    assert _apply(kubectl, deployment("d")) == "deployment.apps/d unchanged\n"


def test_apply_server_side(kubectl: Kubectl) -> None:
    out = _apply(kubectl, deployment("d"), "--server-side")
    assert out == "deployment.apps/d serverside-applied\n"
    _apply(kubectl, deployment("d", replicas=3), "--server-side")
    path = "jsonpath={.spec.replicas}"
    assert _ok(kubectl("get", "deploy", "d", "-o", path)) == "3"


def test_apply_server_side_conflict(kubectl: Kubectl) -> None:
    first = json.dumps(config_map("a", {"x": "1"}))
    second = json.dumps(config_map("a", {"x": "2"}))
    args = ("apply", "--server-side", "-f", "-", "--field-manager")
    _ok(kubectl(*args, "one", stdin=first))
    outcome = kubectl(*args, "two", stdin=second)
    assert outcome.code == 1
    assert 'Apply failed with 1 conflict: conflict with "one": .data.x' in outcome.err


def test_apply_refuses_a_typo(kubectl: Kubectl) -> None:
    body = deployment("d", replcas=1)
    outcome = kubectl("apply", "-f", "-", stdin=json.dumps(body))
    assert outcome.code == 1
    assert 'unknown field "spec.replcas"' in outcome.err


def test_label_and_annotate(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a"))
    assert _ok(kubectl("label", "cm", "a", "l=1")) == "configmap/a labeled\n"
    assert _ok(kubectl("annotate", "cm", "a", "n=1")) == "configmap/a annotated\n"
    out = _ok(kubectl("get", "cm", "a", "-o", "jsonpath={.metadata.labels.l}"))
    assert out == "1"


def test_patch_and_scale(kubectl: Kubectl) -> None:
    _apply(kubectl, deployment("d"))
    patch = '{"spec":{"replicas":2}}'
    _ok(kubectl("patch", "deploy", "d", "--type=merge", "-p", patch))
    out = _ok(kubectl("scale", "deploy", "d", "--replicas=4"))
    assert out == "deployment.apps/d scaled\n"
    path = "jsonpath={.spec.replicas}"
    assert _ok(kubectl("get", "deploy", "d", "-o", path)) == "4"


def test_delete_waits(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a"))
    out = _ok(kubectl("delete", "cm", "a"))
    assert out.startswith('configmap "a" deleted')
    assert kubectl("get", "cm", "a").code == 1


def test_delete_by_label(kubectl: Kubectl) -> None:
    for name in "ab":
        _apply(kubectl, config_map(name, labels={"l": "1"}))
    _ok(kubectl("delete", "cm", "-l", "l=1"))
    assert _ok(kubectl("get", "cm", "-l", "l=1", "-o", "name")) == ""


def test_wait_for_a_field(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a", {"x": "1"}))
    out = _ok(kubectl("wait", "cm/a", "--for=jsonpath={.data.x}=1", "--timeout=10s"))
    assert out == "configmap/a condition met\n"


def test_wait_for_deletion(kubectl: Kubectl) -> None:
    out = kubectl("wait", "cm/no", "--for=delete", "--timeout=10s")
    assert out.code == 0


def test_describe(kubectl: Kubectl) -> None:
    _apply(kubectl, deployment("d"))
    lines = _ok(kubectl("describe", "deployment", "d")).splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    assert fields["Name"].strip() == "d"
    assert fields["Selector"].strip() == "app=web"


def test_custom_resources(kubectl: Kubectl) -> None:
    group = f"k.{GROUP}"
    names = {"shortNames": ["kw"]}
    body = crd(group, plural="kwidgets", kind="Kwidget", schema=schema(), names=names)
    _apply(kubectl, body)
    name = f"crd/kwidgets.{group}"
    _ok(kubectl("wait", name, "--for=condition=Established", "--timeout=20s"))
    item = {**widget(size=1), "apiVersion": f"{group}/v1", "kind": "Kwidget"}
    created = f"kwidget.k.{GROUP}/w created\n"
    assert _apply(kubectl, item) == created
    assert _ok(kubectl("get", "kw", "-o", "name")) == f"kwidget.k.{GROUP}/w\n"
    bad = json.dumps({**item, "spec": {"size": 99}})
    outcome = kubectl("apply", "-f", "-", stdin=bad)
    assert outcome.code == 1
    assert "should be less than or equal to 10" in outcome.err


def test_api_resources(kubectl: Kubectl) -> None:
    out = _ok(kubectl("api-resources", "--api-group=apps", "-o", "name"))
    assert {"deployments.apps", "replicasets.apps"} <= set(out.split())


def test_version(kubectl: Kubectl) -> None:
    document = json.loads(_ok(kubectl("version", "-o", "json")))
    client, server = document["clientVersion"], document["serverVersion"]
    assert client["gitVersion"].startswith("v1.36.")
    assert server["minor"] == "36"


def test_explain(kubectl: Kubectl) -> None:
    out = _ok(kubectl("explain", "deployment.spec.replicas"))
    assert "FIELD: replicas <integer>" in out


def test_dry_run_of_the_server(kubectl: Kubectl) -> None:
    body = json.dumps(config_map("a"))
    out = _ok(kubectl("create", "--dry-run=server", "-f", "-", stdin=body))
    assert out == "configmap/a created (server dry run)\n"
    assert kubectl("get", "cm", "a").code == 1


@pytest.mark.parametrize("how", [["create"], ["apply"], ["apply", "--server-side"]])
def test_list_of_objects(kubectl: Kubectl, how: list[str]) -> None:
    items = [config_map("a"), config_map("b")]
    for item in items:
        item.update({"apiVersion": "v1", "kind": "ConfigMap"})
    body = {"apiVersion": "v1", "kind": "List", "items": items}
    out = _ok(kubectl(*how, "-f", "-", stdin=json.dumps(body)))
    assert [line.partition(" ")[0] for line in out.splitlines()] == [
        "configmap/a",
        "configmap/b",
    ]


def test_kind_without_its_definition_is_named(kubectl: Kubectl) -> None:
    body = {
        "apiVersion": "nowhere.example.com/v1",
        "kind": "Nothing",
        "metadata": {"name": "a"},
    }
    outcome = kubectl("apply", "-f", "-", stdin=json.dumps(body))
    assert outcome.code == 1
    assert 'no matches for kind "Nothing" in version "nowhere.example.com/v1"' in (
        outcome.err
    )


def test_apply_server_side_takes_by_force(kubectl: Kubectl) -> None:
    args = ("apply", "--server-side", "-f", "-", "--field-manager")
    _ok(kubectl(*args, "one", stdin=json.dumps(config_map("a", {"x": "1"}))))
    second = json.dumps(config_map("a", {"x": "2"}))
    out = _ok(kubectl(*args, "two", "--force-conflicts", stdin=second))
    assert out == "configmap/a serverside-applied\n"
    assert _ok(kubectl("get", "cm", "a", "-o", "jsonpath={.data.x}")) == "2"


def test_diff_of_the_server(kubectl: Kubectl) -> None:
    _apply(kubectl, deployment("d"), "--server-side")
    args = ("diff", "--server-side", "-f", "-")
    assert kubectl(*args, stdin=json.dumps(deployment("d"))).code == 0
    outcome = kubectl(*args, stdin=json.dumps(deployment("d", replicas=5)))
    assert outcome.code == 1
    assert "+  replicas: 5" in outcome.out.splitlines()


def test_replace(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a", {"x": "1"}))
    body = json.dumps(config_map("a", {"y": "2"}))
    out = _ok(kubectl("replace", "-f", "-", stdin=body))
    assert out == "configmap/a replaced\n"
    assert json.loads(_ok(kubectl("get", "cm", "a", "-o", "jsonpath={.data}"))) == {
        "y": "2"
    }


def test_label_is_not_overwritten_unasked(kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("a", labels={"l": "1"}))
    assert kubectl("label", "cm", "a", "l=2").code == 1
    _ok(kubectl("label", "cm", "a", "l=2", "--overwrite"))
    assert _ok(kubectl("label", "cm", "a", "l-")) == "configmap/a unlabeled\n"


def test_scale_from_another_number_is_refused(kubectl: Kubectl) -> None:
    _apply(kubectl, deployment("d"))
    args = ("scale", "deploy", "d", "--replicas=2")
    assert kubectl(*args, "--current-replicas=7").code == 1
    _ok(kubectl(*args, "--current-replicas=1"))


def test_field_selector(kubectl: Kubectl) -> None:
    for name in "ab":
        _apply(kubectl, config_map(name))
    selector = "--field-selector=metadata.name=b"
    assert _ok(kubectl("get", "cm", selector, "-o", "name")) == "configmap/b\n"


def test_unknown_kind_is_named(kubectl: Kubectl) -> None:
    outcome = kubectl("get", "nope")
    assert outcome.code == 1
    text = 'error: the server doesn\'t have a resource type "nope"\n'
    assert outcome.err == text


def test_patch_of_a_status(kubectl: Kubectl) -> None:
    _apply(kubectl, deployment("d"))
    patch = '{"status":{"replicas":7}}'
    args = ("--subresource=status", "--type=merge", "-p", patch)
    _ok(kubectl("patch", "deploy", "d", *args))
    path = "jsonpath={.status.replicas}"
    assert _ok(kubectl("get", "deploy", "d", "-o", path)) == "7"


def test_raw_path(kubectl: Kubectl) -> None:
    assert _ok(kubectl("get", "--raw", "/livez/ping")) == "ok"


def _define_gadgets(kubectl: Kubectl) -> None:
    """Install a kind of this module's own: others share the Widgets."""
    group = f"explain.{GROUP}"
    status: Any = {"subresources": {"status": {}}}
    definition = crd(
        group, plural="gadgets", kind="Gadget", schema=schema(), version=status
    )
    _apply(kubectl, definition, "--server-side", "--force-conflicts")
    args = ("--for=condition=established", "--timeout=10s")
    _ok(kubectl("wait", f"crd/gadgets.{group}", *args))


def test_explain_of_a_custom_resource(kubectl: Kubectl) -> None:
    _define_gadgets(kubectl)
    for _ in range(50):
        # The document is published a moment after the definition is established, and
        # again, with all that its resources have, a moment later.
        outcome = kubectl("explain", "gadgets")
        if outcome.code == 0 and "status\t" in outcome.out:
            break
    out = _ok(outcome)
    fields = [line.split() for line in out.splitlines() if "\t<" in line]
    assert fields == [
        ["apiVersion", "<string>"],
        ["kind", "<string>"],
        ["metadata", "<ObjectMeta>"],
        ["spec", "<Object>"],
        ["status", "<Object>"],
    ]
    assert "Servers should convert recognized schemas to the latest" in out
    assert "Cannot be updated. In CamelCase." in out
    assert "Standard object's metadata." in out
    for path, kind in (
        ("apiVersion", "string"),
        ("kind", "string"),
        ("metadata", "ObjectMeta"),
        ("metadata.labels", "map[string]string"),
        ("metadata.ownerReferences", "[]OwnerReference"),
        ("metadata.creationTimestamp", "string"),
        ("metadata.managedFields.fieldsV1", "FieldsV1"),
        ("spec.ports.port", "integer"),
    ):
        out = _ok(kubectl("explain", f"gadgets.{path}"))
        name = path.rpartition(".")[2]
        assert f"FIELD: {name} <{kind}>" in out


def _new(kubectl: Kubectl, name: str, **metadata: Any) -> None:
    body = config_map(name, **metadata)
    _ok(kubectl("create", "-f", "-", stdin=json.dumps(body)))


def _marks(kubectl: Kubectl, name: str) -> Any:
    out = kubectl("get", "cm", name, "--ignore-not-found", "-o", "json").out
    return json.loads(out)["metadata"].get("finalizers") if out else None


@pytest.mark.parametrize(
    ("cascade", "marks"),
    [
        ("background", None),
        ("true", None),
        ("orphan", ["orphan"]),
        ("false", ["orphan"]),
        ("foreground", ["foregroundDeletion"]),
    ],
)
def test_delete_cascades(kubectl: Kubectl, cascade: str, marks: Any) -> None:
    _new(kubectl, "a")
    out = kubectl("delete", "cm", "a", f"--cascade={cascade}", "--wait=false")
    assert _ok(out).startswith('configmap "a" deleted')
    # Nobody collects garbage here: who is to be waited for stays.
    assert _marks(kubectl, "a") == marks


@pytest.mark.parametrize(
    "how",
    [
        ["--wait=false"],
        ["--now"],
        ["--force"],
        ["--grace-period=0"],
        ["--grace-period=0", "--force"],
        ["--grace-period=5"],
        ["--timeout=20s"],
    ],
)
def test_delete_in_every_way(kubectl: Kubectl, how: list[str]) -> None:
    _new(kubectl, "a")
    out = _ok(kubectl("delete", "cm", "a", *how))
    done = "force deleted" if "--force" in how else "deleted"
    assert out.startswith(f'configmap "a" {done}')
    assert kubectl("get", "cm", "a").code == 1


def test_delete_waits_for_finalizers(kubectl: Kubectl) -> None:
    _new(kubectl, "a", finalizers=["a.example.com/b"])
    outcome = kubectl("delete", "cm", "a", "--timeout=1s")
    assert outcome.code == 1
    text = "error: timed out waiting for the condition on configmaps/a\n"
    assert outcome.err.endswith(text)
    _ok(kubectl("delete", "cm", "a", "--wait=false"))
    patch = '{"metadata":{"finalizers":null}}'
    _ok(kubectl("patch", "cm", "a", "--type=merge", "-p", patch))
    _ok(kubectl("wait", "cm/a", "--for=delete", "--timeout=10s"))


def test_delete_of_what_is_not_there(kubectl: Kubectl) -> None:
    assert _ok(kubectl("delete", "cm", "no", "--ignore-not-found")) == ""
    outcome = kubectl("delete", "cm", "no")
    message = 'Error from server (NotFound): configmaps "no" not found\n'
    assert (outcome.code, outcome.err) == (1, message)


def test_delete_that_is_only_tried(kubectl: Kubectl) -> None:
    _new(kubectl, "a")
    out = _ok(kubectl("delete", "cm", "a", "--dry-run=server"))
    assert out.startswith('configmap "a" deleted')
    assert out.endswith("(server dry run)\n")
    assert _ok(kubectl("delete", "cm", "a", "-o", "name")) == "configmap/a\n"


def test_delete_of_many(kubectl: Kubectl) -> None:
    for name in "abc":
        _new(kubectl, name)
    out = _ok(kubectl("delete", "cm", "a", "b"))
    assert [line.split()[1] for line in out.splitlines()] == ['"a"', '"b"']
    out = _ok(kubectl("delete", "cm", "--field-selector=metadata.name=c"))
    assert out.startswith('configmap "c" deleted')
    _new(kubectl, "d")
    body = json.dumps(config_map("d"))
    assert _ok(kubectl("delete", "-f", "-", stdin=body)).startswith('configmap "d" del')
    _new(kubectl, "e")
    out = _ok(kubectl("delete", "cm", "--all"))
    assert 'configmap "e" deleted' in out


def test_annotate_in_every_way(kubectl: Kubectl) -> None:
    _new(kubectl, "a", labels={"l": "1"})
    assert _ok(kubectl("annotate", "cm", "a", "x=1")) == "configmap/a annotated\n"
    outcome = kubectl("annotate", "cm", "a", "x=2")
    assert outcome.code == 1
    assert "--overwrite is false" in outcome.err
    assert _ok(kubectl("annotate", "cm", "a", "x=1", "--overwrite")) == (
        "configmap/a annotated\n"
    )
    dry = ("--dry-run=server", "-o", "jsonpath={.metadata.annotations.y}")
    assert _ok(kubectl("annotate", "cm", "a", "y=2", *dry)) == "2"
    assert _ok(kubectl("annotate", "cm", "-l", "l=1", "y=3")) == (
        "configmap/a annotated\n"
    )
    listed = _ok(kubectl("annotate", "cm", "a", "--list")).split()
    assert sorted(listed) == ["x=1", "y=3"]
    outcome = kubectl("annotate", "cm", "a", "z=1", "--resource-version=1")
    assert outcome.code == 1
    assert "the object has been modified" in outcome.err
    _ok(kubectl("annotate", "cm", "a", "x-", "y-"))
    path = "jsonpath={.metadata.annotations}"
    assert _ok(kubectl("get", "cm", "a", "-o", path)) == ""


@pytest.mark.parametrize("how", [["--watch"], ["--watch-only"]])
def test_get_watches(kubectl: Kubectl, how: list[str]) -> None:
    _new(kubectl, "a")
    command = ("get", "cm", "a", *how, "-o", "name", "--request-timeout=2s")
    lines = kubectl(*command).out.splitlines()
    assert lines == (["configmap/a"] if how == ["--watch"] else [])


def test_get_watches_with_the_kinds_of_events(kubectl: Kubectl) -> None:
    _new(kubectl, "a")
    path = "jsonpath={.type} {.object.metadata.name}"
    args = ("-w", "--output-watch-events", "-o", path, "--request-timeout=2s")
    out = kubectl("get", "cm", "--field-selector=metadata.name=a", *args).out
    assert out == "ADDED a"


def test_what_is_sent_in_protobuf(kubectl: Kubectl) -> None:
    for command, out in (
        ("create secret generic s --from-literal=a=b", "secret/s created"),
        ("create deployment d --image=i --port=80", "deployment.apps/d created"),
        ("create ingress i --rule=a/b=s:80", "ingress.networking.k8s.io/i created"),
        ("create quota q --hard=pods=3,memory=1.5Gi", "resourcequota/q created"),
        ("auth can-i get pods", "yes"),
    ):
        assert _ok(kubectl(*command.split())) == f"{out}\n"
    # What is asked for in protobuf may be answered in JSON.
    out = _ok(kubectl("describe", "deployment", "d"))
    assert "1 desired | 0 updated | 0 total | 0 available | 0 unavailable" in out
    assert out.split()[-2:] == ["Events:", "<none>"]
