"""When what is kept of persons is destroyed, and what of a query then remains (R076).

★ The rules ask that storage is controlled and give no term. A term of days runs from the day a
query ended; it is the participant's, and may differ by business. What goes: every content that
names persons or tells of them, so that nobody opens it here again. What stays: the case, the sealed
messages with their digests, decisions, dispatches and receipts, and the audit chain; a proof still
verifies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bus.model.case import Case, CaseRole, QueryState

LEAST_DAYS = 30
"""As long as orders and answers live: until then a message may still stand on what is kept."""

DAYS = 365
"""★ A year, unless it is said otherwise: long enough for a re-check, a review and a lawsuit."""

_S = QueryState
_ENDED = frozenset({_S.REFUSED, _S.DELIVERED, _S.CANCELLED, _S.EXPIRED})

STATES: dict[CaseRole, frozenset[QueryState]] = {
    CaseRole.REQUESTER: _ENDED,
    # A receipt that never came keeps nobody's data for ever.
    CaseRole.REVIEWER: _ENDED | {_S.ANSWERED},
    CaseRole.PROVIDER: _ENDED | {_S.ANSWERED},
    CaseRole.AGENCY: _ENDED | {_S.ANSWERED},
    CaseRole.SUPERIOR: _ENDED | {_S.ACCEPTED},
}
"""In which states nothing more is to come, by the capacity in which the case is kept."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many days after its end a query's contents are kept; `business` by its code."""

    days: int = DAYS
    business: Mapping[str, int] = field(default_factory=dict)

    def of(self, case: Case) -> int:
        """Return the days of a case."""
        named = None if case.request is None else self.business.get(case.request.business)
        return self.days if named is None else named


def retained_until(case: Case, policy: RetentionPolicy) -> datetime | None:
    """Return when a case's contents are to be destroyed; None while it has not ended."""
    # R076
    if case.state not in STATES[case.role]:
        return None
    return max(case.delivered or case.updated, case.updated) + timedelta(days=policy.of(case))


def purge(case: Case, now: datetime) -> Case:
    """Return a case whose contents are destroyed; when it changed last stays as it was."""
    return replace(case, purged=now)
