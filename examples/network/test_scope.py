"""Where the operator looks, whom it is, and which cloud it finds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

import homeostat
from cloud import UnavailableError
from deployments import deployment_controller
from homeostat import ALL, Client, Manager
from homeostat.api import ObjectMeta, find_condition
from homeostat.client import load_config
from homeostat.k8s import core_v1, rbac_v1
from homeostat.k8s.authorization_v1 import ResourceRule
from kinds import Network, NetworkSpec
from lab import FAST, QUICK_RESYNC, Lab, a_deployment, applied, reasons
from network import deployment_networks, network_controller, networks
from openstack_cloud import OpenStackCloud
from permissions import lacking
from settings import Settings
from tests.harness.clusters import Service
from tests.harness.kube import ControlPlane

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


def create_both(lab: Lab, space: core_v1.Namespace, item: Network) -> None:
    lab.call(lambda c: c.create(space))
    lab.call(lambda c: c.create(item))


@pytest.mark.parametrize(
    ("namespaces", "seen"),
    [(["one"], "1"), (["one", "two"], "12"), (ALL, "123")],
    ids=["one", "several", "all"],
)
def test_one_namespace_several_or_all(
    embedded_lab: Lab, namespaces: Sequence[str], seen: str
) -> None:
    lab = embedded_lab
    lab.install()
    places = {"one": "1", "two": "2", "three": "3"}
    for place in places:
        spec = NetworkSpec(cidr="10.0.0.0/24", gateway="10.0.0.1")
        item = Network(metadata=ObjectMeta(name="a", namespace=place), spec=spec)
        space = core_v1.Namespace(metadata=ObjectMeta(name=place))
        create_both(lab, space, item)

    async def operate(client: Client) -> None:
        controllers = (
            network_controller(FAST, lab.cloud()),
            deployment_controller(FAST),
        )
        await Manager(
            controllers=controllers, client=client, namespaces=namespaces
        ).run()

    operator = lab.cluster.run(operate)

    def ready() -> str:
        items = lab.call(lambda c: c.list(Network, namespace=ALL))
        return "".join(
            sorted(
                places[item.metadata.namespace]
                for item in items
                if find_condition(item.status.conditions, "Ready")
            )
        )

    lab.eventually(lambda: ready() == seen)
    operator.stop()
    assert ready() == seen


def test_cloud_is_found_as_openstack_does(
    embedded_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clouds.yaml"
    url = embedded_lab.neutron.url
    file.write_text(
        "clouds:\n"
        "  practice:\n"
        "    auth_type: none\n"
        f"    auth: {{endpoint: '{url}'}}\n"
        f"    network_endpoint_override: '{url}'\n"
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    monkeypatch.setenv("OS_CLOUD", "practice")
    cloud = OpenStackCloud()
    assert list(cloud.networks()) == []
    cloud.close()


def test_no_cloud_at_all_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    monkeypatch.setenv("OS_CLOUD", "nowhere")
    with pytest.raises(UnavailableError):
        OpenStackCloud().networks()


# Permissions in Kubernetes: only the real server has any.

MANIFESTS = Path(__file__).parent / "manifests"
Rule: TypeAlias = dict[str, list[str]]


def granted() -> list[Rule]:
    """Return the rules of the manifest."""
    items = yaml.safe_load_all((MANIFESTS / "rbac.yaml").read_text())
    (role,) = (item for item in items if item["kind"] == "ClusterRole")
    rules: list[Rule] = role["rules"]
    return rules


def role(rules: Sequence[Rule]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "operator"},
        "rules": list(rules),
    }


def test_manifest_grants_what_the_operator_declares() -> None:
    in_manifest = {
        (group, resource, verb, *rule.get("resourceNames", ()))
        for rule in granted()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    declared = {
        (rule.group, resource, verb, *rule.names)
        for rule in [*networks.rules(), *deployment_networks.rules()]
        for resource in rule.resources
        for verb in rule.verbs
    }
    assert in_manifest == declared


@pytest.mark.parametrize("name", ["network.yaml", "deployment.yaml"])
def test_manifests_make_networks(embedded_lab: Lab, name: str) -> None:
    lab = embedded_lab
    lab.start()
    item = yaml.safe_load((MANIFESTS / name).read_text())
    del item["metadata"]["namespace"]
    lab.call(lambda c: c.create(item))
    lab.settled(item["metadata"]["name"])


only_real = pytest.mark.parametrize(
    "any_cluster",
    [
        pytest.param(
            "real", marks=[pytest.mark.kube, pytest.mark.xdist_group("kube-e2e")]
        )
    ],
    indirect=True,
)


def grant(lab: Lab, rules: Sequence[Rule]) -> None:
    """Let the operator do this and no more."""
    lab.call(lambda c: c.apply(role(rules), force=True))


def without(resource: str, verbs: Sequence[str] = ()) -> list[Rule]:
    """Return the manifest's rules, but for one resource these verbs alone."""
    return [
        {**rule, "verbs": list(verbs)} if rule["resources"] == [resource] else rule
        for rule in granted()
        if verbs or rule["resources"] != [resource]
    ]


def operate_as_jane(
    lab: Lab, plane: ControlPlane, rules: Sequence[Rule], settings: Settings = FAST
) -> Service:
    """Start an operator that may do this and no more."""
    binding = rbac_v1.RoleBinding(
        metadata=ObjectMeta(name="operator"),
        role_ref=rbac_v1.RoleRef(
            api_group="rbac.authorization.k8s.io", kind="Role", name="operator"
        ),
        subjects=[
            rbac_v1.Subject(
                kind="User", api_group="rbac.authorization.k8s.io", name="jane"
            )
        ],
    )
    lab.install()
    grant(lab, rules)
    lab.call(lambda c: c.create(binding))
    config = load_config(str(plane.kubeconfig("jane")))
    namespace = lab.cluster.namespace

    async def operate(_client: Client) -> None:
        controllers = (
            network_controller(settings, lab.cloud()),
            deployment_controller(settings),
        )
        async with Client(config, namespace=namespace) as client:
            await Manager(
                controllers=controllers, client=client, namespaces=[namespace]
            ).run()

    return lab.cluster.run(operate)


@only_real
def test_missing_permission_of_kubernetes_is_named_and_heals(
    simulated_plane: ControlPlane, lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    def logged(text: str) -> bool:
        errors = [r for r in caplog.records if r.levelname == "ERROR"]
        return any(text in str(getattr(r, "error", "")) for r in errors)

    rules = without("networks", ["get", "list", "watch"])
    operator = operate_as_jane(lab, simulated_plane, rules)
    annotations = {"samplecrd.k8s.io/network": "true"}
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.eventually(lambda: "Forbidden" in reasons(lab))
    patching = 'cannot patch resource "networks"'
    lab.eventually(lambda: logged(patching))
    # It may not make one for the Deployment, and take charge of none that is there.
    lab.eventually(lambda: applied(lab)[:2] == ("False", "Forbidden"))
    assert patching in applied(lab)[2]
    lab.create("a")
    lab.eventually(lambda: lab.ready("a")[:2] == ("False", "Forbidden"))
    assert patching in lab.ready("a")[2]
    assert not lab.neutron.networks

    grant(lab, without("networks/status"))
    lab.eventually(lambda: logged('cannot patch resource "networks/status"'))
    grant(lab, granted())
    lab.settled("web")
    lab.settled("a")
    lab.eventually(lambda: applied(lab)[:2] == ("True", "Applied"))
    assert len(lab.neutron.networks) == 2
    operator.stop()


@only_real
@pytest.mark.parametrize(
    ("resource", "verbs", "lacks"),
    [
        (
            "deployments",
            ["get"],
            'cannot list, watch resource "deployments" in API group "apps"',
        ),
        ("events", [], 'cannot create, patch resource "events" in API group ""'),
    ],
    ids=["deployments", "events"],
)
def test_missing_permission_that_no_object_can_say_is_in_every_network(
    simulated_plane: ControlPlane,
    lab: Lab,
    caplog: pytest.LogCaptureFixture,
    resource: str,
    verbs: Sequence[str],
    lacks: str,
) -> None:
    rules = without(resource, verbs)
    operator = operate_as_jane(lab, simulated_plane, rules, QUICK_RESYNC)
    lab.create()
    lab.settled()  # what is missing is no harm to the network itself
    lab.eventually(lambda: lab.condition("Permitted") == ("False", "Forbidden", lacks))
    assert any(lacks in r.getMessage() for r in caplog.records)
    grant(lab, granted())
    lab.eventually(lambda: lab.condition("Permitted")[:2] == ("True", "Granted"))
    lab.settled()
    operator.stop()


NEEDED = [
    homeostat.Rule("apps", ["deployments"], ["get", "list"]),
    homeostat.Rule("apps", ["deployments/status"], ["patch"]),
    homeostat.Rule("", ["events"], ["create"]),
]


@pytest.mark.parametrize(
    ("rules", "lacks"),
    [
        ([(["*"], ["*"], ["*"])], ""),
        (
            [(["apps"], ["*"], ["get"]), (["*"], ["*"], ["list", "patch"])],
            'cannot create resource "events" in API group ""',
        ),
        (
            [
                (["apps"], ["deployments"], ["*"]),
                (["apps"], ["*/status"], ["patch"]),
                ([""], ["events"], ["create"]),
            ],
            "",
        ),
        (
            [(["", "apps"], ["events", "deployments"], ["create", "get"])],
            (
                'cannot list resource "deployments" in API group "apps"; '
                'cannot patch resource "deployments/status" in API group "apps"'
            ),
        ),
    ],
)
def test_what_is_lacking_is_named(
    rules: list[tuple[list[str], list[str], list[str]]], lacks: str
) -> None:
    given = [
        ResourceRule(api_groups=groups, resources=resources, verbs=verbs)
        for groups, resources, verbs in rules
    ]
    assert lacking(NEEDED, given) == lacks


def test_what_is_granted_for_one_name_is_not_granted() -> None:
    given = ResourceRule(
        api_groups=["*"], resources=["*"], verbs=["*"], resource_names=["web"]
    )
    assert lacking(NEEDED[2:], [given]) != ""
