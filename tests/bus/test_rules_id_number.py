from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import TODAY, iso_7064_check, resident_number

from bus.rules.id_number import area_warnings, birth_date, check_number, normalise

WHERE = "名单 第 7 人 证件号码"
pytestmark = pytest.mark.requirement("R070")


def codes_of(id_type: str, number: str) -> list[str]:
    return [finding.code for finding in check_number(id_type, number, TODAY, WHERE)]


born = st.dates(min_value=date(1900, 1, 1), max_value=TODAY)
areas = st.integers(min_value=100000, max_value=999999).map(str)


@given(born, st.integers(0, 999), areas)
def test_every_number_with_a_true_check_digit_and_a_real_birth_date_passes(born, serial, area):
    number = resident_number(born, serial, area)
    assert codes_of("111", number) == []
    assert birth_date("111", number) == born


@given(born, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(born, serial, place, shift):
    number = resident_number(born, serial)
    wrong = str((int(number[place]) + shift) % 10)
    changed = number[:place] + wrong + number[place + 1 :]
    assert codes_of("111", changed) in (["ID_NUMBER_CHECK_DIGIT"], ["ID_NUMBER_BIRTH_DATE"])


@given(born, st.integers(0, 999), st.integers(0, 15))
def test_every_swap_of_two_neighbouring_digits_is_found(born, serial, place):
    number = resident_number(born, serial)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or codes_of("111", swapped) != []


def test_the_vector_of_the_standard_passes():
    assert codes_of("111", "11010519491231002X") == []
    assert iso_7064_check("11010519491231002") == "X"


def test_a_real_area_of_a_later_abolished_county_passes_without_warning():
    number = resident_number(date(1985, 3, 4), area="500229")
    assert codes_of("111", number) == []
    assert area_warnings("111", number, WHERE) == ()


@pytest.mark.parametrize("area", ["990000", "110105", "650100", "810000", "710000"])
def test_known_areas_give_no_warning(area):
    assert area_warnings("111", resident_number(area=area), WHERE) == ()


@pytest.mark.parametrize("area", ["990001", "010000", "160000", "660000"])
def test_an_unlikely_area_is_a_warning_and_no_error(area):
    number = resident_number(area=area)
    assert codes_of("111", number) == []
    (warning,) = area_warnings("111", number, WHERE)
    assert (warning.code, warning.where) == ("ID_NUMBER_AREA", WHERE)


def test_warnings_are_for_well_formed_resident_numbers_only():
    assert area_warnings("414", "E00000000", WHERE) == ()
    assert area_warnings("111", "01", WHERE) == ()
    assert area_warnings("000", "01", WHERE) == ()


def test_born_today_passes_and_born_tomorrow_does_not():
    assert codes_of("111", resident_number(TODAY)) == []
    assert codes_of("111", resident_number(TODAY + timedelta(days=1))) == ["ID_NUMBER_BIRTH_DATE"]


@pytest.mark.parametrize("day", ["19850230", "19851301", "19850100", "00000101", "19000229"])
def test_a_birth_date_the_calendar_does_not_have_is_refused(day):
    first = f"990000{day}001"
    assert codes_of("111", first + iso_7064_check(first)) == ["ID_NUMBER_BIRTH_DATE"]


def test_the_15_digit_form_is_refused_with_what_to_do():
    (finding,) = check_number("111", "990000850601001", TODAY, WHERE)
    assert finding.code == "ID_NUMBER_OLD"
    assert "18 位" in finding.zh


@pytest.mark.parametrize(
    "number", ["1", "9" * 17, "9" * 19, "X" * 18, "９" * 18, "99000019850601001x", "٣" * 18]
)
def test_other_lengths_and_characters_are_refused(number):
    assert codes_of("111", number) == ["ID_NUMBER_FORM"]


@pytest.mark.parametrize(
    ("id_type", "good", "bad"),
    [
        ("511", "00000000", "0000000"),
        ("511", "12345678", "A2345678"),
        ("516", "H00000000", "X00000000"),
        ("516", "M12345678", "M123456789"),
        ("X01", resident_number(area="810000"), "H00000000"),
    ],
)
def test_types_with_a_prescribed_form(id_type, good, bad):
    assert codes_of(id_type, good) == []
    assert codes_of(id_type, bad) == ["ID_NUMBER_FORM"]


@pytest.mark.parametrize("id_type", ["113", "114", "115", "118", "414", "553", "990", "X02"])
def test_types_without_one_need_a_readable_text(id_type):
    assert codes_of(id_type, "军字第0000000号") == []
    assert codes_of(id_type, "") == ["ID_NUMBER_EMPTY"]
    assert codes_of(id_type, "A" * 41) == ["ID_NUMBER_TEXT"]
    assert codes_of(id_type, "A\n1") == ["ID_NUMBER_TEXT"]
    assert birth_date(id_type, resident_number()) is None


def test_an_unknown_type_is_refused():
    assert codes_of("112", "1") == ["ID_TYPE_UNKNOWN"]
    assert birth_date("112", resident_number()) is None


@given(st.text(max_size=30), st.sampled_from(["111", "516", "990", "000"]))
def test_no_text_breaks_the_check_and_no_finding_repeats_it(number, id_type):
    for finding in check_number(id_type, number, TODAY, WHERE):
        assert finding.where == WHERE
        assert len(number) < 3 or number not in finding.zh + finding.en


@pytest.mark.parametrize(
    ("id_type", "typed", "meant"),
    [
        ("111", " 11010519491231002x ", "11010519491231002X"),
        ("111", "１１０１０５　19491231 002Ｘ", "11010519491231002X"),
        ("516", "h 00000000", "H00000000"),
        ("990", " No. 12a ", "No. 12a"),
        ("000", " a ", "a"),
    ],
)
def test_normalising_keeps_whose_number_it_is(id_type, typed, meant):
    assert normalise(id_type, typed) == meant


@given(st.text(max_size=30), st.sampled_from(["111", "990"]))
def test_normalising_twice_changes_nothing_more(number, id_type):
    once = normalise(id_type, number)
    assert normalise(id_type, once) == once
