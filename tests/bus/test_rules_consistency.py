from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import parts, request_line

from bus.model.request import PartDigest, PersonConsent
from bus.rules.consistency import consistency

pytestmark = pytest.mark.requirement("R025")


def found(application, rosters, consents):
    return [(f.code, f.where) for f in consistency(application, rosters, consents)]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.randoms())
def test_what_belongs_together_is_consistent_in_any_order(sizes, random):
    application, rosters, consents = parts(sizes)
    random.shuffle(rosters)
    random.shuffle(consents)
    assert found(application, rosters, consents) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"business": "medical-assistance"}, "business"),
        ({"purpose": "其他"}, "purpose"),
        ({"lines": (request_line(time_from=date(2025, 1, 1), time_to=date(2025, 2, 1)),)}, "lines"),
        ({"lines": (request_line(provider="370000"),)}, "lines"),
        ({"nonce": b"1" * 16, "catalogue_version": 8}, "nonce、catalogue_version"),
        ({"readers": ()}, "readers"),
    ],
)
def test_a_part_with_another_request_is_named_with_what_differs(changes, names):
    application, rosters, consents = parts([2, 2])
    rosters[1] = replace(rosters[1], request=replace(rosters[1].request, **changes))
    assert found(application, rosters, consents) == [("REQUEST_DIFFERS", f"名单 第 2 册 {names}")]


def without(parts_made, numbers):
    """The query after some persons were taken out of it, whose numbers nobody else gets."""
    application, rosters, consents = parts_made
    rosters = [
        replace(r, persons=tuple(p for p in r.persons if p.reference not in numbers))
        for r in rosters
    ]
    consents = [
        replace(c, consents=tuple(p for p in c.consents if p.reference not in numbers))
        for c in consents
    ]
    count = {r.part: len(r.persons) for r in rosters}
    first = min((p for r in rosters for p in r.persons), key=lambda p: p.reference)
    changed = replace(
        application,
        person_count=sum(count.values()),
        parts=tuple(replace(p, count=count[p.part]) for p in application.parts),
        first_named=first.name,
        withdrawn=tuple(numbers),
    )
    return changed, rosters, consents


@pytest.mark.requirement("R067")
def test_persons_keep_their_numbers_when_others_are_taken_out():
    assert found(*without(parts([3, 3]), (1, 5))) == []


@pytest.mark.requirement("R067")
@pytest.mark.parametrize(
    ("listed", "codes"),
    [
        ((1,), ["REFERENCES_MISNUMBERED"]),
        ((1, 5, 5), ["REFERENCES_MISNUMBERED"]),
        ((1, 5, 9), ["REFERENCES_MISNUMBERED"]),
        ((1, 2, 5), ["WITHDRAWN_LISTED"]),
    ],
)
def test_a_gap_in_the_numbers_is_a_person_taken_out_and_nothing_else(listed, codes):
    application, rosters, consents = without(parts([3, 3]), (1, 5))
    application = replace(application, withdrawn=listed)
    assert [code for code, _ in found(application, rosters, consents)] == codes


@pytest.mark.requirement("R044")
def test_the_person_named_first_is_the_first_that_remains():
    application, rosters, consents = without(parts([3]), (1,))
    wrong = replace(application, first_named="测试乙")
    assert found(wrong, rosters, consents) == [("FORM_FIRST_NAMED_DIFFERS", "申请 首位被查询人")]


def test_consents_of_another_query_are_found():
    application, rosters, consents = parts([2, 2])
    consents[0] = replace(consents[0], nonce=b"1" * 16)
    assert found(application, rosters, consents) == [
        ("CONSENT_OF_ANOTHER_QUERY", "名单 第 1 册 授权")
    ]


@pytest.mark.requirement("R047")
def test_a_missing_part_is_found():
    application, rosters, consents = parts([2, 2])
    codes = found(application, rosters[:1], consents)
    assert ("PART_COUNT", "名单 第 2 册 名单") in codes
    assert ("PERSON_COUNT_DIFFERS", "申请 查询人数") in codes


@pytest.mark.requirement("R047")
def test_a_part_too_many_is_found():
    application, rosters, consents = parts([2, 2])
    assert found(application, rosters, [*consents, consents[1]]) == [
        ("PART_COUNT", "名单 第 2 册 授权"),
        ("CONSENT_EXCESS", "名单 第 3、4 人"),
    ]
    short = replace(application, parts=application.parts[:2], person_count=2)
    codes = [code for code, _ in found(short, rosters, consents)]
    assert codes == ["PART_COUNT", "PART_COUNT", "PERSON_COUNT_DIFFERS"]


@pytest.mark.parametrize("number", [1, 3])
def test_parts_listed_twice_or_with_a_gap_are_found(number):
    application, rosters, consents = parts([2, 2])
    listed = [
        replace(part, part=number) if (part.kind, part.part) == ("Roster", 2) else part
        for part in application.parts
    ]
    codes = found(replace(application, parts=tuple(listed)), rosters, consents)
    assert codes[0] == ("PARTS_MISNUMBERED", "申请 分册")


@pytest.mark.requirement("R044")
def test_counts_must_agree_part_by_part_and_in_sum():
    application, rosters, consents = parts([2, 2])
    wrong = replace(application.parts[0], count=3)
    changed = replace(application, parts=(wrong, *application.parts[1:]), person_count=5)
    assert found(changed, rosters, consents) == [
        ("PART_PERSON_COUNT", "名单 第 1 册 名单"),
        ("PERSON_COUNT_DIFFERS", "申请 查询人数"),
    ]


def test_a_part_holds_one_to_a_thousand_persons():
    application, rosters, consents = parts([1001])
    assert found(application, rosters, consents) == [("PART_SIZE", "名单 第 1 册")]
    empty = replace(rosters[0], persons=())
    assert ("PART_SIZE", "名单 第 1 册") in found(application, [empty], consents)
    application, rosters, consents = parts([1000])
    assert found(application, rosters, consents) == []


@pytest.mark.parametrize("reference", [1, 5, 0])
def test_references_count_every_person_once_from_1(reference):
    application, rosters, consents = parts([2, 2])
    last = replace(rosters[1].persons[1], reference=reference)
    rosters[1] = replace(rosters[1], persons=(rosters[1].persons[0], last))
    codes = found(application, rosters, consents)
    assert ("REFERENCES_MISNUMBERED", f"名单 第 {reference} 人") in codes


@pytest.mark.requirement("R022")
def test_each_person_has_exactly_one_consent():
    application, rosters, consents = parts([3])
    given_ = consents[0].consents
    stranger = PersonConsent(9, "1", "97", "授权书", date(2026, 5, 1), None)
    swapped = replace(consents[0], consents=(given_[0], given_[1], stranger))
    assert found(application, rosters, [swapped]) == [
        ("CONSENT_MISSING", "名单 第 3 人"),
        ("CONSENT_EXCESS", "名单 第 9 人"),
    ]
    doubled = replace(consents[0], consents=(given_[0], given_[1], given_[1]))
    assert found(application, rosters, [doubled]) == [
        ("CONSENT_MISSING", "名单 第 3 人"),
        ("CONSENT_EXCESS", "名单 第 2 人"),
    ]


def test_a_consent_stands_in_the_part_of_its_person():
    application, rosters, consents = parts([1, 1])
    first, second = consents
    crossed = [replace(first, consents=second.consents), replace(second, consents=first.consents)]
    assert found(application, rosters, crossed) == [
        ("CONSENT_MISSING", "名单 第 1、2 人"),
        ("CONSENT_EXCESS", "名单 第 1、2 人"),
    ]


@pytest.mark.requirement("R044")
def test_the_first_named_is_the_first_on_the_list():
    application, rosters, consents = parts([2])
    other = replace(application, first_named=rosters[0].persons[1].name)
    place = ("FORM_FIRST_NAMED_DIFFERS", "申请 首位被查询人")
    assert found(other, rosters, consents) == [place]
    spaced = replace(application, first_named=" 测试 乙")
    assert found(spaced, rosters, consents) == []


def test_an_application_without_parts_is_no_consistent_one():
    application, _, _ = parts([1])
    codes = [code for code, _ in found(replace(application, parts=()), [], [])]
    assert "PERSON_COUNT_DIFFERS" in codes
    assert "FORM_FIRST_NAMED_DIFFERS" in codes


def test_parts_of_another_kind_are_not_counted():
    application, rosters, consents = parts([1])
    other = (*application.parts, PartDigest("Answer", 9, bytes(32), 1))
    assert found(replace(application, parts=other), rosters, consents) == []
