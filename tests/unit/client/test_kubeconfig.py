import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeostat.client._config import ClusterConfig
from homeostat.client._kubeconfig import merge, parse_kubeconfig, resolve
from homeostat.errors import ConfigError

FILE = "/etc/kube/config"


def document(
    cluster: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dev",
        "clusters": [
            {"name": "c", "cluster": {"server": "https://c"} | (cluster or {})}
        ],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "c", "user": "u"} | (context or {})}
        ],
    }


def resolved(config: dict[str, Any], **choice: str) -> ClusterConfig:
    parsed = parse_kubeconfig(yaml.safe_dump(config).encode(), FILE)
    return resolve(parsed, **choice)


def test_context_names_cluster_user_and_namespace() -> None:
    config = resolved(document(user={"token": "t"}, context={"namespace": "shop"}))
    assert config.server == "https://c"
    assert config.token == "t"
    assert config.namespace == "shop"
    assert config.source == f"context 'dev' of {FILE}"


def test_secrets_stay_out_of_the_repr() -> None:
    data = base64.b64encode(b"KEY").decode()
    user = {"token": "tok3n", "client-certificate-data": data, "client-key-data": data}
    text = repr(resolved(document(user=user)))
    assert "tok3n" not in text
    assert "KEY" not in text


def test_relative_paths_start_where_the_file_stands() -> None:
    config = resolved(
        document(
            {"certificate-authority": "pki/ca.crt"},
            {
                "client-certificate": "/abs/a.crt",
                "client-key": "../a.key",
                "tokenFile": "token",
            },
        )
    )
    assert config.certificate_authority == "/etc/kube/pki/ca.crt"
    assert config.client_certificate == "/abs/a.crt"
    assert config.client_key == "/etc/kube/../a.key"
    assert config.token_file == "/etc/kube/token"


def test_data_is_base64() -> None:
    data = base64.encodebytes(b"x" * 100).decode()
    config = resolved(document({"certificate-authority-data": data}))
    assert config.certificate_authority_data == b"x" * 100


@pytest.mark.parametrize(
    ("server", "cluster", "expected"),
    [
        ("https://c:6443/", {}, "https://c:6443"),
        ("https://c/k8s/clusters/x", {}, "https://c/k8s/clusters/x"),
        ("http://localhost:8001", {}, "http://localhost:8001"),
        ("c:8080", {}, "http://c:8080"),
        ("c:6443", {"insecure-skip-tls-verify": True}, "https://c:6443"),
    ],
)
def test_server_has_a_scheme(
    server: str, cluster: dict[str, Any], expected: str
) -> None:
    assert resolved(document({"server": server, **cluster})).server == expected


def test_of_each_entry_the_first_file_wins_whole() -> None:
    one = document({"server": "https://one"})
    two = document({"server": "https://two", "tls-server-name": "two"})
    two["users"].append({"name": "other", "user": {"token": "t"}})
    two["current-context"] = "ignored"
    del one["users"]
    config = merge(
        [
            parse_kubeconfig(yaml.safe_dump(one).encode(), "/a/1"),
            parse_kubeconfig(yaml.safe_dump(two).encode(), "/b/2"),
        ]
    )
    found = resolve(config)
    assert found.server == "https://one"
    assert found.tls_server_name == ""
    assert resolve(config, user="other").token == "t"


def test_current_context_is_that_of_the_first_file_that_sets_one() -> None:
    one = parse_kubeconfig(b"{}", "/a/1")
    two = parse_kubeconfig(yaml.safe_dump(document()).encode(), "/b/2")
    assert merge([one, two]).current_context == "dev"


def test_paths_are_relative_to_the_file_of_their_entry() -> None:
    one = document()
    two = document()
    del one["clusters"]
    two["clusters"][0]["cluster"]["certificate-authority"] = "ca"
    config = merge(
        [
            parse_kubeconfig(yaml.safe_dump(one).encode(), "/a/1"),
            parse_kubeconfig(yaml.safe_dump(two).encode(), "/b/2"),
        ]
    )
    assert resolve(config).certificate_authority == "/b/ca"


def test_cluster_and_user_may_be_chosen_without_a_context() -> None:
    config = document(user={"token": "t"})
    del config["current-context"]
    assert resolved(config, cluster="c", user="u").token == "t"


@pytest.mark.parametrize(
    ("config", "choice", "match"),
    [
        (document(), {"context": "prod"}, "no context 'prod'; there are dev"),
        (document(), {"cluster": "x"}, "no cluster 'x'; there are c"),
        (document(), {"user": "x"}, "no user 'x'; there are u"),
        (
            document(context={"cluster": "gone"}),
            {},
            r"no cluster 'gone' \(named by context 'dev' in /etc/kube/config\)",
        ),
        ({"contexts": []}, {}, "no current-context is set; choose one of none"),
        (document(context={"user": ""}), {}, "context 'dev': user is missing"),
        (document({"server": ""}), {}, "cluster 'c': server is missing"),
        (document({"server": "ftp://c"}), {}, "no http or https address"),
        (document({"proxy-url": "http://p"}), {}, "proxy-url is not supported"),
        (document(user={"auth-provider": {"name": "gcp"}}), {}, "auth-provider is not"),
        (document(user={"as": "me"}), {}, "as is not supported: impersonation"),
        (document(user={"as-groups": ["g"]}), {}, "as-groups is not supported"),
        (document(user={"token": 5}), {}, "token must be a string, not int: quote it"),
        (
            document(user={"token": "t", "username": "me"}),
            {},
            "token and username exclude each other",
        ),
        (
            document(user={"client-certificate": "c"}),
            {},
            "client-certificate and client-key belong together",
        ),
        (
            document(
                {"certificate-authority": "c", "certificate-authority-data": "YQ=="}
            ),
            {},
            "exclude each other",
        ),
        (
            document({"certificate-authority": "c", "insecure-skip-tls-verify": True}),
            {},
            "excludes a certificate-authority",
        ),
        (
            document({"certificate-authority-data": "%%"}),
            {},
            "certificate-authority-data is no base64",
        ),
        (
            document({"insecure-skip-tls-verify": "yes"}),
            {},
            "must be true or false",
        ),
        (document(context={"namespace": "A_b"}), {}, "namespace 'A_b' is no name"),
    ],
)
def test_errors_name_the_file_and_the_entry(
    config: dict[str, Any], choice: dict[str, str], match: str
) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        resolved(config, **choice)
    assert FILE in str(caught.value)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: [", "no YAML"),
        ("- a", "holds no mapping"),
        ("kind: Pod", "its kind is 'Pod', not Config"),
        ("apiVersion: v2", "apiVersion 'v2' is not supported"),
        ("clusters: {}\nusers: 5", "users must be a list of mappings"),
        ("users: [{user: {}}]", "users: an entry has no name"),
        ("users: [{name: a}, {name: a}]", "there are two named 'a'"),
        ("users: [{name: a, user: x}]", "user 'a' holds no mapping"),
    ],
)
def test_text_that_is_no_kubeconfig_is_refused(text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        parse_kubeconfig(text.encode(), FILE)


def test_token_with_a_certificate_uses_both() -> None:
    user = {"token": "t", "client-certificate": "c", "client-key": "k"}
    config = resolved(document(user=user))
    assert config.token
    assert config.client_key


PLUGIN: dict[str, Any] = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "get-token",
    "interactiveMode": "Never",
}


def test_exec_plugin_is_read_in_full() -> None:
    cluster = {
        "extensions": [
            {"name": "client.authentication.k8s.io/exec", "extension": {"a": 1}},
            {"name": "other", "extension": 2},
        ]
    }
    plugin = PLUGIN | {
        "args": ["a", "b"],
        "env": [{"name": "X", "value": "1"}],
        "provideClusterInfo": True,
        "installHint": "get it\x1b[31m",
    }
    found = resolved(document(cluster, {"exec": plugin})).exec
    assert found is not None
    assert found.command == "get-token"
    assert found.args == ("a", "b")
    assert found.env == (("X", "1"),)
    assert found.provide_cluster_info
    assert found.install_hint == "get itU+001B[31m"
    assert found.extension == {"a": 1}


def test_exec_command_with_a_slash_starts_where_the_file_stands() -> None:
    found = resolved(document(user={"exec": PLUGIN | {"command": "./bin/x"}})).exec
    assert found is not None
    assert Path(found.command) == Path("/etc/kube/bin/x")


def test_v1beta1_plugin_is_interactive_if_it_can_be() -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "x"}
    found = resolved(document(user={"exec": plugin})).exec
    assert found is not None
    assert found.interactive_mode == "IfAvailable"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"command": ""}, "user 'u': exec: command is missing"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "is not supported"),
        ({"interactiveMode": None}, "interactiveMode is missing: set it to one of"),
        ({"interactiveMode": "Maybe"}, "interactiveMode is Maybe"),
        ({"args": "x"}, "args must be a list of strings"),
        ({"env": [{"value": "x"}]}, "each variable needs a name"),
    ],
)
def test_exec_plugin_that_is_not_complete_is_refused(
    change: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        resolved(document(user={"exec": PLUGIN | change}))
