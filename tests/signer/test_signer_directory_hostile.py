"""Directory records of somebody who is not the hub, or of a hub whose clock ran away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.loader import decode, encode, load
from signer.directory.records import HEAD_KEY, adopt
from signer.errors import DirectoryError

OUTER = load("directory/signed.v1")
LAST = datetime(9999, 12, 31, tzinfo=UTC)


def refusal(tree, records):
    with pytest.raises(DirectoryError) as caught:
        adopt(records, tree.validator, None, tree.now)
    return caught.value.code


@pytest.mark.parametrize("name", ["x" * 70_000, "号" * 30_000, "", "\ufffd", "3７0000"])
def test_a_key_of_the_topic_that_is_no_id_is_refused(tree, name):
    records = tree.records()
    stray = records | {name: records["320000"]}
    assert refusal(tree, stray) in {"DIRECTORY_MALFORMED", "DIRECTORY_INCOMPLETE"}


def test_a_suite_with_an_endless_name_is_refused(tree):
    records = tree.records()
    outer = decode(OUTER, records[HEAD_KEY])
    signature = outer["signature"] | {"suite": "x" * 70_000}
    head = encode(OUTER, outer | {"signature": signature})
    assert refusal(tree, records | {HEAD_KEY: head}) == "DIRECTORY_MALFORMED"


def test_more_items_than_a_record_may_have_are_refused(tree):
    entry = decode(load("directory/entry.v1"), decode(OUTER, tree.records()["320000"])["payload"])
    hosts = [""] * 65_537
    payload = encode(load("directory/entry.v1"), entry | {"hosts": hosts})
    records = tree.records()
    record = encode(OUTER, decode(OUTER, records["320000"]) | {"payload": payload})
    assert refusal(tree, records | {"320000": record}) == "DIRECTORY_MALFORMED"


def test_a_head_that_lasts_to_the_end_of_the_calendar_is_adopted(tree):
    adopted = adopt(tree.records(expires=LAST), tree.validator, None, tree.now)
    assert not adopted.in_grace(tree.now)
    assert not adopted.lapsed(tree.now)
    past = replace(adopted.directory, expires=tree.now - timedelta(hours=72, seconds=1))
    assert replace(adopted, directory=past).lapsed(tree.now)
