"""What happens by itself each minute: files that arrive, periods that become late, old rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from upload_samples import ME, NOW, RESOURCE, Agency, csv_file, number, withdrawal, xlsx_file

from adapters.upload import inbox
from adapters.upload.inbox import DONE, REFUSED
from adapters.upload.load import LEASE_FOR, lease_name, load
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.messages import OutcomeKind
from bus.model.upload import UploadRow, UploadState, UploadVersion
from bus.ports.store_errors import StoreUnavailable

MINUTE = timedelta(minutes=1)


class Site:
    """An agency, its inbox, and what it says."""

    def __init__(self, agency):
        self.agency, self.lines = agency, StringIO()
        self.metrics, self.log = Metrics(ME), make_logger(ME, self.lines)
        self.inbox = agency.folder / "inbox"

    async def tend(self, now=NOW):
        await self.agency.connector.tend(now, self.metrics, self.log)

    async def tend_twice(self, now=NOW):
        await self.tend(now)
        await self.tend(now + MINUTE)

    def said(self):
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def events(self):
        return [(line["event"], line.get("code", "")) for line in self.said()]

    def value(self, name):
        return self.metrics.registry.get_sample_value(name, {"resource": RESOURCE})

    def here(self, *parts):
        folder = self.inbox.joinpath(*parts)
        return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.fixture
def site(folder, store):
    (folder / "inbox").mkdir()
    return Site(Agency(folder, store, {"inbox": "inbox"}))


@pytest.mark.requirement("R115")
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_a_file_that_has_stopped_growing_is_loaded_and_removed(site, suffix):
    path = site.inbox / f"{RESOURCE}@2026-06-30.{suffix}"
    (csv_file if suffix == "csv" else xlsx_file)(path, [withdrawal(1)])

    await site.tend()
    assert path.exists()
    await site.tend(NOW + MINUTE)

    assert site.here() == []
    assert site.here(DONE) == [f"{RESOURCE}@2026-06-30.20260703T020100Z.txt"]
    report = (site.inbox / DONE / site.here(DONE)[0]).read_text(encoding="utf-8")
    assert "1 行，合格 1 行" in report
    result = await site.agency.ask(1)
    assert result.outcomes[0].kind is OutcomeKind.FOUND
    [(event, actor, detail)] = await site.agency.events()
    assert (event, actor, detail["as_of"]) == ("upload.loaded", ME, "2026-06-30")
    assert ("upload.loaded", "") in site.events()
    assert site.value("hedui_upload_as_of_timestamp_seconds") == (
        datetime(2026, 6, 29, 16, tzinfo=UTC).timestamp()
    )


async def test_a_file_that_still_grows_waits(site):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])
    await site.tend()
    csv_file(path, [withdrawal(1), withdrawal(2)])
    await site.tend(NOW + MINUTE)
    assert path.exists()

    await site.tend(NOW + 2 * MINUTE)

    assert not path.exists()
    assert (await site.agency.ask(2)).outcomes[0].kind is OutcomeKind.FOUND


@pytest.mark.requirement("R115")
async def test_a_faulty_file_is_put_aside_with_its_report_and_nothing_of_it_is_said(site):
    path = site.inbox / f"{RESOURCE}@2026-06-30.csv"
    csv_file(path, [withdrawal(1, amount="机密金额", name="机密姓名")])
    content = path.read_bytes()

    await site.tend_twice()

    assert site.here() == []
    kept, report = site.here(REFUSED)
    assert (site.inbox / REFUSED / kept).read_bytes() == content
    text = (site.inbox / REFUSED / report).read_text(encoding="utf-8")
    assert "VALUE_INVALID" in text
    assert ("upload.refused", "UPLOAD_REFUSED") in site.events()
    for told in (text, site.lines.getvalue()):
        assert "机密" not in told
        assert number(1) not in told


@pytest.mark.parametrize(
    "name",
    ["fund.xlsx", f"{RESOURCE}@2026-13-01.csv", "vehicles@2026-06-30.csv", f"{RESOURCE}.csv"],
)
async def test_a_name_that_does_not_say_what_it_is_is_put_aside(site, name):
    csv_file(site.inbox / name, [withdrawal(1)])

    await site.tend_twice()

    assert site.here() == []
    assert len(site.here(REFUSED)) == 2
    assert ("upload.refused", "FILE_NAME") in site.events()
    assert name not in site.lines.getvalue()


async def test_other_files_links_and_folders_are_left_alone(site, folder):
    outside = csv_file(folder / "outside.csv", [withdrawal(1)])
    (site.inbox / f"{RESOURCE}@2026-06-30.csv").symlink_to(outside)
    (site.inbox / f"{RESOURCE}@2026-06-29.csv").mkdir()
    for name in ("~$x.xlsx", ".x.csv", "x.part"):
        (site.inbox / name).write_text("x")
    before = sorted(path.name for path in site.inbox.iterdir())

    await site.tend_twice()

    assert sorted(path.name for path in site.inbox.iterdir()) == before
    assert await site.agency.events() == []


async def test_while_another_load_runs_a_file_waits(site, store):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])
    async with store.transaction() as unit:
        await unit.lease(lease_name(RESOURCE), "another", NOW, NOW + LEASE_FOR)

    await site.tend_twice()
    assert path.exists()
    assert ("upload.waits", "UPLOAD_RUNNING") in site.events()

    await site.tend(NOW + LEASE_FOR)
    assert not path.exists()


async def test_a_file_that_cannot_be_moved_is_not_loaded_again_each_minute(site, monkeypatch):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])

    def denied(*_arguments, **_options):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.mkdir", denied)
    await site.tend_twice()
    await site.tend(NOW + 2 * MINUTE)

    assert path.exists()
    assert [event for event, _, _ in await site.agency.events()] == ["upload.loaded"]
    assert site.events().count(("upload.inbox", "INBOX_UNWRITABLE")) == 1


async def test_a_folder_that_has_gone_stops_nothing_else(site):
    site.inbox.rmdir()
    await site.tend()
    assert ("upload.inbox", "INBOX_UNREADABLE") in site.events()
    assert site.value("hedui_upload_late_days") == 0


@pytest.mark.requirement("R120")
async def test_a_period_that_becomes_late_is_told_once(site):
    for day in (3, 10, 11, 12):
        await site.tend(NOW.replace(day=day))
        assert site.value("hedui_upload_late_days") == max(0, day - 10)
    await site.tend(NOW.replace(month=8, day=11))

    late = [
        (actor, detail["period"], detail["due"])
        for event, actor, detail in await site.agency.events()
        if event == "upload.late"
    ]
    assert late == [(ME, "2026-06", "2026-07-10"), (ME, "2026-07", "2026-08-10")]
    told = [line["text"] for line in site.said() if line["event"] == "upload.late"]
    assert told == ["2026-06", "2026-07"]
    assert site.value("hedui_upload_late_days") == 32
    assert site.value("hedui_upload_as_of_timestamp_seconds") == 0


@pytest.mark.requirement("R120")
async def test_an_upload_ends_the_lateness(site, folder):
    await site.tend()
    late = NOW.replace(day=12)
    await site.tend(late)
    assert site.value("hedui_upload_late_days") == 2

    await site.agency.load(csv_file(folder / "a.csv", [withdrawal(1)]), now=late)
    await site.tend(late)

    assert site.value("hedui_upload_late_days") == 0


@pytest.mark.parametrize(
    ("schedule", "first_late", "label"),
    [
        pytest.param(
            "quarterly", date(2026, 7, 11), "2026-Q2", marks=pytest.mark.requirement("R121")
        ),
        pytest.param(
            "half-yearly", date(2026, 7, 11), "2026-H1", marks=pytest.mark.requirement("R122")
        ),
        pytest.param("yearly", date(2027, 1, 11), "2026", marks=pytest.mark.requirement("R123")),
    ],
)
async def test_other_schedules_become_late_on_their_own_days(
    folder, store, schedule, first_late, label
):
    site = Site(Agency(folder, store, {}, {"schedule": schedule}))
    await site.tend()
    # One in the morning of that day in China, and the last second of the day before.
    begins = datetime(first_late.year, first_late.month, first_late.day, tzinfo=UTC)
    begins -= timedelta(hours=8)

    await site.tend(begins - timedelta(seconds=1))
    assert await site.agency.events() == []
    await site.tend(begins)

    [(event, _, detail)] = await site.agency.events()
    assert (event, detail["period"]) == ("upload.late", label)


async def test_old_rows_go_and_what_a_load_left_is_cleared_away(site, folder, store):
    old = await site.agency.load(csv_file(folder / "a.csv", [withdrawal(1)]))
    await site.agency.load(csv_file(folder / "b.csv", [withdrawal(2)]))
    stale = await stage(store, old)

    await site.tend(NOW + timedelta(days=400))

    async with store.transaction() as unit:
        assert await unit.upload(stale.id) is None
        assert await unit.first_upload_row(stale.id) == 0
        assert await unit.first_upload_row(old.id) == 0
        gone = await unit.upload(old.id)
    assert gone is not None
    assert gone.destroyed == NOW + timedelta(days=400)
    assert ("upload.destroyed", "") in site.events()


async def test_what_is_being_loaded_is_not_cleared_away(site, folder, store):
    loaded = await site.agency.load(csv_file(folder / "a.csv", [withdrawal(1)]))
    stale = await stage(store, loaded)
    async with store.transaction() as unit:
        await unit.lease(lease_name(RESOURCE), "another", NOW, NOW + LEASE_FOR)

    await site.tend()

    async with store.transaction() as unit:
        assert await unit.first_upload_row(stale.id) == 1


async def stage(store, version):
    values = {name: getattr(version, name) for name in UploadVersion.__slots__}
    stale = UploadVersion(**values | {"id": UUID(int=1), "state": UploadState.STAGED})
    async with store.transaction() as unit:
        await unit.save_upload(stale)
        await unit.put_upload_rows(stale.id, [UploadRow(bytes(32), 1, b"x")])
    return stale


async def test_a_store_that_is_away_leaves_a_file_where_it_is(site, monkeypatch):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])
    await site.tend()

    def away():
        raise StoreUnavailable("STORE_DOWN", "数据库不可用", "the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(site.agency.store, "transaction", away)
        with pytest.raises(StoreUnavailable):
            await site.tend(NOW + MINUTE)
    assert path.exists()

    await site.tend(NOW + 2 * MINUTE)
    assert not path.exists()


async def test_of_two_instances_one_takes_what_arrives(site, folder, store):
    other = Site(Agency(folder, store, {"inbox": "inbox"}, key=site.agency.key))
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])

    for minute in range(3):
        await site.tend(NOW + minute * MINUTE)
        await other.tend(NOW + minute * MINUTE)

    assert not path.exists()
    assert [event for event, _, _ in await site.agency.events()] == ["upload.loaded"]
    assert not (site.inbox / REFUSED).exists()
    assert other.events() == []
    assert other.value("hedui_upload_as_of_timestamp_seconds") > 0


async def test_a_file_that_comes_under_the_same_name_while_one_is_loaded_is_kept(site, monkeypatch):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])

    async def overtaken(*given):
        loaded = await load(*given)
        csv_file(path, [withdrawal(1), withdrawal(2)])
        return loaded

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "load", overtaken)
        await site.tend_twice()
    assert path.exists()

    await site.tend_twice(NOW + 2 * MINUTE)

    assert not path.exists()
    assert (await site.agency.ask(2)).outcomes[0].kind is OutcomeKind.FOUND


async def test_a_file_that_was_loaded_and_not_removed_is_not_put_aside_as_faulty(site):
    path = csv_file(site.inbox / f"{RESOURCE}@2026-06-30.csv", [withdrawal(1)])
    content = path.read_bytes()
    await site.tend_twice()
    path.write_bytes(content)

    await site.tend_twice(NOW + 2 * MINUTE)

    assert site.here() == []
    assert not (site.inbox / REFUSED).exists()
    assert len(site.here(DONE)) == 2
    assert ("upload.again", "UPLOAD_AGAIN") in site.events()
    assert len(await site.agency.events()) == 1
