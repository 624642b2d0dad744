"""A call for evidence from its opening to its end, on both sides (R022-R026)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from types import SimpleNamespace
from uuid import UUID

import pytest
from flow_samples import NOW, QUERY

from bus.errors import InputError, RefusedError
from bus.flow import evidence as flow
from bus.flow.evidence import EvidenceRules
from bus.flow.evidence_manifest import check_call, check_chunk, check_manifest, check_transfer
from bus.model.case import Case, CaseRole, QueryState
from bus.model.evidence import (
    EvidenceChunk,
    EvidenceEntry,
    FileContent,
    ItemState,
    Notice,
    Transfer,
    TransferDocument,
    TransferState,
)
from bus.model.messages import Finding
from bus.rules import places
from bus.rules.evidence_file import CHUNK, MAX_SIZE
from bus.rules.working_days import Calendar
from bus.rules.year_table import read_year_table

CALL = UUID(int=5)
CALENDAR = Calendar()
CASE = Case(
    QUERY, CaseRole.REVIEWER, "370000", QueryState.STARTED, NOW, NOW, b"\x0a" * 32, person_count=9
)
RULES = EvidenceRules()
DIGEST = b"d" * 32


def opened(persons=(3, 1), kinds=("authorisation",), reason="SAMPLE", now=NOW, calendar=CALENDAR):
    return flow.open_call(CALL, CASE, persons, kinds, reason, "审查员", calendar, now)


def taken(body, now=NOW):
    message = SimpleNamespace(header=SimpleNamespace(source="hub"), received=now)
    return flow.take_request(replace(CASE, role=CaseRole.REQUESTER), message, body)


def states(call):
    return [(item.person, item.state.value, item.code) for item in call.items]


def arrived(call, *persons):
    kind = call.items[0].kind
    return flow.received(call, {(person, kind): (UUID(int=person),) for person in persons})


@pytest.mark.requirement("R024")
@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 4, 30, 2, tzinfo=UTC), datetime(2026, 5, 11, 16, tzinfo=UTC)),
        (datetime(2026, 9, 30, 2, tzinfo=UTC), datetime(2026, 10, 13, 16, tzinfo=UTC)),
    ],
)
def test_evidence_is_due_at_the_end_of_the_fifth_working_day(now, last):
    call, send = opened(now=now)
    assert call.due == send.body.due == last
    assert (send.destination, send.readers) == ("370000", ("370000",))
    assert states(call) == [(1, "OPEN", None), (3, "OPEN", None)]


@pytest.mark.requirement("R026")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"persons": ()}, "EVIDENCE_PERSONS"),
        ({"persons": (0,)}, "EVIDENCE_PERSONS"),
        ({"persons": (1, 10)}, "EVIDENCE_PERSONS"),
        ({"kinds": ()}, "EVIDENCE_KIND_UNKNOWN"),
        ({"kinds": ("passport",)}, "EVIDENCE_KIND_UNKNOWN"),
        ({"reason": "BECAUSE"}, "EVIDENCE_REASON_UNKNOWN"),
    ],
)
def test_a_call_for_nobody_or_nothing_known_is_refused_with_what_there_is(changed, code):
    with pytest.raises(InputError) as caught:
        opened(**changed)
    assert caught.value.code == code


@pytest.mark.requirement("R026")
def test_the_three_kinds_of_the_rule_can_be_called_up_by_their_chinese_names():
    call, send = opened(persons=(2,), kinds=("身份证明", "授权书", "委托书"), reason="抽查")
    assert send.body.kinds == ("identity", "authorisation", "entrustment")
    assert [item.kind for item in call.items] == list(send.body.kinds)
    assert call.reason == "SAMPLE"


@pytest.mark.requirement("R024")
def test_the_requester_keeps_the_call_and_refuses_one_that_cannot_be():
    _, send = opened()
    call = taken(send.body)
    assert (call.id, call.due, call.owed) == (CALL, send.body.due, True)
    for changed in ({"persons": (10,)}, {"persons": ()}, {"kinds": ("x",)}, {"kinds": ()}):
        with pytest.raises(RefusedError) as caught:
            taken(replace(send.body, **changed))
        assert caught.value.code == "EVIDENCE_REQUEST_INVALID"


@pytest.mark.requirement("R024")
def test_a_warning_then_overdue_each_once_and_what_is_here_is_not_owed():
    call, _ = opened()
    assert flow.remind(call, CALENDAR, RULES, NOW) == (call, None)
    soon = call.due - RULES.warn_before
    warned, first = flow.remind(call, CALENDAR, RULES, soon)
    assert (first.body.notice, first.body.number, warned.warned) == (Notice.WARNING, 1, soon)
    assert flow.remind(warned, CALENDAR, RULES, call.due - timedelta(milliseconds=1))[1] is None
    late, second = flow.remind(warned, CALENDAR, RULES, call.due)
    assert (second.body.notice, second.body.number, late.overdue) == (Notice.OVERDUE, 2, call.due)
    assert flow.remind(late, CALENDAR, RULES, call.due + timedelta(days=9))[1] is None
    here = arrived(call, 1, 3)
    assert flow.remind(here, CALENDAR, RULES, call.due)[1] is None
    assert not here.owed


@pytest.mark.requirement("R024")
def test_a_term_that_rests_on_an_estimate_is_counted_again_with_the_years_table():
    now = datetime(2027, 4, 28, 2, tzinfo=UTC)
    call, _ = opened(now=now)
    assert call.provisional
    days = ", ".join(f"2027-05-{day:02}" for day in range(1, 7))
    table = read_year_table(f'year = 2027\nsource = "通知"\nholidays = [{days}]\nworkdays = []\n')
    known = Calendar([table])
    counted, _ = flow.remind(call, known, RULES, now)
    assert counted.due == known.add_working_days(now, 5).end
    assert (counted.due > call.due, counted.provisional) == (True, False)


@pytest.mark.requirement("R026")
def test_what_is_sent_back_is_owed_anew_within_a_term_of_its_own():
    call = arrived(opened()[0], 1, 3)
    later = NOW + timedelta(days=3)
    judged, send = flow.judge(call, False, "无法辨认", {(3, "authorisation")}, CALENDAR, later)
    assert states(judged) == [(1, "RECEIVED", None), (3, "REJECTED", "UNREADABLE")]
    assert (judged.owed, judged.due) == (True, CALENDAR.add_working_days(later, 5).end)
    assert [(v.person, v.accepted, v.code) for v in send.body.verdicts] == [
        (3, False, "UNREADABLE")
    ]
    done, send = flow.judge(judged, True, None, (), CALENDAR, later)
    assert states(done)[0] == (1, "ACCEPTED", None)
    assert done.closed is None
    done = arrived(done, 3)
    done, send = flow.judge(done, True, None, (), CALENDAR, later)
    assert (done.closed, send.body.number) == (later, 3)


@pytest.mark.requirement("R026")
def test_only_what_is_here_can_be_judged_and_only_with_a_known_reason():
    call = arrived(opened()[0], 1)
    for chosen in ({(3, "authorisation")}, {(1, "authorisation"), (3, "authorisation")}):
        with pytest.raises(InputError) as caught:
            flow.judge(call, True, None, chosen, CALENDAR, NOW)
        assert caught.value.code == "EVIDENCE_NOTHING_TO_JUDGE"
    with pytest.raises(InputError) as caught:
        flow.judge(call, False, "UGLY", (), CALENDAR, NOW)
    assert caught.value.code == "EVIDENCE_FAULT_UNKNOWN"
    assert "UNREADABLE" in caught.value.remedy_en


@pytest.mark.requirement("R024")
def test_notices_in_any_order_leave_the_requester_with_the_same_call():
    hub, send = opened()
    mine = flow.sent(taken(send.body), {(p, "authorisation"): (UUID(int=p),) for p in (1, 3)})
    hub = arrived(hub, 1, 3)
    notices = []
    hub, said = flow.judge(hub, False, "INCOMPLETE", {(1, "authorisation")}, CALENDAR, NOW)
    notices.append(said)
    hub, said = flow.judge(hub, True, None, {(3, "authorisation")}, CALENDAR, NOW)
    notices.append(said)
    hub, said = flow.remind(hub, CALENDAR, RULES, hub.due)
    notices.append(said)
    ends = set()
    for order in permutations(notices):
        call = mine
        for notice in order:
            call = flow.take_review(call, notice.body, NOW)
        ends.add((tuple(states(call)), call.due, call.overdue is not None, call.notices))
    assert ends == {
        (((1, "REJECTED", "INCOMPLETE"), (3, "ACCEPTED", None)), hub.due, True, 3),
    }


@pytest.mark.requirement("R026")
def test_findings_that_name_persons_raise_their_rate_and_others_everybodys():
    rules = EvidenceRules(seed=b"s" * 32, sample_rate=0.0, doubt_rate=1.0)
    named = Finding("X", "疑", "doubt", places.persons([2, 4]))
    assert flow.drawn(CASE, rules) == ((), "SAMPLE")
    assert flow.drawn(replace(CASE, findings=(named,)), rules) == ((2, 4), "DOUBT")
    whole = Finding("X", "疑", "doubt", places.form("用途"))
    assert flow.drawn(replace(CASE, findings=(whole,)), rules) == (tuple(range(1, 10)), "DOUBT")
    without = EvidenceRules(sample_rate=1.0)
    assert flow.drawn(replace(CASE, findings=(whole,)), without) == ((), "SAMPLE")
    everybody = EvidenceRules(seed=b"s" * 32, sample_rate=1.0)
    assert flow.drawn(CASE, everybody) == (tuple(range(1, 10)), "SAMPLE")


ENTRY = EvidenceEntry(
    1, 3, "authorisation", "P3-1.pdf", "application/pdf", CHUNK + 1, DIGEST, (DIGEST, DIGEST)
)


@pytest.mark.requirement("R026")
@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ((), "EVIDENCE_MANIFEST"),
        ((replace(ENTRY, number=2),), "EVIDENCE_MANIFEST"),
        (tuple(replace(ENTRY, number=n) for n in range(1, 52)), "EVIDENCE_MANIFEST"),
        ((replace(ENTRY, person=2),), "EVIDENCE_NOT_CALLED"),
        ((replace(ENTRY, kind="identity"),), "EVIDENCE_NOT_CALLED"),
        ((replace(ENTRY, person=1),), "EVIDENCE_NOT_CALLED"),
        ((replace(ENTRY, name="../../etc/passwd.pdf"),), "EVIDENCE_NAME"),
        ((replace(ENTRY, name="张三.pdf"),), "EVIDENCE_NAME"),
        ((replace(ENTRY, media_type="application/zip"),), "EVIDENCE_TYPE"),
        ((replace(ENTRY, size=0, chunks=()),), "EVIDENCE_EMPTY"),
        ((replace(ENTRY, size=MAX_SIZE + 1, chunks=(DIGEST,) * 201),), "EVIDENCE_TOO_LARGE"),
        ((replace(ENTRY, chunks=(DIGEST,)),), "EVIDENCE_CHUNKS"),
        ((replace(ENTRY, size=CHUNK),), "EVIDENCE_CHUNKS"),
        ((ENTRY, replace(ENTRY, number=2, size=-1)), "EVIDENCE_EMPTY"),
    ],
)
def test_a_manifest_that_does_not_fit_the_call_is_refused(entries, code):
    call = arrived(opened()[0], 1, 3)
    call, _ = flow.judge(call, True, None, {(1, "authorisation")}, CALENDAR, NOW)
    check_manifest(call, (ENTRY,))
    with pytest.raises(RefusedError) as caught:
        check_manifest(call, entries)
    assert caught.value.code == code


@pytest.mark.requirement("R026")
def test_evidence_for_another_query_or_from_another_requester_finds_no_call():
    call, _ = opened()
    assert check_call(call, QUERY, "370000") is call
    for found, query, source, code in (
        (None, QUERY, "370000", "EVIDENCE_CALL_UNKNOWN"),
        (call, UUID(int=9), "370000", "EVIDENCE_CALL_UNKNOWN"),
        (call, QUERY, "320000", "EVIDENCE_CALL_UNKNOWN"),
        (replace(call, closed=NOW), QUERY, "370000", "EVIDENCE_CALL_CLOSED"),
    ):
        with pytest.raises(RefusedError) as caught:
            check_call(found, query, source)
        assert caught.value.code == code


@pytest.mark.requirement("R023")
def test_a_chunk_that_is_altered_or_not_listed_is_named():
    data = b"%PDF-1.7"
    content = FileContent("", "application/pdf", 8, DIGEST, (hashlib.sha256(data).digest(),))
    check_chunk(content, EvidenceChunk(DIGEST, 2, 1, data))
    for chunk, code, where in (
        (EvidenceChunk(DIGEST, 2, 1, data + b"\0"), "EVIDENCE_CHUNK_DIFFERS", "chunk 1"),
        (EvidenceChunk(DIGEST, 2, 2, data), "EVIDENCE_CHUNK_UNKNOWN", "chunk 2"),
        (EvidenceChunk(DIGEST, 2, 0, data), "EVIDENCE_CHUNK_UNKNOWN", "chunk 0"),
    ):
        with pytest.raises(RefusedError) as caught:
            check_chunk(content, chunk)
        assert (caught.value.code, caught.value.where) == (code, f"document 2 {where}")


def test_items_keep_what_was_sent_until_they_are_judged():
    _, send = opened()
    call = flow.sent(taken(send.body), {(1, "authorisation"): (UUID(int=1),)})
    assert states(call) == [(1, ItemState.SENT, None), (3, ItemState.OPEN, None)]
    assert call.items[0].documents == (UUID(int=1),)


@pytest.mark.requirement("R026")
def test_a_chunk_played_again_in_another_query_or_call_is_refused():
    document = TransferDocument(UUID(int=1), UUID(int=2), 3, "authorisation", 1)
    mine = Transfer(DIGEST, CALL, QUERY, False, TransferState.OPEN, NOW, (document,))
    chunk = EvidenceChunk(DIGEST, 1, 1, b"%PDF-")
    assert check_transfer(mine, CALL, QUERY, chunk) is document
    for transfer, call, query, changed, code in (
        (mine, CALL, UUID(int=9), chunk, "EVIDENCE_CHUNK_FOREIGN"),
        (mine, UUID(int=9), QUERY, chunk, "EVIDENCE_CHUNK_FOREIGN"),
        (replace(mine, outgoing=True), CALL, QUERY, chunk, "EVIDENCE_CHUNK_FOREIGN"),
        (mine, CALL, QUERY, replace(chunk, document=2), "EVIDENCE_CHUNK_UNKNOWN"),
        (mine, CALL, QUERY, replace(chunk, document=0), "EVIDENCE_CHUNK_UNKNOWN"),
    ):
        with pytest.raises(RefusedError) as caught:
            check_transfer(transfer, call, query, changed)
        assert caught.value.code == code


@pytest.mark.requirement("R067")
def test_who_was_taken_out_of_a_query_is_neither_drawn_nor_called_up():
    case = replace(CASE, person_count=7, withdrawn=(2, 9))
    everybody = EvidenceRules(seed=b"s" * 32, sample_rate=1.0)
    assert flow.drawn(case, everybody) == ((1, 3, 4, 5, 6, 7, 8), "SAMPLE")
    for person in (2, 9, 10, 0):
        with pytest.raises(InputError) as caught:
            flow.open_call(CALL, case, (1, person), ("identity",), "SAMPLE", "x", CALENDAR, NOW)
        assert caught.value.code == "EVIDENCE_PERSONS"
        with pytest.raises(InputError):
            flow.check_person(case, person)
    flow.check_person(case, 8)
