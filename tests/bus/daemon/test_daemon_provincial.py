"""A province's own rules at work, and what happens when the catalogue becomes stricter (R039)."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from daemon_deeds import case_of, clean, events, make_rules_watch, renew, submit_draft

from bus.daemon.provincial import check_rules
from bus.errors import ConfigError
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.request import DraftLine
from bus.rules.provincial_rules import ProvincialRule

pytestmark = pytest.mark.requirement("R039")

FUND = "housing-fund-account"


def fund_line(provider):
    return (DraftLine(1, provider, "housing-fund", (), None, None),)


def with_terms(country, term):
    """The same country, its agencies' offers with another feedback term."""
    listed = {
        name: replace(p, offers=tuple(replace(o, term_working_days=term) for o in p.offers))
        for name, p in country.directory.participants.items()
    }
    renew(country, participants=listed)


async def test_a_shorter_term_of_the_province_stands_in_its_dispatch_everywhere(
    country, make_draft
):
    country["320000"].office.rules = (ProvincialRule(1, FUND, term_working_days=2),)
    query = await submit_draft(country, make_draft(1, fund_line("national")))
    await country.settle()
    assert await clean(country)
    calendar, now = country["hub"].office.calendar, country.clock.now()
    for name, role in (
        ("370000", CaseRole.REQUESTER),
        ("hub", CaseRole.REVIEWER),
        ("320000", CaseRole.PROVIDER),
        ("320000.housing-fund", CaseRole.AGENCY),
    ):
        case = await case_of(country, name, query, role)
        due = {r.resource: r.due for r in case.rows if r.holder == "320000.housing-fund"}
        assert due[FUND] == calendar.add_working_days(now, 2).end, name
        assert due["housing-fund-loan"] == calendar.add_working_days(now, 5).end, name
    requester = await case_of(country, "370000", query)
    assert {r.due for r in requester.rows if r.holder == "500000.housing-fund"} == {
        calendar.add_working_days(now, 5).end
    }


async def test_items_the_province_keeps_back_are_never_looked_up_and_the_requester_is_told(
    country, make_draft
):
    rule = ProvincialRule(1, FUND, items_excluded=("balance",))
    country["320000"].office.rules = (rule,)
    query = await submit_draft(country, make_draft(1, fund_line("320000")))
    await country.settle()
    assert await clean(country)
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert {(r.resource, r.code) for r in case.rows if r.state is RowState.UNSERVED} == {
        (FUND, "ITEMS_EXCLUDED")
    }
    asked = {one.resource: one for one in country["320000.housing-fund"].connector.asked}
    assert "balance" not in asked[FUND].items
    assert "status" in asked[FUND].items


def test_a_rule_that_relaxes_the_catalogue_keeps_the_daemon_from_starting(country):
    office = country["320000"].office
    office.rules = (
        ProvincialRule(1, FUND, term_working_days=5),
        ProvincialRule(2, "housing-fund-loan", term_working_days=6),
    )
    with pytest.raises(ConfigError) as refusal:
        check_rules(office, "node.toml")
    assert refusal.value.code == "RULE_RELAXES"
    assert refusal.value.where == "node.toml [[rule]] 2"
    assert "第 2 条本省细则（housing-fund-loan）" in refusal.value.zh
    assert "5" in refusal.value.remedy_zh
    office.rules = office.rules[:1]
    check_rules(office, "node.toml")
    office.rules = (ProvincialRule(1, "no-such", term_working_days=1),)
    with pytest.raises(ConfigError, match="RULE_RESOURCE_UNKNOWN"):
        check_rules(office, "node.toml")
    # What no agency below us offers sets no term that could be relaxed.
    office.rules = (ProvincialRule(1, "marriage-registration", term_working_days=60),)
    check_rules(office, "node.toml")


async def test_a_stricter_catalogue_makes_a_rule_pass_unheard_and_that_is_said_once(
    country, make_draft
):
    log = io.StringIO()
    office = country["320000"].office
    office.rules = (ProvincialRule(1, FUND, term_working_days=4),)
    watch, metrics = make_rules_watch(country, "320000", log)
    await watch.look()
    assert (metrics.rules_ignored._value.get(), log.getvalue()) == (0, "")

    with_terms(country, 3)
    await watch.look()
    await watch.look()
    assert metrics.rules_ignored._value.get() == 1
    (line,) = [json.loads(one) for one in log.getvalue().splitlines()]
    assert (line["level"], line["code"], line["where"]) == ("error", "RULE_RELAXES", "[[rule]] 1")
    (entry,) = [e for e in await events(country, "320000") if e.event == Event.RULE_IGNORED]
    assert (entry.detail["rule"], entry.detail["term"], entry.detail["catalogue"]) == (1, 4, 3)

    query = await submit_draft(country, make_draft(1, fund_line("320000")))
    await country.settle()
    case = await case_of(country, "370000", query)
    calendar = office.calendar
    assert {r.due for r in case.rows if r.leaf} == {
        calendar.add_working_days(country.clock.now(), 3).end
    }
    with_terms(country, 5)
    await watch.look()
    assert metrics.rules_ignored._value.get() == 0
