"""What is counted and timed on the way of a query, and whose certificates the hub shows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from daemon_deeds import reader_of, submit_draft

from bus.daemon.catalogue.service import CatalogueService
from bus.daemon.gauges import Gauges
from bus.daemon.open_rows import OpenRows
from bus.daemon.readers import RETRY_REFUSED
from bus.ports.broker import Outgoing
from bus.ports.memory_store import MemoryUnit
from bus.ports.store_errors import StoreUnavailable
from signer.directory.view import KeyUse
from signer.identity import HUB, outbox_topic

TOPIC = outbox_topic("370000")


def samples(desk, name):
    return {
        tuple(sample.labels.values()): sample.value
        for family in desk.step.metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def value(desk, name):
    [only] = samples(desk, name).values()
    return only


async def test_a_query_is_counted_and_timed_at_every_stage(country, make_draft):
    await submit_draft(country, make_draft(2))
    country.clock.move(timedelta(seconds=90))
    await country.settle()

    hub, node = country["hub"], country["370000"]
    agency = country["320000.housing-fund"]
    handled = samples(hub, "hedui_messages_handled_total")
    assert handled[("Application",)] == handled[("Roster",)] == handled[("Consent",)] == 1
    read = samples(hub, "hedui_records_read_total")
    assert read[(TOPIC,)] >= 3
    assert sum(read.values()) == sum(handled.values())
    for desk in country.desks.values():
        assert value(desk, "hedui_open_seconds_count") > 0
        assert value(desk, "hedui_step_seconds_count") > 0
        published = value(desk, "hedui_outbox_published_total")
        assert value(desk, "hedui_outbox_wait_seconds_count") == published
    # Three rows waited from submission until the clock had moved, the receipts not at all.
    assert value(node, "hedui_outbox_wait_seconds_sum") == 3 * 90
    lookups = samples(agency, "hedui_lookup_seconds_count")
    assert lookups[("housing-fund-account",)] == 1
    assert value(node, "hedui_query_seconds_count") == 1
    assert value(node, "hedui_query_seconds_sum") == 90
    assert value(hub, "hedui_query_seconds_count") == 0


async def test_what_is_rolled_back_is_neither_counted_nor_timed(country, make_draft, monkeypatch):
    await submit_draft(country, make_draft(1))
    hub = country["hub"]
    await country["370000"].outbox.drain()

    async def full(*_):
        raise StoreUnavailable("STORE_FULL", "磁盘已满", "no space is left")

    with monkeypatch.context() as broken:
        broken.setattr(MemoryUnit, "store_offset", full)
        with pytest.raises(StoreUnavailable):
            await hub.pump(country.cluster)
    assert samples(hub, "hedui_records_read_total") == {}
    assert set(samples(hub, "hedui_messages_handled_total").values()) == {0}

    await hub.pump(country.cluster)
    assert samples(hub, "hedui_records_read_total") == {(TOPIC,): 3}


def test_alarming_refusals_and_every_kind_begin_at_zero(country):
    hub = country["hub"]
    assert samples(hub, "hedui_messages_refused_total")[("EQUIVOCATION",)] == 0
    assert samples(hub, "hedui_messages_handled_total")[("Answer",)] == 0


async def test_lag_is_shown_by_topic_while_it_is_read(country):
    hub = country["hub"]
    country.cluster.append(Outgoing(TOPIC, b"key", b"not an envelope"))
    reader = reader_of(country, "hub")

    await reader.round()

    lag = samples(hub, "hedui_consumer_lag_records")
    assert set(lag) == {(topic,) for topic in hub.office.peers()}
    assert set(lag.values()) == {0}
    await reader.close()
    assert samples(hub, "hedui_consumer_lag_records") == {}


async def test_more_than_a_batch_lags(country, monkeypatch):
    monkeypatch.setattr("bus.daemon.readers.BATCH", 2)
    hub = country["hub"]
    for _ in range(5):
        country.cluster.append(Outgoing(TOPIC, b"key", b"not an envelope"))
    reader = reader_of(country, "hub")

    await reader.round()

    assert samples(hub, "hedui_consumer_lag_records")[(TOPIC,)] == 3
    await reader.close()


async def test_a_topic_that_refuses_is_shown_with_its_code_until_it_does_not(country):
    hub = country["hub"]
    country.cluster.unauthorised = {TOPIC}
    stream = StringIO()
    reader = reader_of(country, "hub", stream)
    country.cluster.append(Outgoing(outbox_topic("320000"), b"key", b"not an envelope"))

    await reader.round()
    refused = samples(hub, "hedui_topic_refused")
    country.cluster.unauthorised = set()
    country.cluster.append(Outgoing(TOPIC, b"key", b"not an envelope"))
    await reader.round()  # not due for another try yet
    still = samples(hub, "hedui_topic_refused")
    country.clock.move(RETRY_REFUSED)
    await reader.round()
    await reader.round()

    assert refused == still == {(TOPIC, "TOPIC_UNAUTHORISED"): 1}
    assert samples(hub, "hedui_topic_refused") == {}
    await reader.close()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = [(line["event"], line["topic"]) for line in told if line["event"].startswith("topic.")]
    assert told == [("topic.refused", TOPIC), ("topic.readable", TOPIC)]


NAME = "hedui_participant_certificate_expires_timestamp_seconds"


def gauges_of(desk):
    return Gauges(desk.office, desk.store, desk.step.metrics, OpenRows(desk.office, desk.store))


async def test_the_hub_shows_the_newest_certificate_of_everybody(country):
    hub = country["hub"]
    gauges = gauges_of(hub)
    await gauges.refresh()
    shown = samples(hub, NAME)
    assert set(shown) == {(name, use) for name in country.directory.participants for use in KeyUse}

    node = country.directory.participants["370000"]
    key = next(key for key in node.keys if key.use is KeyUse.SIGNING)
    later = key.not_after + timedelta(days=100)
    newer = replace(key, id=b"n" * 32, generation=2, not_after=later)
    revoked = replace(newer, id=b"r" * 32, generation=3, revoked=country.clock.now())
    renewed = replace(node, keys=(newer, *node.keys, revoked))
    everybody = dict(country.directory.participants) | {"370000": renewed}
    del everybody["500000.housing-fund"]
    country.adopt(replace(country.directory, version=2, participants=everybody))
    await gauges.refresh()
    changed = samples(hub, NAME)

    assert changed[("370000", "signing")] == later.timestamp()
    assert changed[("370000", "tls")] == shown[("370000", "tls")]
    assert ("500000.housing-fund", "tls") not in changed


async def test_others_show_neither_certificates_nor_rows(country):
    node = country["370000"]
    await gauges_of(node).refresh()
    assert samples(node, NAME) == {}
    assert samples(node, "hedui_open_rows") == {}
    assert node.office.me != HUB


@pytest.mark.requirement("R038")
async def test_the_hub_counts_the_provinces_that_have_not_reported(country):
    hub, name = country["hub"], "hedui_catalogue_reports_overdue"
    gauges = gauges_of(hub)
    await gauges.refresh()
    assert value(hub, name) == 3
    text = await CatalogueService(*_desk(country, "320000")).template()
    await CatalogueService(*_desk(country, "320000")).report(text, "测试操作员")
    await country.settle()
    await gauges.refresh()
    assert value(hub, name) == 2
    hub.office.report_every = timedelta(0)
    await gauges.refresh()
    assert value(hub, name) == 0


def _desk(country, name):
    desk = country[name]
    return desk.office, desk.store, desk.outbox.wake.set
