import pytest

from homeostat.apiserver._negotiate import Form, accept, accepts_discovery, media_type
from homeostat.apiserver._status import StatusError

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", Form.OBJECT),
        ("*/*", Form.OBJECT),
        ("application/vnd.kubernetes.protobuf, */*", Form.OBJECT),
        (f"{TABLE},application/json", Form.OBJECT),
        (METADATA, Form.METADATA),
        (f"{METADATA},application/json", Form.METADATA),
    ],
)
def test_first_servable_clause_wins(header: str, form: Form) -> None:
    assert accept(header) is form


@pytest.mark.parametrize("header", ["text/csv", TABLE])
def test_what_cannot_be_served_is_not_acceptable(header: str) -> None:
    with pytest.raises(StatusError) as caught:
        accept(header)
    assert caught.value.code == 406


def test_aggregated_discovery_must_be_asked_for() -> None:
    assert accepts_discovery(f"{AGGREGATED},application/json") == "v2"
    assert not accepts_discovery("application/json")


def test_media_type_has_parameters() -> None:
    parsed = media_type('Application/JSON; charset="utf-8"')
    assert (parsed.name, parsed.parameters) == (
        "application/json",
        {"charset": "utf-8"},
    )
