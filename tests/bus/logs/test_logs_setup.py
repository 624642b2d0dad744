"""Logs: one JSON object a line, listed keys only."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO

import pytest

from bus.logs.setup import KEYS, make_logger


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_who_what_and_when():
    stream = StringIO()
    make_logger("370000", stream).warning("loop.failed", loop="consumer", code="X", where="表")
    (line,) = lines(stream)
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.utcoffset().total_seconds() == 0
    assert line == {
        "participant": "370000",
        "event": "loop.failed",
        "level": "warning",
        "loop": "consumer",
        "code": "X",
        "where": "表",
    }
    assert "表" in stream.getvalue()


@pytest.mark.requirement("R076")
def test_a_key_that_is_not_listed_is_dropped():
    stream = StringIO()
    make_logger("hub", stream).info("x", name="张三", id_number="990000198001010014", code="C")
    assert "张三" not in stream.getvalue()
    assert "990000" not in stream.getvalue()
    assert set(lines(stream)[0]) <= KEYS
    assert not KEYS & {"name", "id_number", "value", "body", "phone", "exception", "exc_info"}


def test_details_below_info_are_not_written_and_a_line_is_one_line():
    stream = StringIO()
    log = make_logger("hub", stream)
    log.debug("noise")
    log.error("event", where="a\nb")
    assert len(stream.getvalue().splitlines()) == 1
    assert lines(stream)[0]["where"] == "a\nb"


def test_an_exception_s_text_is_never_written():
    stream = StringIO()
    log = make_logger("hub", stream)
    error = ValueError("张三")
    log.error("failed", error=error)
    log.error("failed", exc_info=error)
    assert "张三" not in stream.getvalue()
    assert len(lines(stream)) == 2


def test_a_stream_that_is_gone_stops_nothing():
    stream = StringIO()
    log = make_logger("370000", stream)
    stream.close()

    log.warning("record.quarantined", code="MAGIC")
