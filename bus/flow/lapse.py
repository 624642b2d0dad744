"""逾期未启动: what becomes of an application whose term to start has passed (R006, R025, R028).

What is under review is late and stays there. What never became complete is refused with a code, so
that its requester can mend and submit it anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bus.flow.collecting import all_here
from bus.flow.levels import assented
from bus.flow.outcome import Send
from bus.flow.review import BY_POLICY, NOT_HERE, decide
from bus.model.case import Case
from bus.model.messages import Decision, Finding
from bus.rules.working_days import Calendar
from signer.directory.view import Directory

INCOMPLETE = Finding(
    "APPLICATION_INCOMPLETE",
    "申请材料逾期未到齐",
    "parts of the application are missing after the term to start has passed",
    "",
)  # R025
CONSENT_MISSING = Finding(
    "PROVINCIAL_CONSENT_MISSING",
    "逾期未有省级同意的记录",
    "there is no recorded provincial consent after the term to start has passed",
    "",
)  # R006


def missing(case: Case, directory: Directory) -> Finding:
    """Return why a case that never came under review is refused."""
    consent = all_here(case) and not assented(case, directory)
    return CONSENT_MISSING if consent else INCOMPLETE


def lapse(case: Case, directory: Directory, calendar: Calendar, now: datetime) -> tuple[Case, Send]:
    """Return the hub's case, refused because it never became complete, and the Decision.

    Raises:
        RefusedError: `ILLEGAL_STATE` when it is not waiting for its parts.
    """
    reasons = (missing(case, directory),)
    refused, send = decide(case, False, reasons, BY_POLICY, calendar, now)
    if case.application is None and isinstance(send.body, Decision):
        send = replace(send, body=replace(send.body, application=NOT_HERE), in_reply_to=None)
    return refused, send
