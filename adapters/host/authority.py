"""Whether a row may be looked up: the whole authority, verified again before each lookup. Pure.

The envelope was verified when it arrived (signer/envelope/open.py, spec/envelope.md §10). Days may
have passed, and it has lain in a store that others can reach; so nothing of it is taken on trust.
The checks, in this order; the first that fails ends it:

1. The message is an opened roster part under an order, and the order is addressed to me.
2. It is what the row was made from: chain digest, query, part, requester, request, application.
3. The order has not run out. A feedback term that has passed forbids nothing; it is told (R030).
4. Signatures and chain, from the stored bytes: checks 1 to 10 of the envelope at the instant of
   receipt, by the directory in force now. A key revoked since, from before that instant on, fails.
5. The path: ordered first by the hub, last by my centre, and the roster's destination is the hub.
6. The requester is a centre, certified and connected now. While it is suspended its queries wait.
7. The centres above me are connected now. While one is suspended the row waits.
8. Each line I am ordered to answer stands in the request, with the same resource and no item more,
   and its provider covers me (R050, R051, R052).
9. The readers of the answer are keys for reading that the directory lists (R034); that they are
   those of the request follows from 2.
10. What is asked is what I offer now. An offer withdrawn since does not touch the authority: the
    line is not looked up, and each of its persons is NOT_ANSWERABLE, `OFFER_WITHDRAWN`.

What rests on the first opening: that the last signer could write the topic, the Kafka headers, and
deduplication; that the wrapped content secret was ours. What `bus.daemon.work.open_stored` has
checked before: that the content secret is the one the signed header commits to, so that persons and
request are those that were signed, and that the first order asks no more than the request (checks
13 to 16). The instant of receipt is our own record of it. Whoever can rewrite the store and holds a
key that was revoked after that instant is not found out here, but by the audit chain, where
`order.received` names the order's digest.

A row whose authority fails is not looked up and nobody is answered: there is nobody to answer to.
It stays open, is examined again from time to time, and ends with its query; each code is an entry
in the audit chain and an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bus.catalog.catalogue import asked_and_offered, offer_of
from bus.catalog.routing import agencies
from bus.errors import PendingError, RefusedError
from bus.model.case import Case, Row
from bus.model.request import RequestLine, Roster
from bus.wire.message import Message
from signer.directory.view import Directory, KeyUse, Participant, Standing
from signer.envelope.chain import SKEW, verify
from signer.envelope.format import Order, OrderLine, envelope_bytes
from signer.envelope.verdict import HeldEnvelope, RefusedEnvelope
from signer.identity import HUB, Role

CODES = (
    *("ORDER_ABSENT", "ROW_DIFFERS", "ORDER_EXPIRED", "CHAIN_UNVERIFIED", "PATH_NOT_ORDERED"),
    *("REQUESTER_NOT_CONNECTED", "ORDERER_NOT_CONNECTED", "LINE_NOT_REQUESTED"),
    *("PROVIDER_NOT_ASKED", "READER_NOT_LISTED", "ROW_WITHOUT_ORDER", "ARCHIVE_DAMAGED"),
)
"""Why an authority fails; the last two where its roster part is not found, or does not open."""

OFFER_WITHDRAWN = "OFFER_WITHDRAWN"
"""Why a line is not looked up whose items are not offered any more."""


@dataclass(frozen=True, slots=True)
class ApprovedLine:
    """What may be asked of the source under one line of the request.

    `withdrawn` says that it is not offered any more.
    """

    line: int
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None
    due: datetime
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Authority:
    """What may be looked up for a row, and for whom.

    `readers` are the encryption key ids that the answer is sealed to. `late` tells that the
    feedback term has passed (R030).
    """

    requester: str
    query: UUID
    resource: str
    lines: tuple[ApprovedLine, ...]
    readers: tuple[bytes, ...]
    late: bool


def authorise(
    message: Message, case: Case, row: Row, directory: Directory, me: str, now: datetime
) -> Authority:
    """Verify the authority of a row; the numbers are those of this file's list.

    Args:
        message: The row's roster part, opened from the store.
        case: The agency's case of the query.
        row: The row that is to be looked up.
        directory: The directory in force.
        me: The agency.
        now: The present instant.

    Raises:
        RefusedError: One of `CODES`.
        PendingError: `REQUESTER_SUSPENDED`, `ORDERER_SUSPENDED`, or what the envelope waits for.
    """
    roster, order = _ordered(message, me)  # 1
    _same(message, roster, order, case, row)  # 2
    _in_time(message, now)  # 3
    _verified(message, directory)  # 4
    _path(message, directory, me)  # 5
    _connected(directory, message.header.source, "REQUESTER", now)  # 6
    for above in directory.path_up(me)[1:]:
        _connected(directory, above, "ORDERER", now)  # 7
    asked = {line.line: line for line in roster.request.lines}
    lines = tuple(
        _line(asked.get(ordered.line), ordered, row, directory, me)  # 8, 10
        for ordered in order.lines
        if ordered.resource == row.resource
    )
    _readers(roster.request.readers, directory)  # 9
    return Authority(
        requester=message.header.source,
        query=message.header.conversation,
        resource=row.resource,
        lines=lines,
        readers=roster.request.readers,
        late=now >= row.deadline,
    )


def _ordered(message: Message, me: str) -> tuple[Roster, Order]:
    # 1
    last = message.opened.statements[-1]
    if not isinstance(message.body, Roster) or last.order is None or last.to != me:
        raise _refused(
            "ORDER_ABSENT", "没有下达给本机构的指令", "it is no order addressed to this agency"
        )
    return message.body, last.order


def _same(message: Message, roster: Roster, order: Order, case: Case, row: Row) -> None:
    # 2
    header = message.header
    agree = (
        message.chain == row.order,
        header.conversation == case.query,
        header.roster_part == row.part == roster.part,
        header.source == case.requester,
        roster.request == case.request,
        order.application == case.application,
        any(line.resource == row.resource for line in order.lines),
    )
    if not all(agree):
        raise _refused(
            "ROW_DIFFERS",
            "任务与所依据的指令不一致",
            "the row differs from the order it stands on",
        )


def _in_time(message: Message, now: datetime) -> None:
    # 3
    if now - SKEW >= message.header.expires:
        raise _refused("ORDER_EXPIRED", "指令有效期已过", "the order has run out")


def _verified(message: Message, directory: Directory) -> None:
    # 4
    data = envelope_bytes(message.opened.envelope)
    try:
        again = verify(data, directory, message.received, None)
    except HeldEnvelope as ending:
        raise PendingError(
            ending.code,
            "复核授权链所需的目录尚未到达",
            "the directory that the chain needs has not come yet",
        ) from None
    except RefusedEnvelope as ending:
        raise _refused(
            "CHAIN_UNVERIFIED",
            "授权链复核未通过",
            "the chain of authority does not verify any more",
            ending.code,
        ) from None
    if (again.digest, again.chain) != (message.digest, message.chain):
        raise _refused("CHAIN_UNVERIFIED", "授权链摘要不符", "the digests differ", "CHAIN_DIGEST")


def _path(message: Message, directory: Directory, me: str) -> None:
    # 5
    ordering = [s.sender for s in message.opened.statements if s.order is not None]
    down = list(reversed(directory.path_up(me)[1:]))
    if ordering != down or down[:1] != [HUB] or message.header.destination != HUB:
        raise _refused(
            "PATH_NOT_ORDERED",
            "指令未经部中心逐级下达",
            "the order did not come down from the hub, level by level",
        )


def _connected(directory: Directory, participant: str, who: str, now: datetime) -> None:
    # 6, 7
    found = directory.get(participant)
    if found is not None and found.standing is Standing.SUSPENDED:
        raise PendingError(
            f"{who}_SUSPENDED",
            "参与方已被暂停，等待恢复",
            "a participant is suspended; the row waits for its return",
            where=participant,
        )
    if found is None or found.role is Role.ADAPTER or not _serves(found, now):
        raise _refused(
            f"{who}_NOT_CONNECTED",
            "参与方已不在接入状态，或没有有效的签名证书",
            "a participant is not connected, or has no valid signing certificate",
            participant,
        )


def _serves(participant: Participant, now: datetime) -> bool:
    signing = (key for key in participant.keys if key.use is KeyUse.SIGNING)
    connected = participant.standing is Standing.CONNECTED
    return connected and any(key.valid_at(now) for key in signing)


def _line(
    asked: RequestLine | None, ordered: OrderLine, row: Row, directory: Directory, me: str
) -> ApprovedLine:
    # 8
    if (
        asked is None
        or asked.resource != ordered.resource
        or not set(ordered.items) <= set(asked.items)
    ):
        raise _refused(
            "LINE_NOT_REQUESTED",
            "指令超出申请的事项或内容项",
            "the order asks what the request does not",
            f"line {ordered.line}",
        )
    # 10
    mine = directory.get(me)
    offer = None if mine is None else offer_of(mine, asked.resource)
    given = () if offer is None else asked_and_offered(ordered.items, offer)
    withdrawn = set(given) != set(ordered.items)
    # 8: whom a line covers is told only of those that offer what it asks (R050, R051).
    if not withdrawn and all(agency.id != me for agency in agencies(directory, asked)):
        raise _refused(
            "PROVIDER_NOT_ASKED",
            "该事项未指定本机构反馈",
            "the request does not ask this agency for that line",
            f"line {ordered.line}",
        )
    due = max(ordered.due, row.extended or ordered.due)
    return ApprovedLine(ordered.line, ordered.items, asked.time_from, asked.time_to, due, withdrawn)


def _readers(readers: tuple[bytes, ...], directory: Directory) -> None:
    # 9
    for reader in readers:
        found = directory.key(reader)
        if found is None or found[1].use is not KeyUse.ENCRYPTION:
            raise _refused(
                "READER_NOT_LISTED",
                "反馈可读人不在目录中",
                "a reader of the answer is not listed in the directory",
            )


def _refused(code: str, zh: str, en: str, where: str = "") -> RefusedError:
    return RefusedError(
        code,
        zh,
        en,
        remedy_zh="该任务不予查询；请核查前置存储和参与方目录，并报告部中心",
        remedy_en="Nothing is looked up; examine the store and the directory, tell the hub",
        where=where,
    )
