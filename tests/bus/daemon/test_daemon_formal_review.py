"""形式审查 at the hub: each rule finds its own fault, by its own code (R019-R022, R025, R041-R053).

What a requester's own software would never send is sent here all the same: the hub relies on none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from daemon_deeds import case_of, clean, events, renew, review_desk, submit_draft

from bus.daemon import requester
from bus.errors import InputError
from bus.flow import application
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.request import Contact, Declaration
from bus.model.review import Waits
from bus.rules.review_policy import ReviewMode, ReviewPolicy, ReviewRule, draw
from signer.identity import outbox_topic

TOMORROW = date(2026, 3, 3)
LONG = "字" * 1001


async def reviewed(country, query):
    await country.settle()
    return await case_of(country, "hub", query, CaseRole.REVIEWER)


async def found(country, query):
    at = await reviewed(country, query)
    assert at.state is QueryState.UNDER_REVIEW
    assert at.blocked
    assert at.review.waits is Waits.BLOCKING
    with pytest.raises(InputError, match="NOT_ACCEPTABLE"):
        await review_desk(country).accept(query, "审查员")
    return [finding.code for finding in at.findings]


def marked(*cases):
    return [
        pytest.param(*values, marks=[pytest.mark.requirement(number) for number in numbers])
        for numbers, *values in cases
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    marked(
        (["R041"], {"addressee": "某市民政局"}, "FORM_ADDRESSEE"),
        (["R041"], {"legal_basis": "某条例"}, "FORM_LEGAL_BASIS"),
        (["R042"], {"authority": " "}, "FORM_AUTHORITY"),
        (["R042"], {"authority": LONG}, "FORM_AUTHORITY_LONG"),
        (["R043"], {"business_text": ""}, "FORM_BUSINESS"),
        (["R021"], {"business": "tourism"}, "FORM_BUSINESS_UNKNOWN"),
        (["R025", "R043"], {"business_text": "医疗救助"}, "FORM_BUSINESS_DIFFERS"),
        (["R025", "R033"], {"purpose": ""}, "FORM_PURPOSE"),
        (["R045"], {"query_text": ""}, "FORM_QUERY_TEXT"),
        (["R046"], {"declaration": Declaration(False, "全国各核对机构")}, "FORM_NOT_AUTHORISED"),
        (["R046"], {"declaration": Declaration(True, "山东省")}, "FORM_SCOPE"),
        (["R047"], {"list_submitted_on": TOMORROW}, "FORM_LIST_DATE"),
        (["R048"], {"contact": Contact("", "01000000000")}, "FORM_CONTACT"),
        (["R048"], {"contact": Contact("测试联系人", "无")}, "FORM_PHONE"),
        (["R048"], {"applied_on": TOMORROW}, "FORM_DATE_FUTURE"),
    ),
)
async def test_a_faulty_form_is_found_by_its_own_code(country, make_draft, changed, code):
    query = await submit_draft(country, make_draft(2, **changed))
    assert await found(country, query) == [code]


@pytest.mark.requirement("R040")
async def test_a_form_from_before_the_rules_is_found(country, make_draft):
    draft = make_draft(1, applied_on=date(2018, 12, 17), list_submitted_on=date(2018, 12, 1))
    people = (replace(draft.persons[0], authorised_on=date(2018, 12, 1)),)
    query = await submit_draft(country, replace(draft, persons=people))
    assert await found(country, query) == ["FORM_DATE_BEFORE_RULES"]


@pytest.mark.requirement("R021")
@pytest.mark.requirement("R044")
async def test_another_count_than_the_list_has_is_found_in_form_and_list(country, make_draft):
    query = await submit_draft(country, make_draft(2, person_count=3))
    assert await found(country, query) == ["FORM_PERSON_COUNT", "PERSON_COUNT_DIFFERS"]


@pytest.mark.requirement("R044")
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("另一人", ["FORM_FIRST_NAMED_DIFFERS"]),
        ("", ["FORM_FIRST_NAMED", "FORM_FIRST_NAMED_DIFFERS"]),
    ],
)
async def test_another_first_person_than_the_lists_is_found(country, make_draft, name, codes):
    query = await submit_draft(country, make_draft(2, first_named=name))
    assert await found(country, query) == codes


def asking(monkeypatch, change):
    """Have the requester ask something else than its draft says."""

    def compose(draft, catalogue, readers, nonce):
        return change(application.compose_request(draft, catalogue, readers, nonce))

    monkeypatch.setattr(requester, "compose_request", compose)


def of_lines(**changed):
    return lambda asked: replace(
        asked, lines=(replace(asked.lines[0], **changed), *asked.lines[1:])
    )


@pytest.mark.parametrize(
    ("change", "code"),
    marked(
        (["R020"], of_lines(resource="no-such-resource"), "RESOURCE_UNKNOWN"),
        (["R020", "R052"], of_lines(category="marriage"), "RESOURCE_UNKNOWN"),
        (["R049", "R052"], of_lines(items=("no_such_item",)), "ITEM_UNKNOWN"),
        (["R052"], of_lines(items=("balance", "balance")), "ITEM_TWICE"),
        (["R052"], of_lines(items=("name",)), "ITEMS_IDENTITY_ONLY"),
        (["R050", "R051"], of_lines(provider="999999"), "PROVIDER_UNKNOWN"),
        (["R050"], of_lines(provider=""), "PROVIDER_UNKNOWN"),
        (["R053"], of_lines(time_from=TOMORROW, time_to=TOMORROW), "TIME_RANGE_FUTURE"),
        (["R053"], of_lines(time_to=date(2024, 1, 1)), "TIME_RANGE_ORDER"),
        (["R053"], of_lines(time_to=None), "TIME_RANGE_HALF"),
        (["R021", "R049"], lambda asked: replace(asked, lines=()), "LINES_EMPTY"),
        (["R025"], of_lines(line=2), "LINES_MISNUMBERED"),
    ),
)
async def test_a_line_that_cannot_be_asked_is_found_by_its_own_code(
    country, make_draft, monkeypatch, change, code
):
    asking(monkeypatch, change)
    query = await submit_draft(country, make_draft(1))
    assert await found(country, query) == [code]


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R047")
@pytest.mark.parametrize(
    "changed", [{"purpose": "其他用途"}, {"business": "medical-assistance"}, {"nonce": b"x" * 16}]
)
async def test_a_list_under_another_request_than_the_forms_is_found(
    country, make_draft, monkeypatch, changed
):
    def composed(draft, request, parts, rechecks=None):
        made = application.compose_application(draft, request, parts, rechecks)
        return replace(made, request=replace(request, **changed))

    monkeypatch.setattr(requester, "compose_application", composed)
    draft = make_draft(1)
    if "business" in changed:
        draft = replace(draft, business_text="其他救助")
    query = await submit_draft(country, draft)
    codes = await found(country, query)
    assert codes[0] == "REQUEST_DIFFERS"
    assert set(codes) == {"REQUEST_DIFFERS", *({"CONSENT_OF_ANOTHER_QUERY"} & set(codes))}


@pytest.mark.parametrize(
    ("changed", "codes"),
    marked(
        (["R022"], {"document": ""}, ["CONSENT_MISSING", "HOUSEHOLD_REFUSED"]),
        (["R068"], {"authorised_on": TOMORROW}, ["CONSENT_LATE", "HOUSEHOLD_REFUSED"]),
        (["R022", "R046"], {"scope": "山东省"}, ["CONSENT_SCOPE", "HOUSEHOLD_REFUSED"]),
        (
            ["R022"],
            {"valid_until": date(2026, 3, 1)},
            ["CONSENT_EXPIRED", "HOUSEHOLD_REFUSED"],
        ),
        (["R022"], {"id_number": "990000201501010013"}, ["GUARDIAN_MISSING", "HOUSEHOLD_REFUSED"]),
    ),
)
@pytest.mark.requirement("R067")
async def test_a_consent_that_is_not_in_order_refuses_the_household(
    country, make_draft, changed, codes
):
    draft = make_draft(2)
    people = (draft.persons[0], replace(draft.persons[1], **changed))
    query = await submit_draft(country, replace(draft, persons=people))
    assert (await found(country, query))[:2] == codes


@pytest.mark.requirement("R022")
async def test_what_was_not_registered_of_an_authorisation_is_not_judged(country, make_draft):
    draft = make_draft(2)
    registered = replace(
        draft.persons[0],
        scope="全国各核对机构",
        valid_until=draft.applied_on,
        document_hash=bytes(32),
    )
    query = await submit_draft(country, replace(draft, persons=(registered, draft.persons[1])))
    assert (await reviewed(country, query)).state is QueryState.DELIVERED


@pytest.mark.parametrize(
    ("changed", "code"),
    marked(
        (["R070"], {"name": "测试7号"}, "PERSON_NAME"),
        (["R070"], {"reason": ""}, "PERSON_REASON"),
        (["R070"], {"id_type": "000"}, "ID_TYPE_UNKNOWN"),
        (["R058"], {"relation": ""}, "RELATION_UNKNOWN"),
        (["R058"], {"household": ""}, "HOUSEHOLD_MISSING"),
    ),
)
@pytest.mark.requirement("R027")
async def test_a_person_who_is_doubtful_waits_for_an_operator_to_judge(
    country, make_draft, changed, code
):
    draft = make_draft(2)
    people = (draft.persons[0], replace(draft.persons[1], **changed))
    query = await submit_draft(country, replace(draft, persons=people))
    at = await reviewed(country, query)
    assert [finding.code for finding in at.findings] == [code]
    assert (at.state, at.blocked) == (QueryState.UNDER_REVIEW, False)
    assert at.review.waits is Waits.DOUBTFUL


@pytest.mark.requirement("R058")
async def test_one_person_in_two_households_and_twice_in_one_is_doubtful(country, make_draft):
    draft = make_draft(3)
    first, second, third = draft.persons
    people = (
        first,
        replace(second, id_number=first.id_number),
        replace(third, household=first.household),
    )
    query = await submit_draft(country, replace(draft, persons=people))
    at = await reviewed(country, query)
    assert [f.code for f in at.findings] == ["PERSON_TWO_HOUSEHOLDS", "RELATION_TWICE"]


@pytest.mark.requirement("R058")
@pytest.mark.requirement("R070")
async def test_a_warning_is_shown_and_stops_no_automatic_acceptance(country, make_draft):
    draft = make_draft(2)
    odd = replace(draft.persons[1], relation="97", id_number="000000198001010014")
    odd = replace(odd, id_number=odd.id_number[:17] + check_digit(odd.id_number[:17]))
    query = await submit_draft(country, replace(draft, persons=(draft.persons[0], odd)))
    at = await reviewed(country, query)
    assert await clean(country)
    assert (at.state, at.findings) == (QueryState.DELIVERED, ())
    assert [(w.code, w.where) for w in at.review.warnings] == [
        ("HOUSEHOLD_NO_APPLICANT", "名单 第 2 人"),
        ("ID_NUMBER_AREA", "名单 第 2 人 证件号码"),
    ]
    (opened,) = [e for e in await events(country, "hub") if e.event == Event.REVIEW_OPENED]
    assert (opened.detail["warnings"], opened.detail["waits"]) == (2, None)


def check_digit(first):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(first, weights, strict=True)) % 11]


@pytest.mark.requirement("R019")
async def test_nothing_runs_for_a_list_without_an_application(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    *parts, _form = country.cluster.records(outbox_topic("370000"))
    await country["hub"].step.run([replace(one, offset=-1) for one in parts])
    at = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert (at.state, at.application, len(at.received)) == (QueryState.SUBMITTED, None, 2)
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await review_desk(country).accept(query, "审查员")


SEED = b"0123456789abcdef0123456789abcdef"


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R026")
async def test_policy_goes_by_province_and_business_and_draws_are_in_the_books(
    country_of, make_draft
):
    rules = (
        ReviewRule("370000", "medical-assistance", ReviewMode.AUTOMATIC),
        ReviewRule("370000", None, ReviewMode.SAMPLED, 1_000_000),
        ReviewRule("320000", None, ReviewMode.SAMPLED, 1),
    )
    country = country_of(ReviewPolicy(ReviewMode.MANUAL, rules, seed=SEED))
    await country.start()
    medical = make_draft(1, business="medical-assistance", business_text="医疗救助")
    passed = await submit_draft(country, medical)
    drawn = await submit_draft(country, make_draft(1))
    not_drawn = await submit_draft(country, make_draft(1), "320000")
    by_hand = await submit_draft(country, make_draft(1), "500000")
    rows = [await reviewed(country, query) for query in (passed, drawn, not_drawn, by_hand)]
    assert [(at.review.rule, at.review.waits) for at in rows] == [
        (1, None),
        (2, Waits.SAMPLED),
        (3, None),
        (0, Waits.MANUAL),
    ]
    assert [at.review.draw for at in rows] == [
        None,
        draw(SEED, drawn),
        draw(SEED, not_drawn),
        None,
    ]
    opened = {
        e.query: e.detail for e in await events(country, "hub") if e.event == Event.REVIEW_OPENED
    }
    assert opened[drawn] == {
        "findings": 0,
        "warnings": 0,
        "codes": "",
        "rule": 2,
        "mode": "sampled",
        "rate": 1_000_000,
        "draw": draw(SEED, drawn),
        "waits": "SAMPLED",
    }
    await country.stop()


@pytest.mark.requirement("R028")
async def test_what_waits_is_listed_by_the_day_it_has_to_start_with_the_hours_left(
    manual_country, make_draft
):
    country, desk = manual_country, review_desk(manual_country)
    first = await submit_draft(country, make_draft(1))
    await country.settle()
    country.clock.move(timedelta(hours=1))
    second = await submit_draft(country, make_draft(1))
    await country.settle()
    waiting = await desk.waiting()
    assert [case.query for case in waiting] == [first, second]
    term = desk.start_term(waiting[0])
    # Received on Monday 10:00 in Shanghai, now 11:00: to the end of Wednesday, 6 + 8 + 8 hours.
    assert (term.start_by.isoformat(), term.hours_left) == ("2026-03-04T16:00:00+00:00", 22.0)
    country.clock.move(timedelta(days=3))
    # Thursday 11:00: two of its working hours are over.
    assert desk.start_term(waiting[0]).hours_left == -2.0
    renew(country)
    await desk.refuse(first, "审查员", "PURPOSE_UNCLEAR")
    assert [case.query for case in await desk.waiting()] == [second]
    assert desk.start_term(await case_of(country, "hub", first, CaseRole.REVIEWER)) is None
