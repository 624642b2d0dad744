"""What is asked in the year, by whom and when, and what becomes of it: thrown before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from simulate_calendar import days_of_year, worked
from simulate_land import CITIES, HOUSING_PROVINCES, PROVINCES

from bus.model.request import CENTRE, NATIONWIDE, DraftLine

FIRST = date(2026, 1, 5)
"""The first day of submission."""

LAST_BEFORE = timedelta(days=45)
"""How long before the end the last query is submitted, so that it ends before, too: an order lives
for 30 days."""

_CHINA = timedelta(hours=8)


class Course(StrEnum):
    """What somebody does about a query, besides asking and answering it."""

    ORDINARY = "ordinary"
    REFUSED = "refused"
    LOOKED_AT = "looked-at"
    CITY = "city"
    CITY_REFUSED = "city-refused"
    WITHDRAWN = "withdrawn"
    CALLED_UP = "called-up"
    RETURNED = "returned"
    RECHECKED = "rechecked"


SHARES = {
    Course.ORDINARY: 56,
    Course.REFUSED: 7,
    Course.LOOKED_AT: 5,
    Course.CITY: 6,
    Course.CITY_REFUSED: 2,
    Course.WITHDRAWN: 9,
    Course.CALLED_UP: 5,
    Course.RETURNED: 5,
    Course.RECHECKED: 5,
}
"""Of a hundred queries."""

FROM_BELOW = frozenset({Course.CITY, Course.CITY_REFUSED})
"""What a city asks, and its province assents to or not."""

NATIONWIDE_SHARE, CENTRE_SHARE = 15, 25
"""Of a hundred queries: asked of 全国, and of 部中心 alone; the others of one province."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One query as it is meant to go.

    Attributes:
        number: Its place in the year, which also names the households asked about.
        at: When it is submitted.
        node: Who asks.
        course: What somebody does about it.
        after: How long they take, in days.
        lines: What is asked of whom.
        households: How many households, of two each.
    """

    number: int
    at: datetime
    node: str
    course: Course
    after: timedelta
    lines: tuple[DraftLine, ...]
    households: int


def dice_of(seed: int) -> Random:
    """Return dice that fall the same way again."""
    return Random(seed)  # noqa: S311 - nothing secret hangs on them


def plans(queries: int, until: date, dice: Random) -> list[Plan]:
    """Return the year's queries in the order of their submission; all end until a day."""
    last = until - LAST_BEFORE
    days = [day for day in days_of_year() if FIRST <= day <= last and worked(day)]
    at = sorted(_instant(dice.choice(days), dice) for _ in range(queries))
    courses = list(_courses(queries, dice))
    return [_plan(n, at[n], courses[n], dice) for n in range(queries)]


def _instant(day: date, dice: Random) -> datetime:
    """A moment of the day's office hours in China."""
    minutes = dice.randrange(8 * 60, 18 * 60)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - _CHINA + timedelta(minutes=minutes)


def _courses(queries: int, dice: Random) -> Iterator[Course]:
    """Every course there is at least once, where there are queries enough; else by shares."""
    found = list(Course)[:queries]
    rest = queries - len(found)
    found += dice.choices(list(SHARES), weights=list(SHARES.values()), k=rest)
    dice.shuffle(found)
    yield from found


def _plan(number: int, at: datetime, course: Course, dice: Random) -> Plan:
    return Plan(
        number=number,
        at=at,
        node=dice.choice(tuple(CITIES) if course in FROM_BELOW else PROVINCES),
        course=course,
        after=timedelta(hours=dice.choice((2, 5, 20, 30, 50, 75, 120, 150))),
        lines=_lines(number, dice),
        households=dice.choice((1, 1, 1, 2, 2, 3, 5)),
    )


def _lines(number: int, dice: Random) -> tuple[DraftLine, ...]:
    thrown = 100 if number == 0 else dice.randrange(100)
    period = date(2025, 1, 1), date(2025, 12, 31)
    registers = [DraftLine(2, CENTRE, name, (), None, None) for name in ("marriage", "household")]
    if number == 0 or thrown < NATIONWIDE_SHARE:
        return DraftLine(1, NATIONWIDE, "housing-fund", (), *period), *registers[
            : dice.randrange(2)
        ]
    if thrown < NATIONWIDE_SHARE + CENTRE_SHARE:
        return (dice.choice(registers),)
    province = dice.choice(PROVINCES)
    lines = [DraftLine(1, province, "housing-fund", (), *period)]
    if province in HOUSING_PROVINCES and dice.random() < 0.5:
        lines.append(DraftLine(3, province, "housing-security", (), *period))
    return *lines, *registers[: dice.randrange(2)]
