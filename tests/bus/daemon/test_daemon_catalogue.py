"""The catalogue at work: reports, versions, what an application is judged by, what is withdrawn."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import (
    OPERATOR,
    case_of,
    clean,
    codes,
    events,
    review_desk,
    submit_draft,
)

from bus.config.catalogue_report import read_report
from bus.daemon.catalogue.service import CatalogueService, ReportRefusedError
from bus.daemon.reviewer import cited_catalogue
from bus.errors import InputError
from bus.flow.listing import listing
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.catalogue_report import CatalogReport, FiledReport, ReportedAgency, ReportState
from bus.model.request import DraftLine
from schemas.loader import load
from schemas.resources import IDENTITY_ITEMS
from signer.directory.view import Level, Mode, Offer, RangeAbility
from signer.envelope.kinds import Kind
from signer.uuid7 import uuid7

FUND = "320000.housing-fund"
BUREAU = "320000.housing-bureau"
DAY = timedelta(days=1)
ACCOUNT = """
[[agency]]
id = "320000.housing-fund"
[[agency.resource]]
resource = "housing-fund-account"
items = ["balance"]
term_working_days = 9
level = "prefecture"
range = "latest"
updates = "monthly"
mode = "online"
"""


def desk(country, name) -> CatalogueService:
    found = country[name]
    return CatalogueService(found.office, found.store, found.outbox.wake.set)


async def publish(country):
    """The hub lists what its books say, as its daemon does."""
    async with country["hub"].store.transaction() as unit:
        reports = await unit.catalogue_reports()
    members = tuple(country.directory.participants.values())
    listed = listing(members, country.issuers, (), (), reports)
    await country.publish(*listed.participants)


async def report(country, text=ACCOUNT, name="320000", **options):
    sent = await desk(country, name).report(text, OPERATOR, **options)
    await country.settle()
    return sent


def offered(country, reader, agency=FUND):
    return country[reader].office.directory.get(agency).offers


async def reviewed(country, query):
    return await case_of(country, "hub", query, CaseRole.REVIEWER)


async def only(service):
    (found,) = await service.reports()
    return found


@pytest.mark.requirement("R037")
@pytest.mark.requirement("R038")
async def test_what_a_province_reports_is_listed_everywhere(country):
    await report(country)
    assert not (await only(desk(country, "320000"))).listed
    await publish(country)
    assert await clean(country)
    for reader in country.desks:
        assert offered(country, reader) == (
            Offer(
                "housing-fund-account",
                (*IDENTITY_ITEMS, "balance"),
                9,
                Level.PREFECTURE,
                RangeAbility.LATEST,
                None,
                "monthly",
                Mode.ONLINE,
            ),
        )
        # One that the report does not name keeps what it had.
        assert offered(country, reader, BUREAU)
    own = await only(desk(country, "320000"))
    assert (own.report.number, own.report.state, own.listed) == (1, ReportState.SENT, True)
    by_hub = {r.reporter: r for r in await desk(country, "hub").reports()}
    assert by_hub["320000"].report.state is ReportState.FILED
    assert by_hub["320000"].listed
    for name, actor in (("320000", f"operator:{OPERATOR}"), ("hub", "320000")):
        (noted,) = [e for e in await events(country, name) if e.event == Event.CATALOGUE_REPORTED]
        assert noted.actor == actor
        assert (noted.detail["number"], noted.detail["resources"]) == (1, 1)


@pytest.mark.requirement("R037")
async def test_the_hub_files_what_its_own_agencies_offer(country):
    text = (
        ACCOUNT.replace(FUND, "hub.marriage")
        .replace("housing-fund-account", "marriage-registration")
        .replace("balance", "status")
        .replace("prefecture", "centre")
    )
    filed = await report(country, text, "hub")
    assert filed.state is ReportState.FILED
    await publish(country)
    assert offered(country, "370000", "hub.marriage")[0].term_working_days == 9


@pytest.mark.requirement("R038")
async def test_a_report_with_a_fault_is_not_sent(country):
    with pytest.raises(ReportRefusedError) as caught:
        await report(country, ACCOUNT.replace("= 9", "= 0").replace("prefecture", "county"))
    assert [f.code for f in caught.value.findings] == ["REPORT_TERM", "REPORT_LEVEL_BELOW"]
    with pytest.raises(ReportRefusedError, match="REPORT_AGENCY_NOT_BELOW"):
        await report(country, ACCOUNT.replace("320000", "500000"))
    assert await desk(country, "320000").reports() == ()


async def sent_by_hand(country, made, name="320000"):
    """A report that passed no check of its sender's, entered in its books as sent."""
    async with country[name].store.transaction() as unit:
        work = country.work(name, unit)
        send = Send(Kind.CATALOG_REPORT, "hub", made, ("hub",))
        sealed = await work.send(uuid7(work.now, secrets.token_bytes), send)
        entry = FiledReport(name, made.number, work.now, ReportState.SENT, sealed.digest, made)
        work.write(lambda: unit.save_catalogue_report(entry))
        await work.finish()
    await country.settle()


@pytest.mark.requirement("R038")
async def test_the_hub_refuses_a_bad_report_whole_and_says_which_entry(country):
    good = read_report(ACCOUNT, country["hub"].office.resources)
    bad = (*good, replace(good[0], agency="500000.housing-fund"))
    await sent_by_hand(country, CatalogReport(1, country.clock.now(), bad))
    assert await codes(country, "hub") == ["REPORT_AGENCY_NOT_BELOW"]
    own = (await only(desk(country, "320000"))).report
    assert (own.state, own.code) == (ReportState.REFUSED, "REPORT_AGENCY_NOT_BELOW")
    assert "500000.housing-fund" in own.zh
    before = offered(country, "hub")
    await publish(country)
    assert offered(country, "hub") == before
    # The number was not taken.
    await report(country)
    assert (await desk(country, "320000").reports())[0].report.number == 2


@pytest.mark.requirement("R038")
async def test_an_old_report_never_replaces_a_newer_one(country):
    await report(country, number=5)
    good = (await only(desk(country, "320000"))).report.report
    older = replace(good, number=4, agencies=(ReportedAgency(FUND, ()),))
    await sent_by_hand(country, older)
    assert await codes(country, "hub") == ["REPORT_NOT_NEWER"]
    async with country["hub"].store.transaction() as unit:
        assert [r.number for r in await unit.catalogue_reports()] == [5]
    refused = (await desk(country, "320000").reports())[1].report
    assert (refused.number, refused.code) == (4, "REPORT_NOT_NEWER")
    assert "5" in refused.zh
    with pytest.raises(InputError, match="REPORT_NOT_NEWER"):
        await report(country, number=5)


@pytest.mark.requirement("R006")
@pytest.mark.requirement("R038")
async def test_a_city_has_its_province_report(city_country):
    with pytest.raises(ReportRefusedError, match="REPORT_NOT_PROVINCIAL"):
        await report(city_country, ACCOUNT, "321200")
    with pytest.raises(ReportRefusedError, match="REPORT_NOT_PROVINCIAL"):
        await desk(city_country, "321200").template()


@pytest.mark.requirement("R038")
async def test_the_template_reports_the_agencies_of_all_levels(city_country):
    text = await desk(city_country, "320000").template()
    await report(city_country, text)
    await publish(city_country)
    assert await clean(city_country)
    below = offered(city_country, "370000", "321200.housing-bureau")
    assert below[0].level is Level.PREFECTURE


@pytest.mark.requirement("R038")
async def test_a_province_that_is_silent_is_told(country):
    await report(country)
    hub = desk(country, "hub")
    overdue = {r.reporter for r in await hub.reports() if r.overdue}
    assert overdue == {"370000", "500000"}
    country.clock.move(hub.office.report_every + DAY)
    assert {r.reporter for r in await hub.reports() if r.overdue} == {"320000", "370000", "500000"}


# Versions


@pytest.mark.requirement("R036")
async def test_the_number_changes_with_the_content_only(country):
    await country.publish()
    first = country["370000"].office.catalogue.version
    country.clock.move(DAY)
    await country.publish()
    assert country.directory.version > first
    assert {d.office.catalogue.version for d in country.desks.values()} == {first}
    await report(country)
    country.clock.move(DAY)
    await publish(country)
    second = country.directory.version
    assert {d.office.catalogue.version for d in country.desks.values()} == {second}
    assert country.directory.hub.catalogue.since == country.clock.now()
    for name in ("hub", "370000"):
        assert [n for n, _ in await desk(country, name).versions()] == [second, first, 1]
        old = await desk(country, name).catalogue(first)
        assert len(old.catalogue.entry("housing-fund-account").items) > 4
        changed = await desk(country, name).difference(first, second)
        assert {(c.what, c.agency) for c in changed} == {("CHANGED", FUND), ("WITHDRAWN", FUND)}
    async with country[FUND].store.transaction() as unit:
        assert await unit.catalogues() == []  # an agency judges nothing


async def test_a_version_nobody_kept_is_refused(country):
    for number in (0, country.directory.version + 1):
        with pytest.raises(InputError, match="CATALOGUE_UNKNOWN"):
            await desk(country, "hub").catalogue(number)
    found = await desk(country, "hub").catalogue(category="公积金")
    assert {e.category for e in found.catalogue.entries} == {"housing-fund"}
    with pytest.raises(InputError, match="CATEGORY_UNKNOWN"):
        await desk(country, "hub").catalogue(category="渔船")


def loans(make_draft):
    draft = make_draft(1)
    return replace(draft, lines=(DraftLine(1, "320000", "住房公积金贷款", (), None, None),))


async def report_first(country, text=ACCOUNT):
    """The report reaches the hub and is listed; what 370000 has written waits in its outbox."""
    await desk(country, "320000").report(text, OPERATOR)
    for name in ("320000", "hub"):
        await country[name].pump(country.cluster)
    await publish(country)


@pytest.mark.requirement("R020")
async def test_an_application_is_judged_by_the_catalogue_it_was_written_against(
    country, make_draft
):
    # The loans of 320000 are withdrawn while an application for them is under way.
    query = await submit_draft(country, loans(make_draft))
    await report_first(country)
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert [(r.resource, r.code) for r in case.rows] == [("housing-fund-loan", "NO_PROVIDER")]


@pytest.mark.requirement("R020")
@pytest.mark.parametrize("late", [False, True])
async def test_a_catalogue_that_was_superseded_long_ago_is_not_judged_by(country, make_draft, late):
    query = await submit_draft(country, loans(make_draft))
    country["hub"].office.catalogue_limit = DAY
    await report_first(country)
    country.clock.move(DAY + timedelta(seconds=late))
    await country.publish()
    await country.settle()
    case = await reviewed(country, query)
    assert [f.code for f in case.findings if late] == ["CATALOGUE_TOO_OLD"] * late
    assert case.blocked == late
    if late:
        with pytest.raises(InputError, match="NOT_ACCEPTABLE"):
            await review_desk(country).accept(query, OPERATOR)


@pytest.mark.requirement("R020")
async def test_a_number_between_two_versions_names_the_earlier_content(country):
    await country.publish()  # 2: the first that the hub numbers
    await country.publish(replace(country.directory.participants["370000"], hosts=("10.0.0.1",)))
    await report_first(country)  # 4: another content
    changed = country.directory.hub.catalogue.since
    country.clock.move(DAY)
    await country.publish()
    assert country.directory.version == 5
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        cited = [await cited_catalogue(work, number) for number in range(7)]
    assert [one.catalogue and one.catalogue.version for one in cited] == [None, 1, 2, 2, 4, 4, None]
    assert [one.superseded for one in cited[2:6]] == [changed, changed, None, None]


@pytest.mark.requirement("R020")
async def test_a_version_that_was_never_published_fails(country, make_draft):
    office = country["370000"].office
    known = office.catalogue
    office._catalogue = replace(known, version=country.directory.version + 1)
    query = await submit_draft(country, loans(make_draft))
    office._catalogue = known
    await country.settle()
    case = await reviewed(country, query)
    assert [f.code for f in case.findings] == ["CATALOGUE_VERSION"]
    assert case.state is QueryState.UNDER_REVIEW


@pytest.mark.requirement("R053")
async def test_a_range_is_judged_by_the_catalogue_named(country, make_draft):
    # 320000 knows its accounts in their latest state alone, and says so after the application.
    day = make_draft(1).applied_on
    line = DraftLine(3, "320000", "住房公积金账户", ("个人账户余额",), day, day)
    before = await submit_draft(country, replace(make_draft(1), lines=(line,)))
    await report_first(country)
    await country.settle()
    assert (await reviewed(country, before)).findings == ()
    after = await submit_draft(country, replace(make_draft(1), lines=(line,)))
    await country.settle()
    found = (await reviewed(country, after)).findings
    assert [(f.code, f.where) for f in found] == [("TIME_LATEST_ONLY", "附表 第 3 行 时间范围")]


@pytest.mark.requirement("R005")
async def test_a_resource_and_its_category_come_with_the_directory_alone(country, make_draft):
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["name"] = "FishingBoat"
    source["hedui"] |= {
        "resource": "fishing-boat",
        "category": "boats",
        "category_zh": "渔业船舶",
        "zh": "渔船",
    }
    schema = json.dumps(source).encode()
    country.schemas = (schema,)
    await country.publish()
    await report(country, ACCOUNT.replace("housing-fund-account", "fishing-boat"))
    await publish(country)
    for name in ("hub", "370000", "320000"):
        (entry,) = country[name].office.catalogue.named("渔业船舶")
        assert (entry.resource, entry.providers[0].adapter) == ("fishing-boat", FUND)
    line = DraftLine(1, "320000", "渔业船舶", ("个人账户余额",), None, None)
    query = await submit_draft(country, replace(make_draft(1), lines=(line,)))
    await country.settle()
    case = await reviewed(country, query)
    assert case.findings == ()
    rows = [(row.resource, row.holder) for row in case.rows if row.holder == FUND]
    assert rows == [("fishing-boat", FUND)]
