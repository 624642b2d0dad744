"""What a query went through, hop by hop, told so that no document is needed to follow it.

The asking node's archive tells of every message it sent or received. How the orders went down it
cannot know: that is in the audit chains of the centres that gave them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bus.api.office import AuditBody
from bus.api.query import HopBody
from bus.model.audit import Event
from signer.envelope.kinds import Kind
from signer.identity import HUB

ORIGIN = "origin"
"""The role of a message's first hop."""


class Phase(StrEnum):
    """The five stages of a query, in their order, as headings."""

    APPLICATION = "① 申请 Application"
    REVIEW = "② 形式审查 Formal review"
    ORDER = "③ 下达 Orders"
    ANSWER = "④ 反馈 Answers"
    RECEIPT = "⑤ 签收 Receipt"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the timeline.

    `source` is who wrote the message, where another passes it on; `about` is the resource's Chinese
    title or empty; `count` says how many like messages went the same way together.
    """

    at: datetime
    phase: Phase
    sender: str
    to: str
    zh: str
    en: str
    source: str = ""
    about: str = ""
    count: int = 1


_Words = tuple[Phase, str, str]

_ORIGINS: Mapping[str, _Words] = MappingProxyType(
    {
        Kind.APPLICATION: (Phase.APPLICATION, "申请提交", "application submitted"),
        Kind.ROSTER: (Phase.APPLICATION, "名单提交（密封）", "list of persons, sealed"),
        Kind.CONSENT: (Phase.APPLICATION, "授权提交（密封）", "authorisations, sealed"),
        Kind.DISPATCH: (Phase.ORDER, "告知已向谁下达", "told who is asked"),
        Kind.ANSWER: (
            Phase.ANSWER,
            "反馈（密封，仅申请方可读）",
            "answer, sealed to the requester",
        ),
        Kind.RECEIPT: (
            Phase.RECEIPT,
            "签收（致部中心与各机构）",
            "receipt to the hub and each agency",
        ),
        Kind.PROBLEM: (Phase.ANSWER, "问题通知", "a problem reported"),
    }
)
_RELAYS: Mapping[str, _Words] = MappingProxyType(
    {
        Kind.DISPATCH: (Phase.ORDER, "转告已向谁下达", "passed on who is asked"),
        Kind.ANSWER: (Phase.ANSWER, "批转反馈（未拆封）", "answer endorsed, unopened"),
    }
)
_ACCEPTED: _Words = (Phase.REVIEW, "形式审查通过，受理", "formal review passed, accepted")
_REFUSED: _Words = (Phase.REVIEW, "不予受理", "refused")
_ORDERED: _Words = (Phase.ORDER, "下达查询指令", "query ordered")
_PASSED_ON: _Words = (Phase.ORDER, "转达查询指令", "order passed on to the agency")
_PHASES = tuple(Phase)
_FIRST = frozenset({_ORIGINS[Kind.APPLICATION][1], _ORDERED[1]})
"""What stands first among moves of one instant: the paper before its enclosures."""


def moves(
    hops: Iterable[HopBody],
    audits: Mapping[str, Sequence[AuditBody]],
    titles: Mapping[str, str],
    acts: Iterable[Move] = (),
    *,
    accepted: bool,
) -> tuple[Move, ...]:
    """Return the timeline, by phase and time, like moves of one phase together.

    Args:
        hops: The requester's timeline.
        audits: The query's audit entries at each centre.
        titles: Chinese titles of resources.
        acts: What people did beside the bus, lists on a medium for one.
        accepted: What the decision was.
    """
    found = [_of_hop(hop, titles, accepted=accepted) for hop in hops]
    found += [
        _of_order(centre, entry)
        for centre, entries in audits.items()
        for entry in entries
        if entry.event == Event.ORDER_SENT
    ]
    found += acts
    found.sort(key=lambda move: (_PHASES.index(move.phase), move.at, move.zh not in _FIRST))
    together: dict[Move, Move] = {}
    for move in found:
        # The first time stands for all that went the same way with the same words.
        like = replace(move, at=found[0].at)
        first = together.get(like)
        together[like] = move if first is None else replace(first, count=first.count + 1)
    return tuple(together.values())


def render(
    timeline: Sequence[Move],
    began: datetime,
    names: Mapping[str, str],
    sources: Mapping[str, str] | None = None,
) -> Group:
    """Return the timeline for people: when, from whom to whom, what.

    Args:
        timeline: The moves.
        began: The instant of submission, from which times are told.
        names: Chinese names of participants.
        sources: What an agency's adapter gets at its data by, said beside its name.
    """
    said = {id_: f"{names.get(id_, id_)}（{source}）" for id_, source in (sources or {}).items()}
    places = {**names, **said}
    table = Table(pad_edge=False, show_edge=False)
    table.add_column("时间 time", justify="right", no_wrap=True)
    table.add_column("从 → 到  from → to")
    table.add_column("事项 what")
    for phase in Phase:
        in_phase = [move for move in timeline if move.phase is phase]
        if not in_phase:
            continue
        table.add_row("", Text(phase, style="bold"), "")
        for move in in_phase:
            offset = (move.at - began).total_seconds()
            way = f"{places.get(move.sender, move.sender)} → {places.get(move.to, move.to)}"
            table.add_row(f"+{max(offset, 0.0):.3f} s", way, _what(move, names))
        table.add_section()
    title = Text("查询经过 Timeline（自提交起计 since submission）", style="bold")
    return Group(Text(), title, table)


def _what(move: Move, names: Mapping[str, str]) -> Text:
    source = names.get(move.source, move.source)
    named = " ".join(name for name in (source, move.about) if name)
    about = f"：{named}" if named else ""
    times = f" ×{move.count}" if move.count > 1 else ""
    return Text.assemble(f"{move.zh}{about}{times}", "  ", (move.en, "dim"))


def _of_hop(hop: HopBody, titles: Mapping[str, str], *, accepted: bool) -> Move:
    if hop.kind == Kind.DECISION:
        words = _ACCEPTED if accepted else _REFUSED
    else:
        table = _ORIGINS if hop.role == ORIGIN else _RELAYS
        words = table.get(hop.kind) or (Phase.ANSWER, "批转", f"{hop.kind} passed on")
    return Move(
        at=hop.forwarded,
        phase=words[0],
        sender=hop.sender,
        to=hop.to,
        zh=words[1],
        en=words[2],
        source="" if hop.role == ORIGIN else hop.source,
        about=titles.get(hop.resource or "", hop.resource or ""),
    )


def _of_order(centre: str, entry: AuditBody) -> Move:
    to = str(entry.detail["to"])
    phase, zh, en = _PASSED_ON if to.startswith(f"{centre}.") and centre != HUB else _ORDERED
    return Move(entry.at, phase, centre, to, zh, en)
