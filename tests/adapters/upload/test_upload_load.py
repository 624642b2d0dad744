"""A file becomes the version in use, whole or not at all; versions go back and are destroyed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID

import pytest
from upload_samples import AS_OF, NOW, OPERATOR, RESOURCE, Agency, csv_file, number, withdrawal

from adapters.contract import SourcePendingError
from adapters.upload import versions
from adapters.upload.load import LEASE_FOR, UploadRefusedError, _Loading, lease_name
from adapters.upload.versions import destroy_due, remove_staged, withdraw
from bus.errors import InputError, UnavailableError
from bus.model.messages import OutcomeKind
from bus.model.upload import UploadRow, UploadState, UploadVersion
from bus.ports.store_errors import StoreUnavailable
from bus.store.store import SqlStore

SECOND = timedelta(seconds=1)
STALE = UUID("019cac0f-2680-77d8-8904-86ef2cb84955")


async def all_versions(store):
    async with store.transaction() as unit:
        return list(await unit.uploads())


def two_files(folder):
    first = csv_file(folder / "a.csv", [withdrawal(1)])
    return first, csv_file(folder / "b.csv", [withdrawal(2)])


@pytest.mark.requirement("R115")
@pytest.mark.requirement("R125")
async def test_a_version_records_what_was_loaded_by_whom_and_whose_it_is(agency_with, folder):
    agency = agency_with(leader="李主任", handler="张科员")
    version = await agency.load(csv_file(folder / "a.csv", [withdrawal(1), withdrawal(2)]))

    assert (version.resource, version.state) == (RESOURCE, UploadState.CURRENT)
    assert (version.period, version.as_of, version.received) == ("2026-06", AS_OF, NOW)
    assert (version.rows, version.refused, version.operator) == (2, 0, OPERATOR)
    assert (version.leader, version.handler) == ("李主任", "张科员")
    assert await all_versions(agency.store) == [version]
    [(event, actor, detail)] = await agency.events()
    assert (event, actor) == ("upload.loaded", OPERATOR)
    assert detail == {
        "resource": RESOURCE,
        "version": str(version.id),
        "period": "2026-06",
        "as_of": "2026-06-30",
        "rows": 2,
        "refused": 0,
        "digest": version.digest.hex(),
    }


@pytest.mark.requirement("R115")
async def test_a_file_with_faults_is_refused_whole_and_the_store_is_as_before(agency, folder):
    good, _ = two_files(folder)
    before = await agency.load(good)
    faulty = csv_file(folder / "c.csv", [withdrawal(2), withdrawal(3, amount="许多")])

    with pytest.raises(UploadRefusedError) as refused:
        await agency.load(faulty)

    assert refused.value.code == "UPLOAD_REFUSED"
    assert "--skip-faulty" in refused.value.remedy_zh
    assert await all_versions(agency.store) == [before]
    assert (await agency.ask(1)).outcomes[0].kind is OutcomeKind.FOUND
    event, actor, detail = (await agency.events())[-1]
    assert (event, actor, detail["rows"], detail["faults"]) == ("upload.refused", OPERATOR, 2, 1)


@pytest.mark.requirement("R072")
async def test_where_it_is_not_known_whom_a_row_is_about_nothing_is_loaded(agency, folder):
    wrong_digit = number(2)[:-1] + ("0" if number(2)[-1] != "0" else "1")
    file = csv_file(folder / "a.csv", [withdrawal(1), withdrawal(2, id_number=wrong_digit)])

    with pytest.raises(UploadRefusedError) as refused:
        await agency.load(file, skip_faulty=True)

    assert "--skip-faulty" not in refused.value.remedy_zh
    assert await all_versions(agency.store) == []


async def test_a_file_that_is_no_table_is_refused(agency, folder):
    (folder / "a.csv").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UploadRefusedError) as refused:
        await agency.load(folder / "a.csv")
    assert [one.fault.code for one in refused.value.report.listed] == ["FILE_DAMAGED"]


@pytest.mark.parametrize(
    ("as_of", "code"),
    [(date(2026, 7, 4), "UPLOAD_AS_OF"), (AS_OF - timedelta(days=1), "UPLOAD_AS_OF")],
    ids=["to come", "older than what is in use"],
)
async def test_an_as_of_date_is_possible_and_goes_on(agency, folder, as_of, code):
    first, second = two_files(folder)
    await agency.load(first)

    with pytest.raises(InputError) as refused:
        await agency.load(second, as_of=as_of)
    assert refused.value.code == code


async def test_the_file_in_use_is_not_loaded_again(agency, folder):
    first, _ = two_files(folder)
    await agency.load(first)

    with pytest.raises(InputError) as refused:
        await agency.load(first)
    assert refused.value.code == "UPLOAD_AGAIN"


async def test_one_load_of_a_resource_runs_at_a_time(agency, folder):
    first, _ = two_files(folder)
    async with agency.store.transaction() as unit:
        await unit.lease(lease_name(RESOURCE), "another", NOW, NOW + LEASE_FOR)

    with pytest.raises(UnavailableError) as runs:
        await agency.load(first)
    assert runs.value.code == "UPLOAD_RUNNING"

    later = NOW + LEASE_FOR
    assert (await agency.load(first, now=later)).state is UploadState.CURRENT


async def test_what_an_interrupted_load_left_is_read_by_nobody_and_removed_by_the_next(
    agency, folder
):
    first, _ = two_files(folder)
    person = agency.key.person_token("111", number(1))
    loaded = await agency.load(first)
    await withdraw(agency.store, loaded.id, "试用", OPERATOR, NOW)
    async with agency.store.transaction() as unit:
        half = await unit.upload(loaded.id)
        assert half is not None
        await unit.drop_upload(loaded.id)
        rows = await unit.upload_rows(loaded.id, [person])
        await unit.drop_upload_rows(loaded.id, 10)
        await unit.save_upload(UploadVersion(**as_dict(half) | {"id": STALE}))
        await unit.put_upload_rows(STALE, rows)
    with pytest.raises(SourcePendingError):
        await agency.ask(1)

    version = await agency.load(first)

    assert await all_versions(agency.store) == [version]
    async with agency.store.transaction() as unit:
        assert await unit.first_upload_row(STALE) == 0


def as_dict(version):
    return {name: getattr(version, name) for name in version.__slots__} | {
        "state": UploadState.STAGED
    }


class Interrupted:
    """A store whose transactions fail from a certain one on, as where its disk is full."""

    def __init__(self, store, after):
        self._store, self._left = store, after

    def transaction(self):
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("STORE_DOWN", "数据库不可用", "the store is away")
        return self._store.transaction()


@pytest.mark.parametrize("after", range(5))
async def test_wherever_a_load_breaks_off_the_version_before_it_stays_in_use(agency, folder, after):
    first, second = two_files(folder)
    before = await agency.load(first)
    broken = Agency(folder, Interrupted(agency.store, after), key=agency.key)

    with pytest.raises(StoreUnavailable):
        await broken.load(second)

    current = [v for v in await all_versions(agency.store) if v.state is UploadState.CURRENT]
    assert current == [before]
    assert (await agency.ask(1)).outcomes[0].kind is OutcomeKind.FOUND
    later = NOW + LEASE_FOR
    done = await agency.load(second, now=later)
    assert [v.id for v in await all_versions(agency.store)] == [done.id, before.id]


async def test_a_load_that_was_done_stands_though_the_store_goes_away_after(agency, folder):
    first, _ = two_files(folder)
    last = Agency(folder, Interrupted(agency.store, 5), key=agency.key)

    version = await last.load(first)

    assert await all_versions(agency.store) == [version]


async def test_a_load_that_was_taken_over_does_not_come_into_use(agency, folder, monkeypatch):
    first, second = two_files(folder)
    begin, begun = _Loading._begin, []

    async def taken_over(self, version):
        await begin(self, version)
        begun.append(version.id)
        if len(begun) == 1:
            # It stalls for so long that another begins, and ends, before it goes on.
            await agency.load(first, now=NOW + LEASE_FOR)

    monkeypatch.setattr(_Loading, "_begin", taken_over)

    with pytest.raises(UnavailableError) as lost:
        await agency.load(second)

    assert lost.value.code == "UPLOAD_RUNNING"
    assert [(v.id, v.state) for v in await all_versions(agency.store)] == [
        (begun[1], UploadState.CURRENT)
    ]


@pytest.mark.requirement("R115")
async def test_a_version_is_withdrawn_and_the_one_before_it_is_used_again(agency, folder):
    first, second = two_files(folder)
    old = await agency.load(first)
    new = await agency.load(second)

    gone, back = await withdraw(agency.store, new.id, " 口径有误 ", OPERATOR, NOW)

    assert (gone.state, gone.reason, gone.ended) == (UploadState.WITHDRAWN, "口径有误", NOW)
    assert back == old
    assert [o.kind.value for o in (await agency.ask(1, 2)).outcomes] == ["FOUND", "NOT_FOUND"]
    event, actor, detail = (await agency.events())[-1]
    assert (event, actor) == ("upload.withdrawn", OPERATOR)
    assert (detail["version"], detail["current"]) == (str(new.id), str(old.id))

    _, none = await withdraw(agency.store, old.id, "口径有误", OPERATOR, NOW)
    assert none is None
    with pytest.raises(SourcePendingError):
        await agency.ask(1)


async def test_what_is_not_in_use_is_not_withdrawn(agency, folder):
    first, second = two_files(folder)
    old = await agency.load(first)
    new = await agency.load(second)

    async def code(version, reason="有误"):
        with pytest.raises(InputError) as refused:
            await withdraw(agency.store, version, reason, OPERATOR, NOW)
        return refused.value.code

    assert await code(old.id) == "UPLOAD_NOT_CURRENT"
    assert await code(STALE) == "UPLOAD_UNKNOWN"
    assert await code(new.id, "  ") == "REASON_MISSING"
    assert await code(new.id, "x" * 201) == "REASON_MISSING"


@pytest.mark.requirement("R115")
async def test_rows_of_a_superseded_version_go_on_their_date_and_its_record_stays(
    agency, folder, monkeypatch
):
    monkeypatch.setattr(versions, "_BITE", 1)
    old = await agency.load(csv_file(folder / "a.csv", [withdrawal(n) for n in range(1, 4)]))
    new = await agency.load(two_files(folder)[1], now=NOW + SECOND)
    keep = timedelta(days=400)

    early = await destroy_due(
        agency.store, agency.books.me, keep, NOW + SECOND + keep - timedelta(1)
    )
    due = await destroy_due(agency.store, agency.books.me, keep, NOW + SECOND + keep)
    again = await destroy_due(agency.store, agency.books.me, keep, NOW + SECOND + keep)

    assert (early, due, again) == (0, 1, 0)
    kept_new, kept_old = await all_versions(agency.store)
    assert (kept_new, kept_old.id, kept_old.rows) == (new, old.id, 3)
    assert kept_old.destroyed == NOW + SECOND + keep
    async with agency.store.transaction() as unit:
        assert await unit.first_upload_row(old.id) == 0
        assert await unit.first_upload_row(new.id) == 1
    event, actor, detail = (await agency.events())[-1]
    assert (event, actor, detail["rows"]) == ("upload.destroyed", agency.books.me, 3)

    _, none = await withdraw(agency.store, new.id, "有误", OPERATOR, NOW + SECOND + keep)
    assert none is None, "what was destroyed is not used again"


async def test_rows_whose_removal_broke_off_go_at_the_next_look(agency, folder):
    old = await agency.load(two_files(folder)[0])
    await agency.load(two_files(folder)[1], now=NOW + SECOND)
    keep = timedelta(days=400)
    broken = Interrupted(agency.store, 2)
    with pytest.raises(StoreUnavailable):
        await destroy_due(broken, agency.books.me, keep, NOW + SECOND + keep)

    await destroy_due(agency.store, agency.books.me, keep, NOW + SECOND + keep)

    async with agency.store.transaction() as unit:
        assert await unit.first_upload_row(old.id) == 0


@pytest.mark.requirement("R115")
async def test_nothing_of_a_person_stands_in_the_database_in_clear(folder):
    path = folder / "bus.db"
    store = SqlStore(f"sqlite+aiosqlite:///{path}")
    await store.open()
    agency = Agency(folder, store)
    row = withdrawal(1, name="欧阳样本", account="6217000012345678", reason="购买自住房屋")
    try:
        await agency.load(
            csv_file(folder / "a.csv", [row, withdrawal(2, amount="许多")]), skip_faulty=True
        )
        found = await agency.ask(1, items=("account", "reason"), name="欧阳样本")
    finally:
        await store.close()

    assert dict(found.outcomes[0].records[0])["account"] == "6217000012345678"
    with closing(sqlite3.connect(path)) as connection:
        dump = "\n".join(connection.iterdump())
    raw = b"".join(file.read_bytes() for file in folder.glob("bus.db*"))
    for secret in ("欧阳样本", "6217000012345678", "购买自住房屋", number(1), number(2)):
        assert secret not in dump
        assert secret.encode() not in raw


async def test_staged_rows_are_cleared_of_one_resource_only(agency, folder):
    version = await agency.load(two_files(folder)[0])
    other = as_dict(version) | {"id": STALE, "resource": "housing-fund-loan"}
    async with agency.store.transaction() as unit:
        await unit.save_upload(UploadVersion(**other))
        await unit.put_upload_rows(STALE, [UploadRow(bytes(32), 1, b"x")])

    await remove_staged(agency.store, RESOURCE)
    assert len(await all_versions(agency.store)) == 2
    await remove_staged(agency.store, "housing-fund-loan")
    assert await all_versions(agency.store) == [version]
