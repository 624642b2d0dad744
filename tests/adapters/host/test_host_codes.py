"""What a connector says is written down only where it can carry nobody's name or number."""

from __future__ import annotations

import pytest

from adapters.host.codes import FAILED, OTHER, UNSAFE, Bounded, code_of, places_of, safe_code
from adapters.host.codes import safe_place as place
from bus.errors import DefectError
from schemas.codes import delay_causes

ENTRY = {
    "name": "housing-fund-loan",
    "table": "gjj.dk",
    "columns": {"balance": "dkye", "name": "xm"},
    "not_held": ["paid_to"],
    "batch": 3,
}


@pytest.mark.parametrize("code", ["SOURCE_TIMEOUT", "HTTP_503", "NAME_MISMATCH", "X12"])
def test_a_code_is_kept(code):
    assert safe_code(code) == code


@pytest.mark.parametrize(
    "code",
    [
        *("X990000198001010016", "A_1980_01_01", "lower_case", "张三", "AB", "A" * 41, ""),
        *("SOURCE FAILED", "SOURCE_FAILED\n", "1_CODE", None, 7),
    ],
)
def test_what_could_name_somebody_is_no_code(code):
    assert safe_code(code) == UNSAFE


def test_the_products_own_codes_are_codes():
    assert all(safe_code(code) == code for code in delay_causes())
    assert code_of(DefectError("A_DEFECT", "缺陷", "a defect")) == "A_DEFECT"
    assert code_of(DefectError("李四", "缺陷", "a defect")) == UNSAFE
    assert code_of(KeyError("李四")) == FAILED


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        *(("gjj.dk", True), ("gjj.dk.dkye", True), ("dk", True), ("housing-fund-loan", True)),
        *(("paid_to", True), ("gjj.李四", False), ("李四", False), ("", False), (None, False)),
        *(("3", False), ("gjj..dk", False)),
    ],
)
def test_a_place_is_one_that_the_mapping_names(where, kept):
    assert place(where, places_of([ENTRY])) == (where if kept else "")


def test_labels_are_bounded_whatever_a_connector_invents():
    labels = Bounded(most=2)
    assert [labels.label(code) for code in ("A", "B", "C", "A", "D")] == [
        *("A", "B", OTHER, "A", OTHER)
    ]
