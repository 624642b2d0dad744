"""A report without a fault, once listed, is what the catalogue says; and the other way round."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_samples import country

from bus.catalog.catalogue import Catalogue, asked_and_offered
from bus.catalog.versions import content_digest
from bus.config.catalogue_report import read_report, report_template
from bus.flow.listing import listing
from bus.model.catalogue_report import (
    CatalogReport,
    FiledReport,
    ReportedAgency,
    ReportedOffer,
    ReportState,
)
from bus.rules.catalogue_report import check_report
from schemas.codes import updates
from schemas.resources import resources
from signer.directory.view import Directory, Level, Mode, RangeAbility

BEFORE = country()
NOW = BEFORE.issued
AGENCIES = ("320000.housing-fund", "321200.housing-fund", "500000.housing-fund", "hub.marriage")


@st.composite
def offers(draw):
    name = draw(st.sampled_from(["housing-fund-account", "housing-fund-loan", "unheard-of"]))
    known = resources().get(name)
    names = ["name"] if known is None else [item.name for item in known.items]
    items = draw(st.lists(st.sampled_from([*names, "odd"]), max_size=6))
    if known is not None and draw(st.booleans()):
        items = names
    return ReportedOffer(
        name,
        tuple(items),
        draw(st.sampled_from([0, 1, 5, 366, 367])),
        draw(st.sampled_from(Level)),
        draw(st.sampled_from(RangeAbility)),
        draw(st.sampled_from([None, None, 0, 12, 1201])),
        draw(st.sampled_from([*updates(), "odd"])),
        draw(st.sampled_from(Mode)),
    )


@st.composite
def reports(draw):
    agencies = draw(st.lists(st.sampled_from(AGENCIES), max_size=3))
    said = tuple(
        ReportedAgency(name, tuple(draw(st.lists(offers(), max_size=2)))) for name in agencies
    )
    return CatalogReport(1, NOW, said)


def sound(offer: ReportedOffer) -> ReportedOffer:
    """The offer without what the rules find fault with."""
    account = resources()["housing-fund-account"]
    back = None if offer.range is RangeAbility.LATEST else 12
    return replace(
        offer,
        resource=account.name,
        items=tuple(item.name for item in account.items),
        term_working_days=5,
        level=Level.PREFECTURE,
        back_months=back,
        updates="daily",
    )


def listed(report: CatalogReport) -> Directory:
    filed = FiledReport("320000", 1, NOW, ReportState.FILED, bytes(32), report)
    made = listing(tuple(BEFORE.participants.values()), (), (), (), (filed,))
    return replace(BEFORE, participants={p.id: p for p in made.participants})


@pytest.mark.requirement("R037")
@settings(max_examples=300, deadline=None)
@given(reports(), st.booleans())
def test_what_is_found_without_fault_is_listed_as_it_was_said(report, mend):
    if mend:
        below = {a.agency: a.offers for a in report.agencies if a.agency in AGENCIES[:2]}
        said = (ReportedAgency(a, tuple(map(sound, given[:1]))) for a, given in below.items())
        report = replace(report, agencies=tuple(said))
    findings = check_report(report, "320000", BEFORE, resources())
    assert all(f.code.startswith("REPORT_") and f.zh and f.en for f in findings)
    if findings:
        return
    after = listed(report)
    catalogue = Catalogue.from_directory(after, resources())
    for agency in report.agencies:
        said = {offer.resource: offer for offer in agency.offers}
        shown = {
            entry.resource: provider
            for entry in catalogue.entries
            for provider in entry.providers
            if provider.adapter == agency.agency
        }
        assert shown.keys() == said.keys()
        for name, provider in shown.items():
            offer = said[name]
            names = [item.name for item in resources()[name].items]
            assert provider.items == asked_and_offered(names, offer.offer())
            assert (provider.term_working_days, provider.level, provider.range) == (
                offer.term_working_days,
                offer.level,
                offer.range,
            )
            assert (provider.back_months, provider.updates, provider.mode) == (
                offer.back_months,
                offer.updates,
                offer.mode,
            )
    # Others are as they were.
    untouched = set(BEFORE.participants) - {agency.agency for agency in report.agencies}
    assert all(after.participants[one] == BEFORE.participants[one] for one in untouched)


@pytest.mark.requirement("R038")
@settings(max_examples=100, deadline=None)
@given(offers().map(sound))
def test_the_template_of_what_is_listed_is_a_report_that_changes_nothing(offer):
    first = listed(CatalogReport(1, NOW, (ReportedAgency(AGENCIES[0], (offer,)),)))
    agencies = read_report(report_template("320000", first, resources()), resources())
    filed = FiledReport(
        "320000", 2, NOW, ReportState.FILED, bytes(32), CatalogReport(2, NOW, agencies)
    )
    made = listing(tuple(first.participants.values()), (), (), (), (filed,))
    again = replace(first, participants={p.id: p for p in made.participants})
    assert again.participants[AGENCIES[0]] == first.participants[AGENCIES[0]]
    # The other agency stated nothing; its likely terms are new content, to be confirmed.
    assert content_digest(again, ()) != content_digest(first, ())
    assert check_report(filed.report, "320000", first, resources()) == ()
