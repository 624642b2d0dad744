"""The specification shows every movement of a query between states, and no other."""

from __future__ import annotations

import os

import lifecycle_page

from bus.flow.lifecycle import MOVEMENTS
from bus.model.case import STATE_ZH, CaseRole, QueryState


def test_the_page_shows_the_movements_there_are():
    if os.environ.get("HEDUI_WRITE_DOCS"):
        lifecycle_page.write(lifecycle_page.section())
    assert lifecycle_page.written() == lifecycle_page.section(), (
        "docs/spec/lifecycle.md: run this test with HEDUI_WRITE_DOCS=1"
    )


def test_the_page_explains_every_state_and_every_capacity():
    page = lifecycle_page.PAGE.read_text("utf-8")
    for state in QueryState:
        assert f"| {state} {STATE_ZH[state]} |" in page
    assert set(lifecycle_page.TITLES) == set(CaseRole) == set(MOVEMENTS)


def test_every_movement_says_why_and_by_which_statement():
    for movements in MOVEMENTS.values():
        for one in movements:
            assert one.zh
            assert one.en
            assert one.requirement.startswith("R")
        ways = [(one.start, one.end) for one in movements]
        assert len(ways) == len(set(ways))
