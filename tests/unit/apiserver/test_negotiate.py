import pytest

from homeostat._clock import SystemClock
from homeostat._transport import HttpRequest
from homeostat.apiserver._negotiate import accepts_discovery, form_of, media_type
from homeostat.apiserver._status import StatusError

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def asked(accept: str, **query: str) -> HttpRequest:
    headers = {"accept": accept}
    return HttpRequest(
        method="GET", path="/api", query=tuple(query.items()), headers=headers
    )


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("", ""),
        ("*/*", ""),
        ("application/vnd.kubernetes.protobuf, */*", ""),
        (f"{TABLE},application/json", "Table"),
        (METADATA, "PartialObjectMetadataList"),
        (f"{METADATA},application/json", "PartialObjectMetadataList"),
    ],
)
def test_first_servable_clause_wins(header: str, kind: str) -> None:
    assert form_of(SystemClock(), asked(header)).kind == kind


@pytest.mark.parametrize("header", ["text/csv", TABLE.replace("=v1", "=v7")])
def test_what_cannot_be_served_is_not_acceptable(header: str) -> None:
    with pytest.raises(StatusError) as caught:
        form_of(SystemClock(), asked(header))
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
