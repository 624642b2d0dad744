"""What libraries log becomes a line of ours: the place, never the text."""

from __future__ import annotations

import io
import json
import logging

import pytest

from bus.logs.foreign import REPEAT_SECONDS, route_foreign
from bus.logs.setup import make_logger


@pytest.fixture
def written():
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    route_foreign(make_logger("370000", stream))
    yield stream
    root.handlers[:], root.level = before[0], before[1]


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def say(level, created=0.0):
    record = logging.LogRecord("aiokafka.conn", level, "conn.py", 7, "测试甲 %s", ("v",), None)
    record.created = created
    logging.getLogger("aiokafka.conn").handle(record)


def test_a_warning_becomes_its_place(written):
    say(logging.WARNING)

    (line,) = lines(written)
    assert line["event"] == "library.warning"
    assert line["where"] == "aiokafka.conn:conn:7"
    assert "测试甲" not in written.getvalue()


def test_a_place_is_written_once_a_minute(written):
    say(logging.ERROR, 100.0)
    say(logging.ERROR, 100.0 + REPEAT_SECONDS - 1)
    assert len(lines(written)) == 1

    say(logging.ERROR, 100.0 + REPEAT_SECONDS)
    assert len(lines(written)) == 2


def test_what_is_no_warning_is_not_written(written):
    logging.getLogger("aiosqlite").debug("INSERT %s", "测试乙")

    assert written.getvalue() == ""
