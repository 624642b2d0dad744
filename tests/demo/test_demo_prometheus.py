"""A real Prometheus scrapes the demo: each series of the dashboard exists, and moves."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_site import Prometheus, dashboard_expressions, families, names_in, rules

from adapters.demo.agencies import shipped_data

pytestmark = pytest.mark.slow

LATE = "320000.housing-fund"
HUB_READS = "hedui.370000.outbox"


@dataclass
class Watched:
    """A demo that stays up, and the Prometheus that scrapes it."""

    running: object
    stay: dict
    prometheus: Prometheus

    def folder(self):
        [found] = self.running.temporary.glob("hedui-demo-*")
        return found


@pytest.fixture(scope="module")
def watched(prometheus_possible, start_demo, tmp_path_factory):
    running = start_demo("--stay", "--plain")
    stay = running.line()["stay"]
    with Prometheus(tmp_path_factory.mktemp("prometheus"), stay["metrics"]) as prometheus:
        watched = Watched(running, stay, prometheus)
        count = len(stay["metrics"])
        prometheus.until(
            lambda: prometheus.ask('sum(up{job="hedui"})') == {(): count}, "all are scraped"
        )
        yield watched
    assert running.end() == 0, running.said()


def commands():
    """The number and the command line of every process."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may have ended meanwhile
            yield int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")


@contextmanager
def frozen(watched, participant):
    """A participant that does nothing for a while."""
    config = f"{watched.folder()}/{participant}/config.toml".encode()
    [process] = [number for number, command in commands() if config in command]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def broken_list(watched):
    """A list of participants that a hub cannot read."""
    file = watched.folder() / "participants.toml"
    text = file.read_text("utf-8")
    file.write_text("participant = 1\n", "utf-8")
    try:
        yield
    finally:
        file.write_text(text, "utf-8")


def tell_twice(watched):
    """Give the hub a message of before again, and two records that are none."""
    address = {"bootstrap.servers": watched.stay["bootstrap"], "log_level": 0}
    consumer = Consumer(address | {"group.id": "test", "enable.auto.commit": False})
    parts = consumer.list_topics(HUB_READS).topics[HUB_READS].partitions
    consumer.assign([TopicPartition(HUB_READS, number, 0) for number in parts])
    [record] = consumer.consume(1, timeout=30)
    consumer.close()
    producer = Producer(address)
    producer.produce(
        HUB_READS,
        record.value(),
        record.key(),
        partition=record.partition(),
        headers=record.headers(),
    )
    for _ in range(2):
        producer.produce(HUB_READS, b"no envelope", record.key(), partition=record.partition())
    assert producer.flush(30) == 0


NOT_IN_MINUTES = {
    "hedui_deadline_warnings_total",
    "hedui_deadline_breaches_total",
    "hedui_answer_faults_total",
}
"""What no sound run of minutes moves: the tests of timers and of bad answers move them."""


def counts(prometheus):
    """What every counter, and every histogram's count, of the dashboard has come to."""
    named = {name for _, expression in dashboard_expressions() for name in names_in(expression)}
    series = {"counter": "{}", "histogram": "{}_count"}
    return {
        name: sum(prometheus.ask(series[families()[name]].format(name)).values())
        for name in named
        if families()[name] in series and name not in NOT_IN_MINUTES
    }


@pytest.mark.requirement("R029")
def test_each_series_of_the_dashboard_exists_and_moves(watched, hedui):
    prometheus = watched.prometheus
    before = counts(prometheus)
    tell_twice(watched)
    socket = watched.stay["sockets"]["370000"]
    workbook = shipped_data() / "application.xlsx"
    with broken_list(watched), frozen(watched, LATE):
        sent = hedui("query", "submit", workbook, "--socket", socket, "--operator", "测试")
        assert sent.returncode == 0, sent.stderr
        owed = 'hedui_open_rows{province="320000"} == 3'
        prometheus.until(lambda: prometheus.ask(owed), "the hub sees the three rows owed")
        # What Jiangsu owes is there; the panels that show it are asked while it is.
        shown = {title for title, expr in dashboard_expressions() if prometheus.ask(expr)}
        prometheus.until(
            lambda: prometheus.ask('hedui_loop_errors_total{loop="directory"}'), "a failed round"
        )
    done = 'max(hedui_queries{role="requester",state="DELIVERED"}) == 2'
    prometheus.until(lambda: prometheus.ask(done), "the query that was held up is delivered")

    late = {title for title, expression in dashboard_expressions() if "oldest_due" in expression}
    assert late <= shown
    for title, expression in dashboard_expressions():
        if title not in late:
            found = partial(prometheus.ask, expression)
            prometheus.until(found, f"{title}: {expression}")

    def all_moved():
        now = counts(prometheus)
        return all(now[name] > count for name, count in before.items())

    assert len(before) >= 12
    prometheus.until(all_moved, "every counter has moved")


def test_every_rule_is_evaluated_and_tells_what_was_done(watched):
    prometheus = watched.prometheus
    prometheus.until(
        lambda: all(rule["health"] == "ok" for rule in prometheus.rules()), "rules are evaluated"
    )
    assert {rule["name"] for rule in prometheus.rules()} == {rule["alert"] for rule in rules()}
