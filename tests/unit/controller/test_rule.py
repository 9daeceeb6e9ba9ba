from homeostat.api import GroupVersionKind, Resource
from homeostat.controller import Rule
from homeostat.controller._rule import derive_rules, merge_rules, resource_of

PODSETS = Resource(
    gvk=GroupVersionKind("apps.jicki.cn", "v1alpha1", "PodSet"),
    plural="podsets",
    namespaced=True,
    subresources=frozenset({"status"}),
)


def test_rules_follow_from_what_is_declared() -> None:
    deployments = resource_of(GroupVersionKind("apps", "v1", "Deployment"))
    rules = merge_rules(derive_rules(PODSETS, owned=[deployments], finalizers=True))
    assert (
        Rule("apps.jicki.cn", ["podsets"], ["get", "list", "watch", "patch"]) in rules
    )
    assert Rule("apps.jicki.cn", ["podsets/finalizers"], ["update"]) in rules
    assert Rule("", ["events"], ["create", "patch"]) in rules
    [apps] = [rule for rule in rules if rule.group == "apps"]
    assert apps.resources == ("deployments",)  # the status of a child is not its own
    assert {"create", "patch", "delete", "watch"} <= set(apps.verbs)


def test_one_object_names_the_server() -> None:
    rules = merge_rules(derive_rules(PODSETS, read=[PODSETS]))
    assert [rule for rule in rules if rule.names] == [
        Rule("", ["namespaces"], ["get"], ["kube-system"])
    ]


def test_equal_rules_are_merged() -> None:
    rules = [
        Rule("", ["pods"], ["get", "list"]),
        Rule("", ["pods"], ["list", "watch"]),
        Rule("", ["nodes"], ["get", "list", "watch"]),
    ]
    assert merge_rules(rules) == [Rule("", ["nodes", "pods"], ["get", "list", "watch"])]


def test_names_keep_rules_apart() -> None:
    rules = [Rule("", ["pods"], ["get"], ["web"]), Rule("", ["pods"], ["get"])]
    assert len(merge_rules(rules)) == 2


def test_a_kind_without_a_type_gets_the_plain_plural() -> None:
    assert resource_of(GroupVersionKind("x.y", "v1", "Thing")).plural == "things"
