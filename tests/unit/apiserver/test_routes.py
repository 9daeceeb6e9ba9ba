import pytest

from homeostat.apiserver._routes import Route, parse_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", Route("", "v1", "pods")),
        ("/api/v1/pods/", Route("", "v1", "pods")),
        ("/api/v1/namespaces/a", Route("", "v1", "namespaces", "", "a")),
        (
            "/api/v1/namespaces/a/finalize",
            Route("", "v1", "namespaces", "", "a", "finalize"),
        ),
        ("/api/v1/namespaces/a/pods", Route("", "v1", "pods", "a")),
        (
            "/apis/apps/v1/namespaces/a/deployments/b/scale",
            Route("apps", "v1", "deployments", "a", "b", "scale"),
        ),
        ("/api/v1/nodes/a/proxy/x/y", Route("", "v1", "nodes", "", "a", "proxy/x/y")),
        ("/api/v1/watch/pods", Route("", "v1", "pods", watch=True)),
    ],
)
def test_path_leads_to_a_resource(path: str, expected: Route) -> None:
    assert parse_path(path) == expected


@pytest.mark.parametrize(
    "path", ["/", "", "/api", "/api/v1", "/apis/apps/v1", "//api/v1/pods", "/x/y/z"]
)
def test_other_paths_lead_to_none(path: str) -> None:
    assert parse_path(path) is None
