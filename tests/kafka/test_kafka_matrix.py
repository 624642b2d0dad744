"""The full authorisation matrix: denied first, then exactly what should be is allowed."""

from __future__ import annotations

import asyncio
import os
from itertools import product

import pytest
from kafka_country import HOSTS, TOPICS, Country
from kafka_matrix import CLUSTER, GROUPS, gather
from kafka_probe import ON_CLUSTER, ON_TOPICS
from matrix_page import section, write, written

from signer.identity import ADMIN_SERVICE

# Written by hand from the tree: topic → who reads it and who writes it.
READERS = {
    "hedui.directory": set(HOSTS),
    "hedui.hub.marriage.outbox": {"hub"},
    "hedui.hub.marriage.inbox": {"hub.marriage"},
    "hedui.370000.outbox": {"hub"},
    "hedui.370000.inbox": {"370000"},
    "hedui.320000.outbox": {"hub"},
    "hedui.320000.inbox": {"320000"},
    "hedui.320000.housing-fund.outbox": {"320000"},
    "hedui.320000.housing-fund.inbox": {"320000.housing-fund"},
}
WRITERS = {
    "hedui.directory": {"hub"},
    "hedui.hub.marriage.outbox": {"hub.marriage"},
    "hedui.hub.marriage.inbox": {"hub"},
    "hedui.370000.outbox": {"370000"},
    "hedui.370000.inbox": {"hub"},
    "hedui.320000.outbox": {"320000"},
    "hedui.320000.inbox": {"hub"},
    "hedui.320000.housing-fund.outbox": {"320000.housing-fund"},
    "hedui.320000.housing-fund.inbox": {"320000"},
}


def due(name):
    """Everything a participant should be allowed."""
    found = {(f"hedui.{name}", "join"), (CLUSTER, "start a producer")}
    for topic in TOPICS:
        reads, writes = name in READERS[topic], name in WRITERS[topic]
        found |= {(topic, "read")} if reads else set()
        found |= {(topic, "write")} if writes else set()
        found |= {(topic, "describe")} if reads or writes else set()
    return frozenset(found)


@pytest.fixture(scope="module")
def matrix(bare_kafka):
    return asyncio.run(gather(Country(bare_kafka)))


def test_the_provisioning_between_the_stages_did_what_the_stages_need(matrix):
    topics, rights, renewal = matrix.runs
    assert (topics.code, topics.acts) == (4, {"create-topic"})  # nobody has an address yet
    assert {code for code, _ in topics.drift} == {"HOSTS_MISSING"}
    assert (rights.code, rights.acts) == (0, {"add-right"})
    assert (renewal.code, renewal.acts) == (0, {"add-right", "remove-right"})


@pytest.mark.requirement("R013")
def test_before_any_right_is_given_every_participant_is_denied_everything(matrix):
    assert {name: matrix.before[name] for name in HOSTS} == dict.fromkeys(HOSTS, frozenset())


@pytest.mark.requirement("R013")
@pytest.mark.requirement("R018")
@pytest.mark.parametrize("name", HOSTS)
def test_a_participant_is_allowed_exactly_what_its_place_in_the_tree_gives(matrix, name):
    assert matrix.after[name] == due(name)


@pytest.mark.parametrize("stage", ["before", "after"])
def test_the_administrator_is_allowed_everything_at_every_stage(matrix, stage):
    everything = {
        *product(TOPICS, ON_TOPICS),
        *product(GROUPS, ["join"]),
        *product([CLUSTER], ON_CLUSTER),
    }
    assert getattr(matrix, stage)[ADMIN_SERVICE] == everything


@pytest.mark.requirement("R013")
def test_from_an_address_that_is_not_registered_nothing_is_allowed(matrix):
    assert matrix.strange == frozenset()


def test_an_old_generation_is_cut_off_even_on_its_open_connection(matrix):
    assert matrix.old == frozenset()
    assert matrix.renewed == matrix.after["370000"] == due("370000")


@pytest.mark.requirement("R012")
def test_a_certificate_of_another_root_or_none_or_no_tls_gets_no_connection(matrix):
    assert matrix.other_root == matrix.no_certificate == "BROKER_TLS"
    assert matrix.plain == "CLOSED"


def test_the_page_shows_this_matrix(matrix):
    if os.environ.get("HEDUI_WRITE_DOCS"):
        write(section(matrix))
    assert written() == section(matrix), "write it anew with HEDUI_WRITE_DOCS=1"
