import pytest

from homeostat.errors import ConfigError
from homeostat.manager import Health
from homeostat.manager._endpoints import parse_address


def test_a_report_names_every_check() -> None:
    health = Health()
    health.ready["ping"] = lambda: ""
    assert health.report("ready") == (True, "[+]ping ok\nready check passed\n")
    health.ready["controller/a"] = lambda: "not synced"
    assert health.report("ready") == (
        False,
        "[-]controller/a failed: not synced\n[+]ping ok\nready check failed\n",
    )


def test_notes_are_shown_and_decide_nothing() -> None:
    health = Health()
    health.notes["informer/x"] = lambda: "watch is down"
    health.notes["informer/y"] = lambda: ""
    well, text = health.report("live")
    assert well
    assert text == "[!]informer/x: watch is down\nlive check passed\n"
    assert health.troubles == {"informer/x": "watch is down"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8081", ("", 8081)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:80", ("::1", 80)),
        ("a:65535", ("a", 65535)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["8081", "x:", "x:y", ":65536", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="host:port"):
        parse_address(text)
