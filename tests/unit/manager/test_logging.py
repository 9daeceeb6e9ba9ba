import io
import json
import logging
from typing import Any

import pytest

from homeostat.controller import log_fields
from homeostat.manager import JsonFormatter, TextFormatter, log_handler


def record(message: str = "reconciled", **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord(
        "homeostat.controller", logging.INFO, __file__, 1, message, None, None
    )
    made.created = 1767225600.25
    made.__dict__.update(fields)
    return made


OUTCOME: dict[str, Any] = {
    "controller": "podsets",
    "namespace": "default",
    "object_name": "web",
    "reconcile_id": "id-1",
    "outcome": "success",
    "duration_s": 0.0124,
    "reasons": ("PodSet changed", "Deployment web added"),
    "writes": 1,
}


def test_json_carries_every_field_of_an_outcome() -> None:
    assert json.loads(JsonFormatter().format(record(**OUTCOME))) == {
        "ts": "2026-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "homeostat.controller",
        "msg": "reconciled",
        "controller": "podsets",
        "namespace": "default",
        "name": "web",
        "reconcile_id": "id-1",
        "outcome": "success",
        "duration_s": 0.0124,
        "reasons": ["PodSet changed", "Deployment web added"],
        "writes": 1,
    }


def test_json_is_one_line_with_the_traceback_inside() -> None:
    made = record("failed\nbadly")
    try:
        raise ValueError("boom")
    except ValueError as error:
        made.exc_info = (ValueError, error, error.__traceback__)
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert "ValueError: boom" in json.loads(line)["exc"]


def test_text_is_a_sentence_for_people() -> None:
    assert TextFormatter().format(record(**OUTCOME)) == (
        "00:00:00.250 INFO    podsets default/web reconciled: success in 12.4 ms, "
        "1 write (PodSet changed, Deployment web added)"
    )


def test_text_says_when_it_comes_again_and_what_failed() -> None:
    fields: dict[str, Any] = {
        "outcome": "error",
        "writes": 2,
        "requeue_after_s": 30,
        "error": "boom",
    }
    line = TextFormatter().format(record(**fields, reasons=("retry",)))
    assert line.endswith("reconciled: error, 2 writes, again in 30 s (retry): boom")


def test_text_has_the_traceback_below() -> None:
    made = record("failed")
    try:
        raise ValueError("boom")
    except ValueError as error:
        made.exc_info = (ValueError, error, error.__traceback__)
    first, *below = TextFormatter().format(made).splitlines()
    assert first.endswith("failed")
    assert below[0] == "Traceback (most recent call last):"
    assert below[-1] == "ValueError: boom"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "<1 ms"),
        (0.0009, "<1 ms"),
        (0.001, "1 ms"),
        (2.345, "2.35 s"),
        (1234.5, "1234 s"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert TextFormatter().format(record(duration_s=seconds)).endswith(f" in {text}")


def test_json_keeps_the_number_of_a_short_duration() -> None:
    assert json.loads(JsonFormatter().format(record(duration_s=0.0)))["duration_s"] == 0


def test_a_record_without_a_reconcile_names_its_logger() -> None:
    line = TextFormatter().format(record("listening"))
    assert line == "00:00:00.250 INFO    homeostat.controller listening"


def test_records_of_any_logger_carry_the_fields_of_the_running_reconcile() -> None:
    stream = io.StringIO()
    handler = log_handler("json", stream=stream)
    logger = logging.getLogger("of.a.user")
    logger.addHandler(handler)
    try:
        with log_fields(controller="podsets", namespace="default", object_name="web"):
            logger.warning("hello %s", "there")
        logger.warning("outside")
    finally:
        logger.removeHandler(handler)
    inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert (inside["controller"], inside["name"]) == ("podsets", "web")
    assert inside["msg"] == "hello there"
    assert "controller" not in outside


@pytest.mark.parametrize(
    ("logger", "shown"),
    [
        ("homeostat.manager._run", "homeostat.manager"),
        ("homeostat._guard", "homeostat"),
        ("homeostat.controller.my_sets", "homeostat.controller.my_sets"),
        ("aiohttp._internal", "aiohttp._internal"),
    ],
)
def test_text_names_the_package_that_speaks(logger: str, shown: str) -> None:
    made = record("stopping on SIGINT")
    made.name = logger
    assert TextFormatter().format(made).endswith(f" {shown} stopping on SIGINT")
    assert json.loads(JsonFormatter().format(made))["logger"] == logger
