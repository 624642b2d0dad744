"""What an agency is listed to offer: what was said of it last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bus.flow.listing import listing
from bus.model.admission import Admission, AdmissionState, Filing, IssuedGeneration
from bus.model.catalogue_report import (
    CatalogReport,
    FiledReport,
    ReportedAgency,
    ReportedOffer,
    ReportState,
)
from signer.directory.view import Level, Mode, Offer, Participant, RangeAbility
from signer.identity import role_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGENCY = "320000.fund"
OLD = Offer("housing-fund-account", ("balance",), 5)
SAID = ReportedOffer(
    "housing-fund-account",
    ("balance", "status"),
    9,
    Level.PREFECTURE,
    RangeAbility.LATEST,
    None,
    "monthly",
    Mode.ONLINE,
)


def report(*agencies, at=NOW, reporter="320000"):
    said = CatalogReport(1, at, agencies)
    return FiledReport(reporter, 1, at, ReportState.FILED, bytes(32), said)


def of_file(*reports, schemas=()):
    filed = [
        Participant(name, role_of(name), parent, name, (), offers=(OLD,) if "." in name else ())
        for name, parent in (("hub", None), ("320000", "hub"), (AGENCY, "320000"))
    ]
    return listing(filed, (), (), (), reports, schemas)


def offers(listed):
    return next(p.offers for p in listed.participants if p.id == AGENCY)


@pytest.mark.requirement("R037")
def test_a_report_replaces_what_the_list_says_of_those_it_names():
    assert offers(of_file()) == (OLD,)
    assert offers(of_file(report(ReportedAgency(AGENCY, (SAID,))))) == (SAID.offer(),)
    assert offers(of_file(report(ReportedAgency("321200.fund", (SAID,))))) == (OLD,)


@pytest.mark.requirement("R038")
def test_what_is_withdrawn_is_listed_no_more():
    assert offers(of_file(report(ReportedAgency(AGENCY, ())))) == ()


FILING = Filing(bytes(32), NOW, "320000", "公积金", 1, (), ("10.0.0.1",), (OLD,), NOW - HOUR)
LATER = Offer("housing-fund-account", ("status",), 7)


def of_admission(*filings):
    """An agency that was admitted, and a report on it."""
    admission = Admission(
        AGENCY,
        AdmissionState.CONNECTED,
        NOW,
        NOW,
        filings,
        (IssuedGeneration(1, (), (), NOW),),
    )
    above = [
        Participant(name, role_of(name), parent, name, ())
        for name, parent in (("hub", None), ("320000", "hub"))
    ]
    return offers(listing(above, (), (admission,), (), (report(ReportedAgency(AGENCY, (SAID,))),)))


@pytest.mark.requirement("R037")
def test_an_application_with_other_offers_that_was_accepted_later_counts():
    assert of_admission(FILING) == (SAID.offer(),)
    other = replace(FILING, offers=(LATER,), accepted=NOW + HOUR)
    assert of_admission(FILING, other) == (LATER,)
    assert of_admission(FILING, replace(other, accepted=None)) == (SAID.offer(),)


@pytest.mark.requirement("R013")
@pytest.mark.requirement("R038")
def test_an_application_for_other_addresses_says_nothing_new_of_the_offers():
    moved = replace(FILING, hosts=("10.0.0.2",), accepted=NOW + HOUR)
    assert of_admission(FILING, moved) == (SAID.offer(),)


@pytest.mark.requirement("R005")
def test_schemas_travel_along():
    assert of_file(schemas=(b"a",)).schemas == (b"a",)
