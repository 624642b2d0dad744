"""延期: who owes rows says that they are late; the requester agrees to a new date or not (R030).

| who | says what | to whom |
|---|---|---|
| an agency, or a centre above it | a cause, perhaps a new date | requester, hub, centres between |
| the hub, where a term passed without a word | `OVERDUE` | requester and whoever owes |
| the requester | agreed or not, to one notice | whoever owes, hub, centres between |
| the hub, once a year's holidays are known | `CALENDAR_PUBLISHED`, the later date | all |

What answers by another way than the hub (a province's own agencies, to its own query) the requester
watches over instead. Every side takes the same from the same messages in any order: of several
notices about a row the latest counts, of several agreed dates the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bus.errors import InputError, PendingError, RefusedError
from bus.flow.deadlines import answers_for
from bus.flow.lifecycle import RUNNING, settle
from bus.flow.outcome import Send
from bus.model.case import Case, CaseRole, QueryState, Row, RowDelay, RowState
from bus.model.messages import Delay, DelayedRow
from schemas.codes import DelayCause, delay_causes
from signer.directory.view import Directory
from signer.envelope.kinds import Kind
from signer.identity import HUB

OVERDUE = "OVERDUE"
REVIEW_PENDING = "REVIEW_PENDING"
SOURCE_DOWN = "SOURCE_DOWN"
MANUAL_WORK = "MANUAL_WORK"
CALENDAR_PUBLISHED = "CALENDAR_PUBLISHED"

LONGEST = timedelta(days=366)
"""★ From a notice to the new date it proposes, at most."""

MAX_ROWS = 4000
"""Rows of one message: an envelope holds 900 KiB."""

_SETTLING = (*RUNNING, QueryState.ANSWERED)
_OVER = frozenset(
    {QueryState.DELIVERED, QueryState.CANCELLED, QueryState.EXPIRED, QueryState.REFUSED}
)


def cause_of(code: str) -> DelayCause:
    """Return a cause that an operator may give.

    Raises:
        InputError: `DELAY_CAUSE_UNKNOWN` with the causes there are.
    """
    cause = delay_causes().get(code)
    if cause is None or cause.automatic:
        given = [row for row in delay_causes().values() if not row.automatic]
        raise InputError(
            "DELAY_CAUSE_UNKNOWN",
            "没有此延期原因代码",
            "no such cause of a delay",
            remedy_zh="可用：" + "、".join(f"{row.code} {row.zh}" for row in given),
            remedy_en="Use one of: " + ", ".join(row.code for row in given),
            where=code[:40],
        )
    return cause


def notice(
    rows: Sequence[Row],
    cause: str,
    until: datetime | None,
    now: datetime,
    *,
    agreed: bool | None = None,
) -> Delay:
    """Return a Delay about some rows; none means the query as a whole."""
    named = tuple(DelayedRow(row.part, row.resource, row.holder, row.order) for row in rows)
    # As it travels, so that the sender's own books hold the very same instant.
    noticed = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Delay(named, cause, noticed, until, agreed)


def check_until(until: datetime, rows: Sequence[Row], now: datetime) -> None:
    """Check a new date that an operator proposes.

    Raises:
        InputError: `DELAY_DATE`: it is not later than what it is to replace, or too far away.
    """
    earliest = max([now, *(row.deadline for row in rows)])
    if earliest < until <= now + LONGEST:
        return
    raise InputError(
        "DELAY_DATE",
        "新期限须晚于原期限，且不超过一年",
        "a new date is later than the old one, and within a year",
        remedy_zh="用 hedui query owed 查看原期限",
        remedy_en="hedui query owed shows the old dates",
        where="--until",
    )


def answers_to(rows: Sequence[Row], *, agreed: bool) -> tuple[Delay, ...]:
    """Return the requester's answers to the notices about rows that propose a date: one each."""
    notices: dict[tuple[str, datetime, datetime], list[Row]] = {}
    for row in rows:
        if unanswered(row) and row.delay is not None and row.delay.until is not None:
            key = (row.delay.cause, row.delay.noticed, row.delay.until)
            notices.setdefault(key, []).append(row)
    return tuple(
        replace(notice(found, cause, until, noticed), agreed=agreed)
        for (cause, noticed, until), found in sorted(notices.items(), key=lambda item: item[0])
    )


def unanswered(row: Row) -> bool:
    """Whether a new date was proposed for an open row and the requester has not said anything."""
    delay = row.delay
    return (
        row.state is RowState.OPEN
        and delay is not None
        and delay.until is not None
        and delay.agreed is None
    )


def unannounced(row: Row, now: datetime) -> bool:
    """Whether an overdue row has nobody's word for being so: none, or one that has run out."""
    if row.state is not RowState.OPEN or row.deadline > now:
        return False
    delay = row.delay
    return delay is None or bool(delay.agreed)


def delay_messages(delay: Delay, me: str, requester: str, directory: Directory) -> tuple[Send, ...]:
    """Return what tells everybody who keeps the rows: requester, hub, whoever owes, all between.

    Args:
        delay: What to tell.
        me: Who tells it.
        requester: Who asked.
        directory: Who is where; one that is no longer listed is told nothing.
    """
    sends: list[Send] = []
    if me != requester:
        sends += _to(requester, delay, me, directory)
    beside = _beside_hub(delay, me, requester, directory)
    if beside:
        sends += _to(HUB, replace(delay, rows=beside), me, directory)
    for holder in sorted({row.holder for row in delay.rows} - {me}):
        own = tuple(row for row in delay.rows if row.holder == holder)
        if directory.path_up(holder):
            sends += _to(holder, replace(delay, rows=own), me, directory)
    return tuple(sends)


def _beside_hub(
    delay: Delay, me: str, requester: str, directory: Directory
) -> tuple[DelayedRow, ...]:
    """The rows that the hub hears of by none of the other messages."""
    if me == HUB:
        return ()
    if me != requester:
        return () if HUB in _way(directory, me, requester) else delay.rows
    return tuple(row for row in delay.rows if HUB not in _way(directory, me, row.holder))


def _to(destination: str, delay: Delay, me: str, directory: Directory) -> Iterator[Send]:
    above = {centre for row in delay.rows for centre in directory.path_up(row.holder)}
    way = _way(directory, me, destination)
    readers = (destination, *(one for one in way[1:-1] if one in above))
    for first in range(0, max(len(delay.rows), 1), MAX_ROWS):
        rows = delay.rows[first : first + MAX_ROWS]
        yield Send(Kind.DELAY, destination, replace(delay, rows=rows), readers)


def _way(directory: Directory, start: str, end: str) -> tuple[str, ...]:
    """Return who a message passes along the tree, both ends included."""
    up, down = directory.path_up(start), directory.path_up(end)
    top = next((one for one in up if one in down), None)
    if top is None:
        return ()
    return (*up[: up.index(top) + 1], *reversed(down[: down.index(top)]))


def accept_delay(
    case: Case, source: str, delay: Delay, directory: Directory, me: str, now: datetime
) -> Case:
    """Return a case after a Delay; the same case where it says nothing new.

    Args:
        case: The requester's, the hub's, a centre's or an agency's case.
        source: Whose Delay it is.
        delay: What it says.
        directory: Who is where.
        me: Who keeps the case.
        now: The present instant.

    Raises:
        PendingError: `ROW_NOT_YET_KNOWN`: the order or Dispatch it stands on has not arrived.
        RefusedError: `DELAY_SOURCE`: it is not the source's to say. `DELAY_DATE`: a date that is
            missing, or too far away. `DELAY_CAUSE_UNKNOWN`.
    """
    _check(case, source, delay)
    told = RowDelay(delay.cause, delay.noticed, delay.until, delay.agreed)
    rows = list(case.rows)
    places: dict[tuple[int, str, str], list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault((row.part, row.resource, row.holder), []).append(place)
    for named in delay.rows:
        if not _kept_here(case, named, directory, me):
            continue
        known = places.get((named.part, named.resource, named.holder), [])
        # A row made anew is known to its holder under the order of the first time.
        meant = [p for p in known if rows[p].order == named.order or rows[p].redone]
        if not meant and case.state not in _OVER:
            raise PendingError(
                "ROW_NOT_YET_KNOWN",
                "对应的指令或分发清单尚未到达",
                "the order or Dispatch it belongs to has not arrived yet",
                where=str(case.query),
            )
        for place in meant:
            _check_source(case, source, rows[place], delay, directory)
            rows[place] = _told(rows[place], told)
    if all(old is new for old, new in zip(case.rows, rows, strict=True)):
        return case
    changed = replace(case, rows=tuple(rows), updated=now)
    return settle(changed, now) if case.state in _SETTLING else changed


def concerns(delay: Delay, directory: Directory, me: str) -> bool:
    """Whether a centre keeps account of a row as one that is owed below it."""
    return any(me in directory.path_up(row.holder)[1:] for row in delay.rows)


def _kept_here(case: Case, named: DelayedRow, directory: Directory, me: str) -> bool:
    match case.role:
        case CaseRole.AGENCY:
            return named.holder == me
        case CaseRole.PROVIDER:
            # What a node owes itself stands in no book of its own: it becomes rows at once.
            return me in directory.path_up(named.holder)[1:]
        case _:
            return True


def _told(row: Row, told: RowDelay) -> Row:
    """Return a row with what was told of it; the order in which things are told does not matter."""
    extended = row.extended
    if told.agreed and told.until is not None and told.until > row.due:
        extended = told.until if extended is None else max(extended, told.until)
    delay = row.delay
    # A year whose holidays are published moves a date and makes nobody late.
    if told.cause != CALENDAR_PUBLISHED:
        delay = told if delay is None else max(delay, told, key=_rank)
    if (delay, extended) == (row.delay, row.extended):
        return row
    return replace(row, delay=delay, extended=extended)


def _rank(delay: RowDelay) -> tuple[datetime, str, datetime, bool, bool]:
    until = delay.until or delay.noticed
    return delay.noticed, delay.cause, until, delay.agreed is not None, bool(delay.agreed)


def _check(case: Case, source: str, delay: Delay) -> None:
    if delay.cause not in delay_causes():
        raise _refused("DELAY_CAUSE_UNKNOWN", "没有此延期原因代码", "no such cause", case)
    published = delay.cause == CALENDAR_PUBLISHED
    if delay.until is not None and delay.until > delay.noticed + LONGEST:
        raise _refused("DELAY_DATE", "新期限过远", "the new date is too far away", case)
    if delay.until is None and (delay.agreed is not None or published):
        raise _refused("DELAY_DATE", "缺少新期限", "there is no new date", case)
    if delay.agreed is not None and not published and source != case.requester:
        raise _refused(
            "DELAY_SOURCE", "只有申请方可以答复延期", "only the requester may agree", case
        )
    if published and not delay.agreed:
        raise _refused("DELAY_SOURCE", "重算的期限无须商定", "nothing to be agreed", case)
    if not delay.rows and source != HUB:
        raise _refused(
            "DELAY_SOURCE", "只有部中心可就整个查询通知", "only the hub speaks of a query", case
        )


def _check_source(case: Case, source: str, row: Row, delay: Delay, directory: Directory) -> None:
    """Refuse a word about a row from somebody who neither owes it nor stands above who does."""
    watching = answers_for(case, row, directory)
    if delay.cause in {OVERDUE, CALENDAR_PUBLISHED}:
        allowed = source in {watching, HUB}
    elif delay.agreed is not None:
        allowed = source == case.requester
    else:
        # Who has left the directory since spoke while it was there; its own word it may give.
        allowed = source in {row.holder, *directory.path_up(row.holder)}
    if not allowed:
        raise _refused("DELAY_SOURCE", "该方无权就此项通知", "it is not the source's to say", case)


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
