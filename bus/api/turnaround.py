"""What an operator sees of turnaround and errors, by province (★ R001)."""

from __future__ import annotations

from datetime import date

from bus.api.body import Answered
from bus.api.query import Titles
from bus.flow.turnaround import Hours, ProvinceAccount, Turnaround


class HoursBody(Answered):
    """Working hours of some spans, eight a working day; null where there is none."""

    count: int
    mean: float | None
    median: float | None
    longest: float | None

    @classmethod
    def of(cls, hours: Hours) -> HoursBody:
        """Return the body, to a tenth of an hour."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 1)

        return cls(
            count=hours.count,
            mean=rounded(hours.mean),
            median=rounded(hours.middle),
            longest=rounded(hours.longest),
        )


class ProvinceBody(Answered):
    """What a province was asked, and how it answered."""

    province: str
    title: str
    asked: int
    answered: int
    due: int
    refused: int
    late: int
    delayed: int
    faulty: int
    hours: HoursBody

    @classmethod
    def of(cls, account: ProvinceAccount, titles: Titles) -> ProvinceBody:
        """Return the body of a province's account."""
        return cls(
            province=account.province,
            title=titles.participant(account.province) if account.province else "",
            asked=account.asked,
            answered=account.answered,
            due=account.due,
            refused=account.refused,
            late=account.late,
            delayed=account.delayed,
            faulty=account.faulty,
            hours=HoursBody.of(account.hours),
        )


class TurnaroundBody(Answered):
    """The queries received in a period, both days included: how they stand, how long they took."""

    first: date
    last: date
    queries: int
    running: int
    delivered: int
    refused: int
    ended: int
    hours: HoursBody
    provinces: tuple[ProvinceBody, ...]

    @classmethod
    def of(cls, first: date, last: date, found: Turnaround, titles: Titles) -> TurnaroundBody:
        """Return the body of an account."""
        return cls(
            first=first,
            last=last,
            queries=found.queries,
            running=found.running,
            delivered=found.delivered,
            refused=found.refused,
            ended=found.ended,
            hours=HoursBody.of(found.hours),
            provinces=tuple(ProvinceBody.of(one, titles) for one in found.provinces),
        )
