"""Applications of the sizes there are: from one person to a city's yearly list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from daemon_deeds import case_of, clean, service, submit_draft

from bus.model.case import CaseRole, QueryState
from bus.model.request import DraftLine

LINE = DraftLine(1, "hub", "marriage", (), None, None)
"""What everybody of a list is asked about here."""

BASE, RADIX = 0x4E00, 20_000


def named(draft):
    """Names of Chinese characters for as many people as there are."""
    people = tuple(
        replace(p, name="测" + chr(BASE + n // RADIX) + chr(BASE + n % RADIX))
        for n, p in enumerate(draft.persons)
    )
    return replace(draft, persons=people, first_named=people[0].name)


@pytest.mark.parametrize(("persons", "parts"), [(1, 1), (100, 1), (1000, 1), (25_000, 25)])
@pytest.mark.requirement("R044")
async def test_a_list_of_each_size_is_reviewed_answered_and_delivered(
    country, make_draft, persons, parts
):
    query = await submit_draft(country, named(make_draft(persons, (LINE,))))
    await country.settle()
    assert await clean(country)
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert (hub.state, hub.person_count) == (QueryState.DELIVERED, persons)
    assert {row.part for row in hub.rows} == set(range(1, parts + 1))
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    told = [outcome.reference for answer in view.answers for outcome in answer.outcomes]
    assert sorted(told) == list(range(1, persons + 1))
