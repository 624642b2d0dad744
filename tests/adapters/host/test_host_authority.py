"""The authority of a row, verified again before each lookup: every check, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from host_desk import ACCOUNT, AGENCY, LOAN, NOW, make_desk

from adapters.host import row_answer
from adapters.host.authority import CODES, authorise
from adapters.host.row_answer import ROW_RETRY_AFTER
from bus.daemon.work import open_stored
from bus.errors import PendingError, RefusedError
from bus.model.audit import Event
from bus.model.case import CaseRole, RowState
from signer.directory.view import Directory, KeyUse, Offer, Standing
from signer.envelope.format import read_envelope

HOUR = timedelta(hours=1)


@pytest.fixture
async def desk():
    made = make_desk()
    await made.store.open()
    return made


class Ground:
    """An order in an agency's books, and its authority as often as it is asked."""

    def __init__(self, desk, message, case):
        self.desk, self.message, self.case = desk, message, case
        self.row, self.directory, self.now = case.rows[0], desk.office.directory, NOW

    def list(self, name, **changed):
        listed = dict(self.directory.participants)
        listed[name] = replace(listed[name], **changed)
        self.directory = Directory(
            self.directory.version, self.directory.issued, self.directory.expires, listed
        )

    def ask(self):
        return authorise(self.message, self.case, self.row, self.directory, AGENCY, self.now)

    def refused(self):
        with pytest.raises(RefusedError) as caught:
            self.ask()
        assert caught.value.code in CODES
        return caught.value.code

    def waits(self):
        with pytest.raises(PendingError) as caught:
            self.ask()
        return caught.value.code


async def stored(desk, order):
    async with desk.store.transaction() as unit:
        (kept,) = await unit.messages(order.query, "Roster")
        case = await unit.case(order.query, CaseRole.AGENCY)
    return kept, case


@pytest.fixture
async def ground(desk):
    order = desk.order(desk.line(1))
    await desk.take(order)
    kept, case = await stored(desk, order)
    return Ground(desk, open_stored(desk.office, kept), case)


def end_keys(participant, at):
    return tuple(
        replace(key, not_after=at) if key.use is KeyUse.SIGNING else key for key in participant.keys
    )


@pytest.mark.requirement("R018")
async def test_a_whole_authority_says_what_may_be_asked_and_for_whom(desk):
    line = replace(desk.line(1), items=("name", "balance", "account"))
    order = desk.order(line, ordered=[replace(line, items=("name", "balance"))])
    await desk.take(order)
    kept, case = await stored(desk, order)
    ground = Ground(desk, open_stored(desk.office, kept), case)
    found = ground.ask()
    assert (found.requester, found.query, found.resource) == ("370000", order.query, ACCOUNT)
    assert found.readers == case.request.readers
    (only,) = found.lines
    assert (only.line, only.items, only.time_from) == (1, ("name", "balance"), None)
    assert (only.due, only.withdrawn, found.late) == (NOW + timedelta(days=7), False, False)


@pytest.mark.requirement("R030")
async def test_a_term_that_has_passed_forbids_nothing_and_is_told(ground):
    ground.now = NOW + timedelta(days=8)
    assert ground.ask().late


@pytest.mark.requirement("R029")
async def test_an_order_that_has_run_out_is_no_authority(ground):
    ground.now = NOW + timedelta(days=31)
    assert ground.refused() == "ORDER_EXPIRED"


async def test_what_is_no_order_to_me_is_no_authority(ground):
    ground.message = replace(ground.message, body=None)
    assert ground.refused() == "ORDER_ABSENT"


@pytest.mark.parametrize(
    "changed",
    [
        {"requester": "500000"},
        {"application": b"\x0b" * 32},
        {"request": None},
    ],
    ids=str,
)
async def test_a_case_that_differs_from_its_order_is_no_authority(ground, changed):
    ground.case = replace(ground.case, **changed)
    assert ground.refused() == "ROW_DIFFERS"


@pytest.mark.requirement("R034")
async def test_readers_written_into_the_case_are_found_out(ground):
    others = ground.desk.offices["320000"].ring.encryption_keys[:1]
    ground.case = replace(ground.case, request=replace(ground.case.request, readers=others))
    assert ground.refused() == "ROW_DIFFERS"


@pytest.mark.parametrize(
    "changed", [{"resource": LOAN}, {"part": 2}, {"order": b"\x0c" * 32}], ids=str
)
async def test_a_row_that_differs_from_its_order_is_no_authority(ground, changed):
    ground.row = replace(ground.row, **changed)
    assert ground.refused() == "ROW_DIFFERS"


async def test_a_signature_changed_in_the_store_is_found_out(ground):
    # Signatures stand outside of every digest, so that only verifying them tells.
    opened = ground.message.opened
    *others, last = opened.envelope.seals
    value = bytearray(last.signature.value)
    value[3] ^= 1
    seal = replace(last, signature=replace(last.signature, value=bytes(value)))
    envelope = replace(opened.envelope, seals=(*others, seal))
    ground.message = replace(ground.message, opened=replace(opened, envelope=envelope))
    assert ground.refused() == "CHAIN_UNVERIFIED"


@pytest.mark.requirement("R007")
async def test_a_key_revoked_from_before_the_receipt_on_is_found_out(ground):
    hub = ground.directory.get("hub")
    keys = tuple(replace(key, revoked=NOW - HOUR) for key in hub.keys)
    ground.list("hub", keys=keys)
    assert ground.refused() == "CHAIN_UNVERIFIED"


async def test_a_directory_behind_the_signers_is_waited_for(ground):
    old = ground.directory
    ground.directory = Directory(0, old.issued, old.expires, old.participants)
    assert ground.waits() == "DIRECTORY_BEHIND"


@pytest.mark.requirement("R007")
@pytest.mark.parametrize(
    ("name", "code", "waiting"),
    [
        ("370000", "REQUESTER_NOT_CONNECTED", "REQUESTER_SUSPENDED"),
        ("320000", "ORDERER_NOT_CONNECTED", "ORDERER_SUSPENDED"),
        ("hub", "ORDERER_NOT_CONNECTED", "ORDERER_SUSPENDED"),
    ],
)
async def test_whoever_asks_or_orders_is_connected_and_certified_now(ground, name, code, waiting):
    listed, keys = ground.directory, ground.directory.get(name).keys
    ground.list(name, standing=Standing.SUSPENDED)
    assert ground.waits() == waiting
    for standing in (Standing.WITHDRAWN, Standing.TESTED, Standing.CERTIFIED):
        ground.list(name, standing=standing)
        assert ground.refused() == code
    ground.directory, ground.now = listed, NOW + 2 * HOUR
    ground.list(name, keys=end_keys(listed.get(name), NOW + HOUR))
    assert ground.refused() == code
    ground.list(name, keys=keys)
    assert ground.ask().lines


def asking(ground, **changed):
    """Let roster and case say another request than was signed, as check 0 would have found out."""
    request = ground.case.request
    request = replace(request, lines=(replace(request.lines[0], **changed),))
    ground.message = replace(ground.message, body=replace(ground.message.body, request=request))
    ground.case = replace(ground.case, request=request)


@pytest.mark.requirement("R052")
@pytest.mark.parametrize("changed", [{"items": ("balance",)}, {"resource": LOAN}, {"line": 2}])
async def test_an_order_beyond_its_request_is_no_authority(ground, changed):
    asking(ground, **changed)
    assert ground.refused() == "LINE_NOT_REQUESTED"


@pytest.mark.requirement("R050")
@pytest.mark.requirement("R051")
@pytest.mark.parametrize("provider", ["370000", "hub"])
async def test_a_line_that_names_another_provider_is_no_authority(ground, provider):
    asking(ground, provider=provider)
    assert ground.refused() == "PROVIDER_NOT_ASKED"


@pytest.mark.requirement("R018")
@pytest.mark.parametrize("missing", ["hub", "320000"])
async def test_an_order_that_did_not_come_down_from_the_hub_is_no_authority(ground, missing):
    opened = ground.message.opened
    *above, last = opened.statements
    kept = [replace(one, order=None) if one.sender == missing else one for one in above]
    if missing == last.sender:
        kept[-1] = replace(kept[-1], to=AGENCY)
    else:
        kept.append(last)
    statements = tuple(kept)
    ground.message = replace(ground.message, opened=replace(opened, statements=statements))
    assert ground.refused() == "PATH_NOT_ORDERED"


@pytest.mark.requirement("R034")
async def test_a_reader_that_is_not_listed_is_no_reader(ground):
    keys = ground.directory.get("370000").keys
    ground.list("370000", keys=tuple(k for k in keys if k.use is not KeyUse.ENCRYPTION))
    assert ground.refused() == "READER_NOT_LISTED"


@pytest.mark.requirement("R051")
async def test_an_agency_that_moved_elsewhere_has_no_authority_any_more(desk):
    order = desk.order(desk.line(1))
    await desk.take(order)
    kept, case = await stored(desk, order)
    ground = Ground(desk, open_stored(desk.office, kept), case)
    ground.list(AGENCY, parent="hub")
    # It shows first in the chain: the last step is no edge of the tree any more.
    assert ground.refused() == "CHAIN_UNVERIFIED"


@pytest.mark.requirement("R037")
@pytest.mark.parametrize("offers", [(), (Offer(ACCOUNT, ("status",), 5),)], ids=["none", "fewer"])
async def test_an_offer_withdrawn_since_is_answered_without_a_lookup(ground, offers):
    ground.list(AGENCY, offers=offers)
    (line,) = ground.ask().lines
    assert line.withdrawn
    desk = ground.desk
    desk.office.adopt(ground.directory)
    assert await desk.answering.answer_open_rows() == 1
    assert not desk.source.asked
    (answer,) = await desk.answers(ground.case.query)
    assert {one.code for one in answer.body.outcomes} == {"OFFER_WITHDRAWN"}
    assert await events_of(desk, Event.LOOKUP_BEGUN) == []


async def events_of(desk, event):
    async with desk.store.transaction() as unit:
        return [e.event.detail for e in await unit.audit(0, 100) if e.event.event == event]


def refusals(desk, code):
    registry = desk.answering.metrics.registry
    return registry.get_sample_value("hedui_authority_refused_total", {"code": code})


@pytest.mark.requirement("R078")
async def test_a_row_without_authority_is_never_looked_up_and_told_of_once(desk, monkeypatch):
    order, good = desk.order(desk.line(1)), desk.order(desk.line(1))
    await desk.take(order, good)
    async with desk.store.transaction() as unit:
        case = await unit.case(order.query, CaseRole.AGENCY)
        forged = replace(case.request, readers=desk.offices["320000"].ring.encryption_keys[:1])
        await unit.save_case(replace(case, request=forged))
    assert refusals(desk, "ROW_DIFFERS") == 0
    for _ in range(3):
        await desk.answering.answer_open_rows()
        desk.clock.move(ROW_RETRY_AFTER)
    assert [lookup.task.query for lookup in desk.source.asked] == [good.query]
    assert await desk.answers(order.query) == []
    async with desk.store.transaction() as unit:
        assert (await unit.case(order.query, CaseRole.AGENCY)).rows[0].state is RowState.OPEN
    (entry,) = await events_of(desk, Event.AUTHORITY_REFUSED)
    assert (entry["code"], entry["resource"], entry["order"]) == (
        *("ROW_DIFFERS", ACCOUNT),
        order.chain.hex(),
    )
    assert refusals(desk, "ROW_DIFFERS") == 3
    assert desk.log.getvalue().count("authority.refused") == 1
    # Once it holds again it is answered.
    async with desk.store.transaction() as unit:
        await unit.save_case(case)
    assert await desk.answering.answer_open_rows() == 1


@pytest.mark.parametrize("what", ["secret", "body", "gone"])
async def test_a_roster_damaged_in_the_store_is_refused_by_code(desk, monkeypatch, what):
    order = desk.order(desk.line(1))
    await desk.take(order)
    kept, _ = await stored(desk, order)
    if what == "secret":
        kept = replace(kept, secret=bytes(len(kept.secret)))
    else:
        envelope = read_envelope(kept.envelope)
        flipped = bytes([envelope.ciphertext[0] ^ 1]) + envelope.ciphertext[1:]
        kept = replace(kept, envelope=kept.envelope.replace(envelope.ciphertext, flipped))
    found = [] if what == "gone" else [kept]

    class Tampered:
        """The desk's store, its roster replaced."""

        def transaction(self):
            return Transaction(desk.store.transaction())

    class Transaction:
        def __init__(self, inner):
            self.inner = inner

        async def __aenter__(self):
            unit = await self.inner.__aenter__()

            async def messages(query, kind):
                return found

            monkeypatch.setattr(unit, "messages", messages)
            return unit

        async def __aexit__(self, *raised):
            return await self.inner.__aexit__(*raised)

    desk.answering._rows.store = Tampered()
    assert await desk.answering.answer_open_rows() == 0
    assert not desk.source.asked
    code = "ROW_WITHOUT_ORDER" if what == "gone" else "ARCHIVE_DAMAGED"
    assert refusals(desk, code) == 1


async def test_whatever_stands_in_the_store_stops_no_other_row(desk, monkeypatch):
    odd, good = desk.order(desk.line(1)), desk.order(desk.line(1))
    await desk.take(odd, good)

    def unforeseen(message, *given):
        if message.header.conversation == odd.query:
            raise KeyError("张三")
        return authorise(message, *given)

    monkeypatch.setattr(row_answer, "authorise", unforeseen)
    assert await desk.answering.answer_open_rows() == 1
    assert [lookup.task.query for lookup in desk.source.asked] == [good.query]
    assert refusals(desk, "ARCHIVE_DAMAGED") == 1
    assert "张三" not in desk.log.getvalue()


@pytest.mark.requirement("R007")
async def test_the_rows_of_a_suspended_requester_wait_without_an_alarm(desk):
    order = desk.order(desk.line(1))
    await desk.take(order)
    directory = desk.office.directory
    ground = Ground(desk, None, (await stored(desk, order))[1])
    ground.list("370000", standing=Standing.SUSPENDED)
    desk.office.adopt(ground.directory)
    assert await desk.answering.answer_open_rows() == 0
    desk.office.adopt(directory)
    desk.clock.move(ROW_RETRY_AFTER)
    assert await desk.answering.answer_open_rows() == 1
    assert await events_of(desk, Event.AUTHORITY_REFUSED) == []
    assert "REQUESTER_SUSPENDED" in desk.log.getvalue()
