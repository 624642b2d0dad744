"""Lists of an adapter on real files: handed out, filled, taken back, answered from."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from list_samples import Sheet
from returns_site import (
    NOW,
    PEOPLE,
    RESOURCE,
    answering_of,
    audit_of,
    exported,
    fill,
    items,
    line,
    refusal,
)

from adapters.contract import Lookup, SourcePendingError, Subject, Task
from adapters.registry import open_connector
from adapters.returns.hand_out import hand_out
from adapters.returns.overview import waiting
from adapters.returns.take_back import take_back
from bus.cli import main
from bus.daemon.work import open_stored
from bus.errors import HeduiError
from bus.flow.answer import close_row
from bus.model.case import CaseRole, QueryState
from bus.model.messages import OutcomeKind

APPROVED = tuple(item for item in items() if item != "paid_to")


def lookup(order, number=1) -> Lookup:
    subjects = tuple(Subject(p.reference, p.name, p.id_type, p.id_number) for p in PEOPLE)
    task = Task(order.query, order.chain, 1, number, "370000", "b", "p", NOW + timedelta(days=7))
    return Lookup(RESOURCE, items(), None, None, subjects, task)


@pytest.mark.requirement("R117")
async def test_a_list_goes_out_comes_back_and_is_answered_from(site):
    order = await site.ordered()
    async with site.desk() as desk:
        connector = open_connector(desk.setup)
        await connector.check()
        with pytest.raises(SourcePendingError) as caught:
            await connector.lookup(lookup(order), NOW)
        assert caught.value.code == "RETURN_PENDING"
        assert [one.state for one in await waiting(desk, "template")] == ["WAITING"]
    (file,) = await exported(site)
    assert file.stat().st_mode & 0o777 == 0o600
    assert fill(file.read_bytes()).cell(3, "姓名").value == "测试甲"
    async with site.desk() as desk:
        assert [one.state for one in await waiting(desk, "template")] == ["OUT"]
        done = await take_back(desk, "template", fill(file.read_bytes()).saved())
        assert (done.found, done.not_found, done.not_answerable) == (1, 1, 0)
        assert (done.late, done.corrects) == (False, False)
        assert [one.state for one in await waiting(desk, "template")] == ["RETURNED"]
        result = await open_connector(desk.setup).lookup(lookup(order), NOW)
    assert result.as_of == done.as_of
    assert [o.kind for o in result.outcomes] == [OutcomeKind.FOUND, OutcomeKind.NOT_FOUND]
    (record,) = result.outcomes[0].records
    assert record["amount"] == Decimal("12.00")
    assert record["name"] == "测试甲"
    with pytest.raises(SourcePendingError):
        async with site.desk() as desk:
            await open_connector(desk.setup).lookup(lookup(order, number=2), NOW)


@pytest.mark.requirement("R035")
async def test_what_went_out_and_came_back_is_in_the_audit_chain_without_persons(site):
    order = await site.ordered()
    (file,) = await exported(site)
    filled = fill(file.read_bytes()).saved()
    async with site.desk("李雷") as desk:
        await take_back(desk, "template", filled)
        entries = await audit_of(desk, order.query)
    names = [event for event, _, _ in entries]
    assert names[-2:] == ["list.exported", "list.imported"]
    (_, sender, out), (_, taker, back) = entries[-2:]
    assert (sender, taker) == ("operator:王芳", "operator:李雷")
    assert out["persons"] == 2
    assert out["items"] == len(APPROVED)
    assert out["file"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (back["found"], back["not_found"], back["late"]) == (1, 1, 0)
    assert back["file"] == hashlib.sha256(filled).hexdigest()
    for word in (*(p.name for p in PEOPLE), *(p.id_number for p in PEOPLE), "李经办"):
        assert word not in repr(entries)
        assert word not in file.name


@pytest.mark.requirement("R117")
async def test_each_line_and_part_has_a_list_of_its_own_and_none_goes_out_twice(site):
    order = await site.ordered(line(1), line(2))
    await site.ordered(line(1), line(2), part=2, query=order.query)
    files = await exported(site)
    assert len(files) == 4
    assert await exported(site) == []
    async with site.desk() as desk:
        again = await hand_out(desk, "template", site.out, again=True)
    assert len(again.exported) == 4
    # An earlier copy of the same task may come back all the same.
    async with site.desk() as desk:
        await take_back(desk, "template", fill(files[0].read_bytes()).saved())
        again = await hand_out(desk, "template", site.out, again=True)
    assert len(again.exported) == 3


@pytest.mark.requirement("R052")
async def test_a_list_holds_what_the_order_names_and_the_agency_keeps(site):
    await site.ordered(asked=[line(1, items_=("name", "amount", "paid_to"))])
    (file,) = await exported(site)
    titles = set(Sheet(file.read_bytes()).columns)
    assert "提取金额（元）" in titles
    assert not titles & {"提取账户", "提取日期", "个人账号", "提取原因"}


async def test_rows_of_other_resources_do_not_concern_people(site):
    await site.ordered(line(1, "housing-fund-account"))
    assert await exported(site) == []


@pytest.mark.requirement("R066")
async def test_a_later_file_corrects_an_earlier_one_and_the_same_is_refused(site):
    order = await site.ordered()
    (file,) = await exported(site)
    first = fill(file.read_bytes())
    await_ = first.saved()
    async with site.desk() as desk:
        await take_back(desk, "template", await_)
    assert await refusal(site, await_) == "RETURN_TAKEN"
    first.put(4, 查询结果="无法答复", 无法答复原因="记录正在更正或存在争议")
    async with site.desk() as desk:
        done = await take_back(desk, "template", first.saved())
        assert done.corrects
        result = await open_connector(desk.setup).lookup(lookup(order), NOW)
    assert result.outcomes[1].code == "RECORD_DISPUTED"


@pytest.mark.requirement("R029")
async def test_a_late_list_is_taken_and_recorded_as_late(site):
    order = await site.ordered()
    (file,) = await exported(site)
    # The directory of the test is a day old at most; its grace is three days.
    filled = fill(file.read_bytes()).saved()
    async with site.desk(after=timedelta(days=8)) as desk:
        desk.participant.office.adopt(site.authorities.directory)
        done = await take_back(desk, "template", filled)
        entries = await audit_of(desk, order.query)
    assert done.late
    assert entries[-1][2]["late"] == 1


@pytest.mark.requirement("R066")
async def test_a_file_that_is_not_of_this_adapter_or_never_went_out_is_refused(site, tmp_path):
    await site.ordered()
    (file,) = await exported(site)
    strange = fill(file.read_bytes())
    token = strange.cover.cell(2, 2)
    token.value = token.value.replace(token.value[4:12], "00000000")
    assert await refusal(site, strange.saved()) == "RETURN_UNKNOWN"
    other = fill(file.read_bytes())
    token = other.cover.cell(2, 2)
    token.value = token.value.replace("-1-1-", "-1-2-")
    assert await refusal(site, other.saved()) == "RETURN_NOT_HANDED_OUT"
    assert await refusal(site, b"PK") == "WORKBOOK_FAULTS"


@pytest.mark.requirement("R066")
async def test_faults_of_a_list_change_nothing(site):
    await site.ordered()
    (file,) = await exported(site)
    wrong = fill(file.read_bytes())
    wrong.cell(3, "姓名").value = "测试丙"
    assert await refusal(site, wrong.saved()) == "WORKBOOK_FAULTS"
    async with site.desk() as desk:
        assert [one.state for one in await waiting(desk, "template")] == ["OUT"]


async def test_the_commands_of_one_kind_do_not_serve_the_other(site, medium):
    for place, kind in ((site, "medium"), (medium, "template")):
        async with place.desk() as desk:
            with pytest.raises(HeduiError) as caught:
                await hand_out(desk, kind, place.out)
            assert caught.value.code == "SOURCE_KIND_DIFFERS"


async def test_a_folder_that_is_not_there_is_named(site):
    await site.ordered()
    async with site.desk() as desk:
        with pytest.raises(HeduiError) as caught:
            await hand_out(desk, "template", site.folder / "none")
    assert caught.value.code == "OUT_NOT_A_FOLDER"


@pytest.mark.requirement("R025")
async def test_no_list_goes_out_or_comes_back_once_the_authority_fails(site):
    order = await site.ordered()
    (file,) = await exported(site)
    filled = fill(file.read_bytes()).saved()
    async with site.desk(after=timedelta(days=31)) as desk:
        desk.participant.office.adopt(site.authorities.directory)
        (one,) = await waiting(desk, "template")
        assert (one.state, one.line) == ("ORDER_EXPIRED", None)
        with pytest.raises(HeduiError) as caught:
            await take_back(desk, "template", filled)
        assert (caught.value.code, caught.value.where) == ("RETURN_UNAUTHORISED", "ORDER_EXPIRED")
        assert [event for event, _, _ in await audit_of(desk, order.query)][-1] == "list.exported"


@pytest.mark.requirement("R032")
async def test_once_the_answer_has_left_nothing_is_corrected_any_more(site):
    order = await site.ordered()
    (file,) = await exported(site)
    sheet = fill(file.read_bytes())
    async with site.desk() as desk:
        await take_back(desk, "template", sheet.saved())
        async with desk.books.store.transaction() as unit:
            case = await unit.case(order.query, CaseRole.AGENCY)
            await unit.save_case(close_row(case, case.rows[0], [bytes(32)], NOW))
    sheet.put(4, 查询结果="无法答复", 无法答复原因="记录正在更正或存在争议")
    assert await refusal(site, sheet.saved()) == "RETURN_ANSWERED"


@pytest.mark.requirement("R031")
async def test_a_list_of_a_withdrawn_query_is_not_taken(site):
    order = await site.ordered()
    (file,) = await exported(site)
    async with site.desk() as desk:
        async with desk.books.store.transaction() as unit:
            case = await unit.case(order.query, CaseRole.AGENCY)
            await unit.save_case(replace(case, state=QueryState.CANCELLED))
        assert await waiting(desk, "template") == []
    assert await refusal(site, fill(file.read_bytes()).saved()) == "RETURN_ENDED"


@pytest.mark.requirement("R117")
async def test_the_daemon_answers_from_what_was_taken_back(site):
    """The row waits alone until the list is back; then one answer goes out, sealed."""
    order = await site.ordered()
    (file,) = await exported(site)
    async with site.desk() as desk:
        answering = answering_of(desk)
        assert await answering.answer_open_rows() == 0
    async with site.desk() as desk:
        await take_back(desk, "template", fill(file.read_bytes()).saved())
    async with site.desk(after=timedelta(minutes=2)) as desk:
        answering = answering_of(desk)
        assert await answering.answer_open_rows() == 1
        async with desk.books.store.transaction() as unit:
            (stored,) = await unit.messages(order.query, "Answer")
        answer = open_stored(desk.participant.office, stored).body
    assert [one.outcome for one in answer.outcomes] == [OutcomeKind.FOUND, OutcomeKind.NOT_FOUND]
    assert answer.record_count == 1


@pytest.mark.requirement("R117")
async def test_the_commands_of_lists(site, capsys):
    await site.ordered()
    # The commands start a loop of their own.
    await asyncio.to_thread(_by_command, site, capsys)


def _by_command(site, capsys):
    at_centre = ("-c", site.config, "--operator", "王芳")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        told = capsys.readouterr()
        return ended.value.code, told.out + told.err

    assert run("template", "list", *at_centre)[1].count("WAITING") == 1
    code, told = run("template", "export", *at_centre, "--out", site.out)
    (file,) = site.out.iterdir()
    assert (code, str(file) in told) == (0, True)
    assert "没有新的清单" in run("template", "export", *at_centre, "--out", site.out)[1]
    code, told = run("template", "import", file, *at_centre)
    assert (code, "AS_OF_MISSING" in told) == (2, True)
    file.write_bytes(fill(file.read_bytes()).saved())
    code, told = run("template", "import", file, *at_centre)
    assert (code, "查得 1，未查得 1，无法答复 0" in told) == (0, True)
    assert run("template", "list", *at_centre)[1].count("RETURNED") == 1


@pytest.mark.requirement("R066")
async def test_a_medium_without_hard_links_will_do(site, monkeypatch):
    """As FAT and exFAT, which sticks have, know none."""
    await site.ordered()

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refused)
    (file,) = await exported(site)
    assert [one.name for one in site.out.iterdir()] == [file.name]
