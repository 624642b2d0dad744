"""What makes a new version of the catalogue, and what differs between two."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from rules_samples import country, directory, participant

from bus.catalog.catalogue import Catalogue
from bus.catalog.versions import ADDED, CHANGED, WITHDRAWN, Change, changes, content_digest
from schemas.resources import resources
from signer.directory.view import CatalogueMark, Level, Offer, Standing

SINCE = country().issued
ACCOUNT = Offer("housing-fund-account", ("status",), 5)
LOAN = Offer("housing-fund-loan", ("status",), 5)


def listed(*offers, id_="320000.fund", version=7, **changed):
    agency = replace(participant(id_, id_.partition(".")[0], *offers), **changed)
    return directory(
        participant("hub", None), participant("320000", "hub"), agency, version=version
    )


BEFORE = listed(ACCOUNT)


@pytest.mark.requirement("R036")
@pytest.mark.parametrize(
    "after",
    [
        listed(ACCOUNT, version=8),
        listed(ACCOUNT, version=9, hosts=("10.0.0.1",)),
        listed(ACCOUNT, standing=Standing.SUSPENDED),
        replace(BEFORE, issued=BEFORE.issued + timedelta(days=1)),
        replace(
            BEFORE,
            participants={
                **BEFORE.participants,
                "hub": replace(
                    BEFORE.participants["hub"], catalogue=CatalogueMark(1, SINCE, bytes(32))
                ),
            },
        ),
        replace(
            BEFORE,
            participants={
                **BEFORE.participants,
                "320000.empty": participant("320000.empty", "320000"),
            },
        ),
    ],
)
def test_what_is_no_content_makes_no_new_version(after):
    assert content_digest(after, ()) == content_digest(BEFORE, ())


@pytest.mark.requirement("R036")
def test_the_order_of_offers_and_items_is_no_content():
    one = replace(ACCOUNT, items=("status", "balance"))
    other = replace(ACCOUNT, items=("balance", "status"))
    digests = {content_digest(listed(*offers), ()) for offers in ((one, LOAN), (LOAN, other))}
    assert len(digests) == 1


@pytest.mark.requirement("R036")
@pytest.mark.parametrize(
    "after",
    [
        listed(),
        listed(ACCOUNT, LOAN),
        listed(replace(ACCOUNT, term_working_days=6)),
        listed(replace(ACCOUNT, level=Level.PREFECTURE)),
        listed(replace(ACCOUNT, updates="daily")),
        listed(replace(ACCOUNT, items=("balance",))),
        listed(ACCOUNT, title="另一名称"),
        listed(ACCOUNT, standing=Standing.WITHDRAWN),
        listed(ACCOUNT, standing=Standing.TESTED),
    ],
)
def test_what_is_content_makes_a_new_version(after):
    assert content_digest(after, ()) != content_digest(BEFORE, ())


@pytest.mark.requirement("R005")
def test_a_schema_that_travels_along_is_content():
    digests = {content_digest(BEFORE, s) for s in ((), (b"a",), (b"a", b"b"), (b"b", b"a"))}
    assert len(digests) == 3


@pytest.mark.requirement("R036")
def test_the_difference_names_resource_agency_and_what_changed():
    old = Catalogue.from_directory(listed(ACCOUNT, LOAN), resources())
    other = replace(ACCOUNT, term_working_days=9, updates="daily")
    new = Catalogue.from_directory(
        listed(other, Offer("housing-fund-withdrawal", ("amount",), 5)), resources()
    )
    assert changes(old, new) == (
        Change(CHANGED, "housing-fund-account", "320000.fund", ("term_working_days", "updates")),
        Change(WITHDRAWN, "housing-fund-loan", "320000.fund"),
        Change(ADDED, "housing-fund-withdrawal", "320000.fund"),
    )
    assert changes(new, new) == ()
