"""What a query is answered from an upload: the version in use, its day, and never a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from upload_samples import AS_OF, NOW, RESOURCE, Agency, csv_file, number, quiet, withdrawal

from adapters.contract import Connector, SourcePendingError, SourceUnavailableError, Tended
from adapters.mapping.faults import MappingError
from adapters.values import instant_of
from bus.model.messages import OutcomeKind
from bus.model.upload import UploadState
from signer.storekey import StoreKey


def told(result):
    return [
        (outcome.kind.value, outcome.code, list(outcome.records)) for outcome in result.outcomes
    ]


@pytest.fixture
def file(folder):
    rows = [withdrawal(1), withdrawal(1, amount="3.00"), withdrawal(2)]
    return csv_file(folder / "a.csv", rows)


def test_it_is_a_connector_that_is_tended(agency):
    connector: Connector = agency.connector
    assert isinstance(connector, Tended)


@pytest.mark.requirement("R112")
@pytest.mark.requirement("R116")
@pytest.mark.requirement("R072")
async def test_queries_are_answered_from_the_upload_as_of_its_day(agency, file):
    await agency.load(file)

    result = await agency.ask(1, 2, 3, items=("amount", "withdrawn_on"))

    day = date(2026, 5, 4)
    assert told(result) == [
        (
            "FOUND",
            None,
            [
                {"amount": Decimal("1200.50"), "withdrawn_on": day},
                {"amount": Decimal("3.00"), "withdrawn_on": day},
            ],
        ),
        ("FOUND", None, [{"amount": Decimal("1200.50"), "withdrawn_on": day}]),
        ("NOT_FOUND", None, []),
    ]
    assert result.as_of == instant_of(AS_OF)


@pytest.mark.requirement("R072")
async def test_before_the_first_upload_a_question_waits_and_nobody_is_not_found(agency):
    with pytest.raises(SourcePendingError) as waits:
        await agency.ask(1)
    assert waits.value.code == "UPLOAD_MISSING"


async def test_a_newer_upload_takes_the_place_of_the_one_before_it_whole(agency, folder, file):
    await agency.load(file)
    newer = csv_file(folder / "b.csv", [withdrawal(2, amount="9.00")])
    await agency.load(newer, as_of=date(2026, 7, 2))

    result = await agency.ask(1, 2)

    assert told(result) == [
        ("NOT_FOUND", None, []),
        ("FOUND", None, [{"amount": Decimal("9.00")}]),
    ]
    assert result.as_of == instant_of(date(2026, 7, 2))


async def test_a_person_is_found_by_type_and_number_together_and_a_name_raises_doubt(agency, file):
    await agency.load(file)

    by_passport = await agency.ask(1, id_type="414")
    homonym = await agency.ask(1, name="别人")
    wide = await agency.ask(1, id_number=f" {number(1)} ")
    missing = await agency.ask(1, id_number="")

    assert told(by_passport) == [("NOT_FOUND", None, [])]
    assert told(homonym) == [("NOT_ANSWERABLE", "NAME_MISMATCH", [])]
    assert wide.outcomes[0].kind is OutcomeKind.FOUND
    assert told(missing) == [("NOT_ANSWERABLE", "ID_NUMBER_MISSING", [])]


@pytest.mark.requirement("R053")
async def test_a_time_range_is_applied_at_both_edges(agency, file):
    await agency.load(file)
    day, one = date(2026, 5, 4), timedelta(days=1)

    inside = await agency.ask(2, time_range=(day, day))
    before = await agency.ask(2, time_range=(day - one, day - one))
    after = await agency.ask(2, time_range=(day + one, day + one))

    kinds = [result.outcomes[0].kind.value for result in (inside, before, after)]
    assert kinds == ["FOUND", "NOT_FOUND", "NOT_FOUND"]


async def test_a_range_that_begins_before_uploads_tell_of_is_not_answered(agency_with, file):
    agency = agency_with(holds_from=date(2026, 1, 1))
    await agency.load(file)

    early = await agency.ask(3, time_range=(date(2025, 12, 31), AS_OF))
    held = await agency.ask(3, time_range=(date(2026, 1, 1), AS_OF))

    assert told(early) == [("NOT_ANSWERABLE", "TIME_NOT_HELD", [])]
    assert told(held) == [("NOT_FOUND", None, [])]


@pytest.mark.requirement("R072")
async def test_a_person_of_a_refused_row_is_never_not_found(agency, folder):
    rows = [withdrawal(1, amount="许多"), withdrawal(2), withdrawal(2, reason="x" * 5000)]
    file = csv_file(folder / "a.csv", rows)
    version = await agency.load(file, skip_faulty=True)

    result = await agency.ask(1, 2, 3)

    assert (version.rows, version.refused) == (1, 2)
    assert told(result) == [
        ("NOT_ANSWERABLE", "ROW_REFUSED", []),
        ("NOT_ANSWERABLE", "ROW_REFUSED", []),
        ("NOT_FOUND", None, []),
    ]


@pytest.mark.requirement("R120")
async def test_late_data_is_answered_or_not_as_the_mapping_says(agency_with, folder, file):
    answers = agency_with()
    refuses = agency_with(late="not_answerable", late_days=5)
    await answers.load(file)
    await refuses.connector.tend(NOW, *quiet())
    # June is here, July is owed by 10 August.
    tenth, fifteenth, later = (NOW.replace(month=8, day=day) for day in (10, 15, 16))

    assert told(await refuses.ask(3, now=tenth)) == [("NOT_FOUND", None, [])]
    assert told(await refuses.ask(3, now=fifteenth)) == [("NOT_FOUND", None, [])]
    assert told(await refuses.ask(3, now=later)) == [("NOT_ANSWERABLE", "DATA_STALE", [])]
    assert told(await answers.ask(3, now=later)) == [("NOT_FOUND", None, [])]


async def test_where_nothing_was_uploaded_a_question_waits_however_late(agency_with):
    agency = agency_with(late="not_answerable")
    await agency.connector.tend(NOW, *quiet())

    with pytest.raises(SourcePendingError):
        await agency.ask(1, now=NOW.replace(year=2027))


async def test_instances_share_the_store(agency, file, folder, store):
    other = Agency(folder, store, key=agency.key)
    await agency.load(file)

    assert told(await other.ask(3)) == [("NOT_FOUND", None, [])]
    assert (await other.ask(2)).outcomes[0].kind is OutcomeKind.FOUND


async def test_a_store_under_another_key_answers_nobody(agency, file, folder, store):
    version = await agency.load(file)
    stranger = Agency(folder, store, key=StoreKey.ephemeral())
    person = stranger.key.person_token("111", number(1))
    async with store.transaction() as unit:
        rows = await unit.upload_rows(version.id, [agency.key.person_token("111", number(1))])
        await unit.put_upload_rows(version.id, [replace(rows[0], person=person, ordinal=99)])

    with pytest.raises(SourceUnavailableError) as down:
        await stranger.ask(1)
    assert down.value.code == "UPLOAD_UNREADABLE"


async def test_rows_of_a_schema_that_nobody_knows_are_not_guessed_at(agency, file, store):
    version = await agency.load(file)
    async with store.transaction() as unit:
        await unit.save_upload(replace(version, schema=bytes(32)))

    with pytest.raises(SourceUnavailableError) as down:
        await agency.ask(1)
    assert down.value.code == "UPLOAD_UNREADABLE"


async def test_an_item_that_came_after_the_upload_is_not_answered_as_empty(agency, file, store):
    version = await agency.load(file)
    older = next(
        one.schema.digest for name, one in agency.setup.resources.items() if name != RESOURCE
    )
    async with store.transaction() as unit:
        await unit.save_upload(replace(version, schema=older))

    assert told(await agency.ask(1)) == [("NOT_ANSWERABLE", "ITEM_NOT_UPLOADED", [])]


async def test_only_versions_in_use_are_read(agency, file, store):
    version = await agency.load(file)
    for state in (UploadState.STAGED, UploadState.SUPERSEDED, UploadState.WITHDRAWN):
        async with store.transaction() as unit:
            await unit.save_upload(replace(version, state=state))
        with pytest.raises(SourcePendingError):
            await agency.ask(1)


@pytest.mark.parametrize(
    "entry",
    [
        {"columns": {"name": "xm"}},
        {"id_number": "zjhm"},
        {"as_of": date(2026, 1, 1)},
        {"codes": {"reason": {"1": "x"}}},
        {"not_held": ["id_number"]},
        {"schedule": "weekly"},
        {"due_day": 31},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_a_mapping_says_nothing_that_template_and_upload_decide(agency_with, entry):
    with pytest.raises(MappingError) as refused:
        agency_with(**entry)
    assert refused.value.code == "MAPPING_INVALID"


async def test_the_mapping_is_checked_against_the_catalogue_and_the_folder(agency_with, folder):
    agency = agency_with(source={"inbox": "inbox"}, not_held=["nothing"])
    with pytest.raises(MappingError) as refused:
        await agency.connector.check()
    assert [one.code for one in refused.value.findings] == ["ITEM_UNKNOWN", "INBOX_MISSING"]

    (folder / "inbox").mkdir()
    await agency_with(source={"inbox": "inbox"}, not_held=["paid_to"]).connector.check()
