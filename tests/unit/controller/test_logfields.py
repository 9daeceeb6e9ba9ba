import logging

from homeostat._scope import WriteScope
from homeostat.api import Request
from homeostat.controller import LogFields, log_fields

SCOPE = WriteScope(
    controller="webs", subject=Request("default", "web"), reconcile_id="r1"
)


def fields(**given: str) -> dict[str, str]:
    record = logging.makeLogRecord(given)
    assert LogFields().filter(record)
    names = ("controller", "namespace", "object_name", "reconcile_id", "step")
    found = {name: getattr(record, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def test_a_record_of_a_reconcile_says_which() -> None:
    with SCOPE.active():
        assert fields() == {
            "controller": "webs",
            "namespace": "default",
            "object_name": "web",
            "reconcile_id": "r1",
        }
    assert fields() == {}


def test_a_key_that_is_no_object_is_named_by_its_text() -> None:
    with WriteScope(controller="webs", subject=7, reconcile_id="r1").active():
        assert (fields()["namespace"], fields()["object_name"]) == ("", "7")


def test_fields_of_a_block_add_to_those_of_the_reconcile_and_of_outer_blocks() -> None:
    with SCOPE.active(), log_fields(step="1"), log_fields(object_name="other"):
        found = fields()
        assert (found["step"], found["object_name"]) == ("1", "other")
        assert found["reconcile_id"] == "r1"


def test_fields_that_a_record_has_stay() -> None:
    with SCOPE.active(), log_fields(step="1"):
        assert (fields(step="mine")["step"], fields()["step"]) == ("mine", "1")
