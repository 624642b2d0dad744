"""The version an application names, time ranges the catalogue allows, reports of provinces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from rules_samples import TODAY, country, directory, draft_line, participant, request, request_line

from bus.catalog.catalogue import Catalogue
from bus.catalog.expand import expand
from bus.catalog.versions import Cited
from bus.model.catalogue_report import CatalogReport, ReportedAgency, ReportedOffer
from bus.rules.catalogue_report import check_report
from bus.rules.catalogue_version import CATALOGUE_LIMIT, check_version
from bus.rules.report_due import is_overdue, reporting
from bus.rules.request_lines import check_draft_lines, check_request
from bus.rules.time_ability import months_before
from schemas.resources import IDENTITY_ITEMS, resources
from signer.directory.view import Level, Mode, Offer, RangeAbility, Standing

NOW = datetime(2026, 5, 20, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KNOWN = Catalogue.from_directory(country(), resources())


# The version


@pytest.mark.requirement("R020")
def test_a_version_that_is_not_known_fails():
    found = check_version(Cited(8, None), NOW, CATALOGUE_LIMIT)
    assert [(f.code, f.where) for f in found] == [("CATALOGUE_VERSION", "附表")]


@pytest.mark.requirement("R020")
@pytest.mark.parametrize(
    ("age", "codes"),
    [
        (None, []),
        (timedelta(0), []),
        (CATALOGUE_LIMIT, []),
        (CATALOGUE_LIMIT + SECOND, ["CATALOGUE_TOO_OLD"]),
    ],
)
def test_a_version_that_was_superseded_counts_for_ninety_days(age, codes):
    superseded = None if age is None else NOW - age
    found = check_version(Cited(3, KNOWN, superseded), NOW, CATALOGUE_LIMIT)
    assert [f.code for f in found] == codes


# Time ranges


def of_ability(*abilities):
    """A country where each ability is that of one province's fund."""
    agencies = [
        participant(
            f"{province}.fund",
            province,
            Offer("housing-fund-account", ("status",), 5, None, ability, back),
        )
        for province, (ability, back) in zip(("320000", "500000"), abilities, strict=False)
    ]
    provinces = [participant(p, "hub") for p in ("320000", "500000")]
    return Catalogue.from_directory(
        directory(participant("hub", None), *provinces, *agencies), resources()
    )


LATEST, DAY, PERIOD = RangeAbility
YESTERDAY = TODAY - timedelta(days=1)
TWO_DAYS = {"time_from": YESTERDAY, "time_to": TODAY}
ONE_DAY = {"time_from": YESTERDAY, "time_to": YESTERDAY}


def asked(catalogue, **changes):
    """The codes for a row of the table, and for a line that arrived."""
    row = draft_line(row=4, **changes)
    line = request_line(row=4, items=(*IDENTITY_ITEMS, "status"), **changes)
    drafts = check_draft_lines((row,), catalogue, TODAY)
    found = check_request(request(lines=(line,)), catalogue, TODAY)
    assert {f.where for f in (*drafts, *found)} <= {"附表 第 4 行 时间范围"}
    assert [f.code for f in drafts] == [f.code for f in found]
    return [f.code for f in found]


@pytest.mark.requirement("R020")
@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("ability", "back", "changes", "codes"),
    [
        (LATEST, None, {}, []),
        (LATEST, None, ONE_DAY, ["TIME_LATEST_ONLY"]),
        (LATEST, None, TWO_DAYS, ["TIME_LATEST_ONLY"]),
        (DAY, None, ONE_DAY, []),
        (DAY, None, TWO_DAYS, ["TIME_ONE_DAY_ONLY"]),
        (PERIOD, None, TWO_DAYS, []),
        (None, None, TWO_DAYS, []),
        (PERIOD, 12, TWO_DAYS, []),
        (PERIOD, 12, {"time_from": months_before(TODAY, 12), "time_to": TODAY}, []),
        (
            PERIOD,
            12,
            {"time_from": months_before(TODAY, 12) - timedelta(days=1), "time_to": TODAY},
            ["TIME_TOO_FAR_BACK"],
        ),
    ],
)
def test_a_range_is_asked_of_who_can_answer_for_it(ability, back, changes, codes):
    assert asked(of_ability((ability, back)), **changes) == codes


@pytest.mark.requirement("R053")
def test_one_of_those_asked_who_can_is_enough_and_others_do_not_count():
    both = of_ability((LATEST, None), (PERIOD, None))
    assert asked(both, **TWO_DAYS) == []
    assert asked(both, provider="500000", **TWO_DAYS) == []
    assert asked(both, provider="320000", **TWO_DAYS) == ["TIME_LATEST_ONLY"]
    assert asked(of_ability((LATEST, None), (DAY, None)), **TWO_DAYS) == ["TIME_ONE_DAY_ONLY"]


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2024, 3, 30), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 5, 31), 1200, date(1926, 5, 31)),
        (date(20, 1, 1), 1200, date.min),
    ],
)
def test_months_are_counted_by_the_calendar(day, months, expected):
    assert months_before(day, months) == expected


@pytest.mark.requirement("R053")
def test_the_range_of_a_category_goes_to_those_of_its_resources_that_have_one():
    offers = (
        Offer("housing-fund-account", ("status",), 5, None, LATEST),
        Offer("housing-fund-loan", ("status",), 5, None, PERIOD),
    )
    catalogue = Catalogue.from_directory(
        directory(participant("hub", None), participant("hub.fund", "hub", *offers)), resources()
    )
    row = draft_line(**TWO_DAYS)
    assert check_draft_lines((row,), catalogue, TODAY) == ()
    lines = expand((row,), catalogue)
    assert [(line.resource, line.time_from, line.time_to) for line in lines] == [
        ("housing-fund-account", None, None),
        ("housing-fund-loan", YESTERDAY, TODAY),
    ]
    assert check_request(request(lines=lines), catalogue, TODAY) == ()


# Reports

OFFER = ReportedOffer(
    "housing-fund-account",
    (*IDENTITY_ITEMS, "balance"),
    5,
    Level.PREFECTURE,
    LATEST,
    None,
    "monthly",
    Mode.ONLINE,
)
FUND = "320000.housing-fund"
CITY = "321200.housing-fund"


def report(*offers, agency=FUND):
    return CatalogReport(1, NOW, (ReportedAgency(agency, offers),))


def found(made, reporter="320000", listed=None):
    return [
        (f.code, f.where) for f in check_report(made, reporter, listed or country(), resources())
    ]


@pytest.mark.requirement("R037")
@pytest.mark.requirement("R038")
def test_a_province_reports_the_agencies_of_all_levels_in_its_area():
    city = replace(OFFER, level=Level.PREFECTURE)
    made = CatalogReport(1, NOW, (ReportedAgency(FUND, (OFFER,)), ReportedAgency(CITY, (city,))))
    assert found(made) == []
    assert found(report()) == []  # withdraws all of one agency


@pytest.mark.requirement("R038")
@pytest.mark.parametrize("reporter", ["321200", FUND, "nobody"])
def test_nobody_but_a_province_reports(reporter):
    assert ("REPORT_NOT_PROVINCIAL", reporter) in found(report(OFFER), reporter)


@pytest.mark.requirement("R002")
@pytest.mark.requirement("R037")
@pytest.mark.parametrize("agency", ["500000.housing-fund", "hub.marriage", "321200", "x.y", "hub"])
def test_a_province_reports_for_nobody_elses_agency(agency):
    assert found(report(OFFER, agency=agency)) == [("REPORT_AGENCY_NOT_BELOW", agency)]


@pytest.mark.requirement("R037")
def test_the_centre_reports_its_own_agencies_and_no_others():
    own = replace(
        OFFER,
        resource="marriage-registration",
        items=(*IDENTITY_ITEMS, "status"),
        level=Level.CENTRE,
    )
    assert found(report(own, agency="hub.marriage"), "hub") == []
    assert found(report(OFFER), "hub") == [("REPORT_AGENCY_NOT_BELOW", FUND)]


def test_an_agency_that_has_left_is_not_reported():
    listed = country()
    gone = replace(listed.participants[FUND], standing=Standing.WITHDRAWN)
    left = replace(listed, participants={**listed.participants, FUND: gone})
    assert found(report(OFFER), listed=left) == [("REPORT_AGENCY_NOT_BELOW", FUND)]


ENTRY = f"{FUND} housing-fund-account"


@pytest.mark.requirement("R037")
@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"resource": "no-such"}, "REPORT_RESOURCE_UNKNOWN", f"{FUND} no-such"),
        ({"items": ("balance", "plate")}, "REPORT_ITEM_UNKNOWN", f"{ENTRY} items"),
        ({"items": ("balance", "balance")}, "REPORT_ITEM_TWICE", f"{ENTRY} items"),
        ({"items": IDENTITY_ITEMS}, "REPORT_ITEMS_EMPTY", f"{ENTRY} items"),
        ({"term_working_days": 0}, "REPORT_TERM", f"{ENTRY} term_working_days"),
        ({"term_working_days": 367}, "REPORT_TERM", f"{ENTRY} term_working_days"),
        ({"back_months": 12}, "REPORT_BACK", f"{ENTRY} back_months"),
        ({"range": PERIOD, "back_months": 0}, "REPORT_BACK", f"{ENTRY} back_months"),
        ({"range": PERIOD, "back_months": 1201}, "REPORT_BACK", f"{ENTRY} back_months"),
        ({"updates": "sometimes"}, "REPORT_UPDATES", f"{ENTRY} updates"),
        ({"level": Level.CENTRE}, "REPORT_LEVEL_ABOVE", f"{ENTRY} level"),
    ],
)
def test_a_bad_entry_is_found_by_its_place(changes, code, where):
    assert found(report(replace(OFFER, **changes))) == [(code, where)]


@pytest.mark.requirement("R029")
@pytest.mark.parametrize("days", [1, 366])
def test_a_term_of_a_day_to_a_year_is_taken(days):
    assert found(report(replace(OFFER, term_working_days=days))) == []


def test_what_stands_twice_is_found():
    twice = CatalogReport(1, NOW, (ReportedAgency(FUND, ()), ReportedAgency(FUND, ())))
    assert found(twice) == [("REPORT_AGENCY_TWICE", FUND)] * 2
    assert found(report(OFFER, OFFER)) == [("REPORT_RESOURCE_TWICE", ENTRY)] * 2


def test_a_report_of_nothing_is_a_mistake():
    assert found(CatalogReport(1, NOW, ())) == [("REPORT_EMPTY", "")]


@pytest.mark.requirement("R055")
@pytest.mark.parametrize(
    ("agency", "level", "codes"),
    [
        (FUND, Level.COUNTY, ["REPORT_LEVEL_BELOW"]),
        (FUND, Level.PREFECTURE, []),
        (FUND, Level.PROVINCE, []),  # raised
        (CITY, Level.PREFECTURE, []),
        (CITY, Level.PROVINCE, ["REPORT_LEVEL_ABOVE"]),
    ],
)
def test_the_housing_fund_is_a_prefectures_or_raised(agency, level, codes):
    made = report(replace(OFFER, level=level), agency=agency)
    assert [code for code, _ in found(made)] == codes


@pytest.mark.requirement("R054")
@pytest.mark.parametrize(
    ("centre", "level", "codes"),
    [
        ("321281", Level.COUNTY, []),
        ("321281", Level.PREFECTURE, ["REPORT_LEVEL_ABOVE"]),
        ("321200", Level.COUNTY, []),  # raised: the city answers for its counties
        ("321200", Level.PREFECTURE, []),
        ("320000", Level.PROVINCE, []),
    ],
)
def test_housing_security_is_a_countys_or_raised(centre, level, codes):
    agency = f"{centre}.housing"
    listed = directory(
        participant("hub", None),
        participant("320000", "hub"),
        participant("321200", "320000"),
        participant("321281", "321200"),
        participant(agency, centre),
    )
    housing = replace(
        OFFER, resource="urban-housing-security", items=(*IDENTITY_ITEMS, "area"), level=level
    )
    made = report(housing, agency=agency)
    assert [code for code, _ in found(made, listed=listed)] == codes


@pytest.mark.requirement("R038")
def test_a_province_with_agencies_that_is_silent_too_long_is_overdue():
    every = timedelta(days=100)
    assert [p.id for p in reporting(country())] == ["320000", "500000"]
    assert is_overdue(None, every, NOW)
    assert not is_overdue(NOW - every, every, NOW)
    assert is_overdue(NOW - every - SECOND, every, NOW)
    assert not is_overdue(None, timedelta(0), NOW)
