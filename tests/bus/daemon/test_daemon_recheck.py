"""A disputed result is asked for again, and only the requester sees what differs (R032)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from daemon_deeds import (
    bodies,
    case_of,
    clean,
    events,
    renew,
    review_desk,
    service,
    submit_draft,
)

from bus.daemon.recheck_service import RecheckService
from bus.daemon.rechecking import RecheckRefusedError
from bus.errors import InputError
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.difference import Change
from bus.model.messages import OutcomeKind
from bus.model.request import Recheck
from signer.envelope.kinds import Kind

pytestmark = pytest.mark.requirement("R032")

PURPOSE = "最低生活保障对象认定"


def desk(country, name="370000"):
    return RecheckService(service(country, name))


async def delivered(country, draft):
    query = await submit_draft(country, draft)
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    return query


async def test_a_recheck_is_a_query_of_its_own_under_the_dates_of_today(country, make_draft):
    draft = make_draft(3)
    old = await delivered(country, draft)
    country.clock.move(timedelta(days=2))
    renew(country)
    new = (await desk(country).recheck(old, "复核员", "DISPUTED_BY_PERSON")).query
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", new)
    assert (own.state, own.query) == (QueryState.DELIVERED, new)
    assert new != old
    (first,) = await bodies(country, "hub", old, Kind.APPLICATION)
    (again,) = await bodies(country, "hub", new, Kind.APPLICATION)
    earlier = await case_of(country, "370000", old)
    assert again.rechecks == Recheck(old.bytes, earlier.application, "DISPUTED_BY_PERSON")
    assert (await case_of(country, "hub", new, CaseRole.REVIEWER)).rechecks == again.rechecks
    assert again.applied_on == again.list_submitted_on == first.applied_on + timedelta(days=2)
    assert again.request.nonce != first.request.nonce
    assert again.request.lines == first.request.lines
    # The agencies answered it as any other query.
    assert len(country["hub.marriage"].connector.asked) == 2
    (noted,) = [
        e
        for e in await events(country, "370000")
        if e.event == Event.QUERY_SUBMITTED and e.query == new
    ]
    assert noted.detail["rechecks"] == str(old)


async def test_some_lines_and_persons_can_be_named(country, make_draft):
    draft = make_draft(4)
    old = await delivered(country, draft)
    (first,) = await bodies(country, "hub", old, Kind.APPLICATION)
    last = len(first.request.lines)
    made = await desk(country).recheck(old, "复核员", "OUTDATED", lines=(last,), persons=(2, 4))
    await country.settle()
    assert await clean(country)
    (again,) = await bodies(country, "hub", made.query, Kind.APPLICATION)
    assert again.person_count == 2
    assert again.first_named == draft.persons[1].name
    assert again.request.lines == (replace(first.request.lines[-1], line=1),)
    view = await service(country, "370000").result(made.query, "查阅员", PURPOSE)
    assert [(p.reference, p.name) for p in view.persons] == [
        (1, draft.persons[1].name),
        (2, draft.persons[3].name),
    ]
    assert view.rechecks == old


@pytest.mark.parametrize(
    ("reason", "lines", "persons", "code"),
    [
        ("BECAUSE", (), (), "RECHECK_REASON"),
        ("OUTDATED", (99,), (), "RECHECK_NUMBER"),
        ("OUTDATED", (), (3,), "RECHECK_NUMBER"),
        ("OUTDATED", (), (0,), "RECHECK_NUMBER"),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_nothing_is_sent(
    country, make_draft, reason, lines, persons, code
):
    old = await delivered(country, make_draft(2))
    with pytest.raises(InputError, match=code):
        await desk(country).recheck(old, "复核员", reason, lines=lines, persons=persons)
    assert len(await service(country, "370000").queries()) == 1


async def test_there_must_be_a_result_to_dispute(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    with pytest.raises(InputError, match="RECHECK_NOT_ENDED"):
        await desk(country).recheck(query, "复核员", "OUTDATED")
    await review_desk(country).refuse(query, "审查员", "PURPOSE_UNCLEAR")
    await country.settle()
    with pytest.raises(InputError, match="RECHECK_NOT_ENDED"):
        await desk(country).recheck(query, "复核员", "OUTDATED")


@pytest.mark.requirement("R022")
async def test_an_authorisation_that_has_run_out_since_is_not_used_again(country, make_draft):
    draft = make_draft(2)
    people = (replace(draft.persons[0], valid_until=draft.applied_on), draft.persons[1])
    old = await delivered(country, replace(draft, persons=people))
    country.clock.move(timedelta(days=1))
    renew(country)
    with pytest.raises(RecheckRefusedError) as refused:
        await desk(country).recheck(old, "复核员", "OUTDATED")
    assert refused.value.code == "RECHECK_REFUSED"
    assert [f.code for f in refused.value.findings] == ["CONSENT_EXPIRED", "HOUSEHOLD_REFUSED"]
    # Whoever's authorisation stands can be asked about.
    made = await desk(country).recheck(old, "复核员", "OUTDATED", persons=(2,))
    await country.settle()
    assert (await case_of(country, "370000", made.query)).state is QueryState.DELIVERED


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"query": UUID(int=7).bytes}, "RECHECK_UNKNOWN"),
        ({"application": bytes(32)}, "RECHECK_UNKNOWN"),
        ({"reason": "BECAUSE"}, "RECHECK_REASON"),
    ],
)
async def test_the_hub_checks_what_a_recheck_names(country, make_draft, monkeypatch, changed, code):
    old = await delivered(country, make_draft(1))
    named = "bus.daemon.rechecking.recheck_of"
    real = Recheck(old.bytes, (await case_of(country, "370000", old)).application, "OUTDATED")
    monkeypatch.setattr(named, lambda *_: replace(real, **changed))
    made = await desk(country).recheck(old, "复核员", "OUTDATED")
    await country.settle()
    at = await case_of(country, "hub", made.query, CaseRole.REVIEWER)
    assert at.state is QueryState.UNDER_REVIEW
    assert [f.code for f in at.findings] == [code]
    with pytest.raises(InputError, match="NOT_ACCEPTABLE"):
        await review_desk(country).accept(made.query, "审查员")


async def test_another_provinces_result_cannot_be_disputed(country, make_draft, monkeypatch):
    old = await delivered(country, make_draft(1))
    theirs = await submit_draft(country, make_draft(2), "320000")
    await country.settle()
    at = await case_of(country, "hub", theirs, CaseRole.REVIEWER)
    assert at.state is QueryState.DELIVERED
    other = Recheck(theirs.bytes, at.application, "OUTDATED")
    monkeypatch.setattr("bus.daemon.rechecking.recheck_of", lambda *_: other)
    made = await desk(country).recheck(old, "复核员", "OUTDATED")
    await country.settle()
    at = await case_of(country, "hub", made.query, CaseRole.REVIEWER)
    assert [f.code for f in at.findings] == ["RECHECK_OF_ANOTHER"]


async def test_a_query_that_is_not_done_cannot_be_disputed(country, make_draft, monkeypatch):
    old = await delivered(country, make_draft(1))
    agency = country["320000.housing-fund"]
    agency.answering, answering = None, agency.answering
    open_ = await submit_draft(country, make_draft(1))
    await country.settle()
    at = await case_of(country, "hub", open_, CaseRole.REVIEWER)
    named = Recheck(open_.bytes, at.application, "OUTDATED")
    monkeypatch.setattr("bus.daemon.rechecking.recheck_of", lambda *_: named)
    agency.answering = answering
    made = await desk(country).recheck(old, "复核员", "OUTDATED")
    await country["370000"].outbox.drain()
    await country["hub"].pump(country.cluster)
    at = await case_of(country, "hub", made.query, CaseRole.REVIEWER)
    assert [f.code for f in at.findings] == ["RECHECK_NOT_ENDED"]


def found_rows(country, draft, *statuses):
    """Make the marriage register answer on some persons, each with a record of that status."""
    connector = country["hub.marriage"].connector
    connector.rows = {
        ("marriage-registration", draft.persons[at].id_number): [
            {
                "name": draft.persons[at].name,
                "id_type": "111",
                "id_number": draft.persons[at].id_number,
                "status": status,
            }
        ]
        for at, status in enumerate(statuses)
        if status is not None
    }


@pytest.mark.requirement("R035")
async def test_the_difference_says_what_was_added_is_gone_and_changed(country, make_draft):
    draft = make_draft(4)
    found_rows(country, draft, "未婚", "已婚", None, "已婚")
    old = await delivered(country, draft)
    found_rows(country, draft, "已婚", None, "离婚", "已婚")
    new = (await desk(country).recheck(old, "复核员", "DISPUTED_BY_PERSON")).query
    await country.settle()
    assert await clean(country)
    told = await desk(country).difference(new, "查阅员", PURPOSE)
    assert (told.query, told.rechecks, told.reason) == (new, old, "DISPUTED_BY_PERSON")
    assert told.persons == 4
    said = {
        one.person.reference: (one.before, one.after, [r.change for r in one.records])
        for one in told.differences
        if one.resource == "marriage-registration"
    }
    found, nothing = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
    assert said[2] == (found, nothing, [Change.GONE])
    assert said[3] == (nothing, found, [Change.ADDED])
    assert said[1][:2] == (found, found)
    assert 4 not in said
    assert len(told.differences) == 3 < told.compared
    # Both results were read for it, and the books say by whom and what for.
    read = [e for e in await events(country, "370000") if e.event == Event.RESULT_READ]
    assert [(e.query, e.actor, e.detail["purpose"]) for e in read] == [
        (old, "operator:查阅员", PURPOSE),
        (new, "operator:查阅员", PURPOSE),
    ]


@pytest.mark.requirement("R033")
async def test_a_difference_is_read_for_the_purpose_of_the_application_only(country, make_draft):
    old = await delivered(country, make_draft(1))
    new = (await desk(country).recheck(old, "复核员", "OUTDATED")).query
    await country.settle()
    with pytest.raises(InputError, match="PURPOSE_DIFFERS"):
        await desk(country).difference(new, "查阅员", "商业用途")


async def test_only_a_recheck_with_answers_has_a_difference(manual_country, make_draft):
    country = manual_country
    old = await submit_draft(country, make_draft(1))
    await country.settle()
    await review_desk(country).accept(old, "审查员")
    await country.settle()
    with pytest.raises(InputError, match="NOT_A_RECHECK"):
        await desk(country).difference(old, "查阅员", PURPOSE)
    new = (await desk(country).recheck(old, "复核员", "OUTDATED")).query
    await country.settle()
    with pytest.raises(InputError, match="RECHECK_NOT_ANSWERED"):
        await desk(country).difference(new, "查阅员", PURPOSE)


@pytest.mark.requirement("R034")
async def test_neither_the_hub_nor_a_province_or_an_agency_can_read_the_difference(
    country, make_draft
):
    old = await delivered(country, make_draft(1))
    new = (await desk(country).recheck(old, "复核员", "OUTDATED")).query
    await country.settle()
    for name in ("hub", "320000", "hub.marriage"):
        with pytest.raises(InputError, match="QUERY_UNKNOWN"):
            await desk(country, name).difference(new, "查阅员", PURPOSE)
    # What they keep of the answers they passed on does not open for them.
    for name in ("hub", "320000"):
        for query in (old, new):
            async with country[name].store.transaction() as unit:
                answers = await unit.messages(query, Kind.ANSWER)
            assert all(stored.secret is None for stored in answers)
