"""A call in the books, and its term among the deadlines, in step (R024)."""

from __future__ import annotations

from functools import partial

from bus.daemon.work import Work
from bus.flow.evidence import deadline_of
from bus.model.case import CaseRole
from bus.model.evidence import EvidenceCall
from signer.identity import HUB


def keep(work: Work, before: EvidenceCall | None, call: EvidenceCall) -> None:
    """Save a call at the end of a work; its deadline stands while something is owed.

    Args:
        work: The work at hand.
        before: The call as it stands in the books, None for a new one.
        call: The call as it is now.
    """
    office = work.office
    role = CaseRole.REVIEWER if office.me == HUB else CaseRole.REQUESTER
    old, new = (
        None if one is None else deadline_of(one, role, office.calendar, office.warn_days)
        for one in (before, call)
    )
    work.write(partial(work.unit.save_call, call))
    if old is not None and new is None:
        work.write(partial(work.unit.drop_deadlines, [old]))
    elif new is not None and new != old:
        work.write(partial(work.unit.put_deadlines, [new]))
