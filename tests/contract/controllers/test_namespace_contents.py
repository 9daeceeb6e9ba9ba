"""What each namespace is given, and given back."""

from collections.abc import Callable

from homeostat.api import GroupVersionKind
from tests.contract.controllers.workload import CONFIG_MAP
from tests.harness.clusters import AnyCluster

ACCOUNT = GroupVersionKind("", "v1", "ServiceAccount")
CERTIFICATE = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"


def test_default_service_account_comes_back(any_cluster: AnyCluster) -> None:
    def uid() -> str:
        found = any_cluster.call(lambda client: client.list(ACCOUNT))
        assert len(found) == 1
        account = found[0]
        assert {*account} == {"apiVersion", "kind", "metadata"}
        assert account["metadata"]["name"] == "default"
        text: str = account["metadata"]["uid"]
        return text

    before = any_cluster.eventually(uid)
    any_cluster.call(lambda client: client.delete(ACCOUNT, "default"))

    def another() -> None:
        assert uid() != before

    any_cluster.eventually(another)


def test_root_certificate_is_kept_as_it_was(any_cluster: AnyCluster) -> None:
    def content() -> tuple[dict[str, str], str]:
        found = any_cluster.call(lambda client: client.list(CONFIG_MAP))
        assert len(found) == 1
        item = found[0]
        assert item["metadata"]["name"] == CERTIFICATE
        assert {*item["data"]} == {"ca.crt"}
        return item["data"], item["metadata"]["annotations"][DESCRIPTION]

    before = any_cluster.eventually(content)
    assert before[1].startswith("Contains a CA bundle that can be used to verify")

    def change(**patch: object) -> Callable[[], None]:
        any_cluster.call(lambda client: client.patch(CONFIG_MAP, CERTIFICATE, patch))

        def restored() -> None:
            assert content() == before

        return restored

    any_cluster.eventually(change(data={"ca.crt": "x", "other": "y"}))
    any_cluster.eventually(change(metadata={"annotations": {DESCRIPTION: None}}))
    any_cluster.call(lambda client: client.delete(CONFIG_MAP, CERTIFICATE))
    assert any_cluster.eventually(content) == before
