"""Whether those who are asked can answer for a time range (R020, R053).

The catalogue says of each provider which ranges it can be asked for: the latest state alone, one
day, or a period, and how far back. ★ One that states nothing is not limited: what a range then
applies to, docs/decisions/0007 says. ★ A line stands if at least one of those it asks can answer
it; the others answer with a code.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from bus.catalog.catalogue import Provider
from bus.model.messages import Finding
from signer.directory.view import RangeAbility

LATEST_ONLY = "TIME_LATEST_ONLY"
ONE_DAY_ONLY = "TIME_ONE_DAY_ONLY"
TOO_FAR_BACK = "TIME_TOO_FAR_BACK"

_TEXTS = {
    TOO_FAR_BACK: (
        "时间范围早于信息资源可追溯的期间",
        "the time range reaches further back than the resource",
    ),
    ONE_DAY_ONLY: (
        "该信息资源只能按单日查询",
        "the resource can be asked for one day only",
    ),
    LATEST_ONLY: (
        "该信息资源只有最新数据，时间范围须留空",
        "the resource has the latest data only: leave the time range empty",
    ),
}
"""In the order in which they are told: first what the least change would mend."""


def check_ability(
    time_from: date | None,
    time_to: date | None,
    providers: Sequence[Provider],
    today: date,
    where: str,
) -> tuple[Finding, ...]:
    """Return why nobody who is asked can answer for a range, at most one finding.

    Args:
        time_from: First day, or None for the latest data.
        time_to: Last day, or None.
        providers: Who is asked, as the catalogue lists them; nobody finds nothing.
        today: The day of the check, in Asia/Shanghai.
        where: The place a finding names.
    """
    if time_from is None or time_to is None:
        return ()
    codes = {_fault(time_from, time_to, one, today) for one in providers}
    if not codes or None in codes:
        return ()
    code = next(code for code in _TEXTS if code in codes)
    zh, en = _TEXTS[code]
    return (Finding(code, zh, en, where),)


def _fault(time_from: date, time_to: date, provider: Provider, today: date) -> str | None:
    if provider.range is RangeAbility.LATEST:
        return LATEST_ONLY
    if provider.range is RangeAbility.DAY and time_from != time_to:
        return ONE_DAY_ONLY
    if provider.back_months is not None and time_from < months_before(today, provider.back_months):
        return TOO_FAR_BACK
    return None


def months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
