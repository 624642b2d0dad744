"""What a unit promises of catalogues and reports: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from store_samples import KINDS, LATER, NOW, digest, new_place, opened

from bus.catalog.catalogue import Catalogue, Entry, Provider
from bus.catalog.versions import CatalogueVersion
from bus.model.catalogue_report import (
    CatalogReport,
    FiledReport,
    ReportedAgency,
    ReportedOffer,
    ReportState,
)
from bus.ports.catalogue_codec import (
    decode_catalogue,
    decode_report,
    encode_catalogue,
    encode_report,
)
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt
from schemas.resources import resources
from signer.directory.view import Level, Mode, RangeAbility

ACCOUNT = resources()["housing-fund-account"]
ENTRY = Entry(
    ACCOUNT.name,
    ACCOUNT.category,
    "住房公积金",
    ACCOUNT.zh,
    ACCOUNT.en,
    ACCOUNT.items,
    None,
    (
        Provider(
            "320000.housing-fund",
            ("name", "balance"),
            5,
            "省住房公积金管理中心",
            "320000",
            Level.PREFECTURE,
            RangeAbility.PERIOD,
            36,
            "monthly",
            Mode.UPLOAD,
        ),
        Provider("hub.fund", ("name",), 2),
    ),
)
VERSION = CatalogueVersion(NOW, Catalogue(7, (ENTRY,)))
REPORT = FiledReport(
    "320000",
    2,
    NOW,
    ReportState.FILED,
    digest(1),
    CatalogReport(
        2,
        NOW,
        (
            ReportedAgency(
                "320000.housing-fund",
                (
                    ReportedOffer(
                        "housing-fund-account",
                        ("name", "balance"),
                        5,
                        Level.PREFECTURE,
                        RangeAbility.LATEST,
                        None,
                        "monthly",
                        Mode.ONLINE,
                    ),
                ),
            ),
            ReportedAgency("321200.housing-fund", ()),
        ),
    ),
)
HOUR = timedelta(hours=1)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


def version(number, since=NOW):
    return CatalogueVersion(since, replace(VERSION.catalogue, version=number))


def report(reporter, number, **changed):
    message = digest(number + 100 * (reporter == "500000"))
    made = replace(REPORT, reporter=reporter, number=number, message=message)
    return replace(made, **changed)


@pytest.mark.requirement("R036")
async def test_a_version_comes_back_as_it_was_kept_and_stays(store):
    async with store.transaction() as unit:
        assert await unit.catalogue_at(7) is None
        await unit.put_catalogue(VERSION)
    async with store.transaction() as unit:
        assert await unit.catalogue_at(7) == VERSION
        await unit.put_catalogue(replace(VERSION, since=LATER))
        assert await unit.catalogue_at(7) == VERSION


@pytest.mark.requirement("R020")
async def test_a_number_between_two_versions_is_the_earlier_ones(store):
    async with store.transaction() as unit:
        for number in (12, 3, 7):
            await unit.put_catalogue(version(number, NOW + number * HOUR))
    async with store.transaction() as unit:
        found = {n: await unit.catalogue_at(n) for n in (2, 3, 6, 7, 11, 12, 99)}
        assert {n: v and v.version for n, v in found.items()} == {
            2: None,
            3: 3,
            6: 3,
            7: 7,
            11: 7,
            12: 12,
            99: 12,
        }
        after = [await unit.catalogue_after(n) for n in (0, 3, 11, 12)]
        assert after == [NOW + 3 * HOUR, NOW + 7 * HOUR, NOW + 12 * HOUR, None]
        assert await unit.catalogues() == [(n, NOW + n * HOUR) for n in (12, 7, 3)]


@pytest.mark.requirement("R038")
async def test_the_newest_report_of_each_province_that_was_not_refused_counts(store):
    reports = [
        report("500000", 1),
        report("320000", 10, at=LATER),
        report("320000", 9),
        report("320000", 11, state=ReportState.REFUSED, code="REPORT_TERM", zh="甲", en="a"),
    ]
    async with store.transaction() as unit:
        assert await unit.catalogue_reports() == []
        mark = await unit.catalogue_report_mark()
        for one in reports:
            await unit.save_catalogue_report(one)
        assert await unit.catalogue_report_mark() != mark
    async with store.transaction() as unit:
        assert await unit.catalogue_reports() == [reports[1], reports[0]]
        assert await unit.catalogue_report_times() == [("320000", LATER), ("500000", NOW)]
        assert [r.number for r in await unit.catalogue_reports_of("320000")] == [11, 10, 9]
        assert await unit.catalogue_reports_of("370000") == []
        assert await unit.catalogue_report_of(digest(101)) == reports[0]
        assert await unit.catalogue_report_of(digest(99)) is None


async def test_a_report_is_replaced_whole(store):
    refused = replace(REPORT, state=ReportState.REFUSED, code="REPORT_TERM")
    async with store.transaction() as unit:
        await unit.save_catalogue_report(REPORT)
        await unit.save_catalogue_report(refused)
    async with store.transaction() as unit:
        assert await unit.catalogue_reports_of("320000") == [refused]


async def test_what_is_taken_back_was_never_kept(store):
    with suppress(KeyError):
        async with store.transaction() as unit:
            await unit.put_catalogue(VERSION)
            await unit.save_catalogue_report(REPORT)
            raise KeyError
    async with store.transaction() as unit:
        assert await unit.catalogues() == []
        assert await unit.catalogue_reports() == []


def test_another_shape_is_not_half_read():
    assert decode_catalogue(encode_catalogue(VERSION)) == VERSION
    assert decode_report(encode_report(REPORT)) == REPORT
    with pytest.raises(StoreCorrupt, match="CATALOGUE_UNREADABLE"):
        decode_catalogue(encode_catalogue(VERSION).replace('"since"', '"until"'))
    with pytest.raises(StoreCorrupt, match="CATALOGUE_REPORT_UNREADABLE"):
        decode_report(encode_report(REPORT).replace('"agencies"', '"others"'))
