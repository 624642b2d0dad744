"""Who takes part, from the folders given; and the data that is shipped."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest

from adapters.demo.agencies import MAX_AGENCIES, load_agencies, shipped_data
from adapters.demo.faults import DataFaultsError
from adapters.demo.sample import sample_draft, sample_workbook
from bus.rules.id_number import check_digit
from bus.workbook.parse import parse

TABLE = "id_number\nE1\n"


@pytest.fixture
def folder(tmp_path):
    def make(**files: str):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return tmp_path

    return make


def codes_of(folder):
    with pytest.raises(DataFaultsError, match="DATA_FAULTS") as caught:
        load_agencies(folder)
    return [(fault.sheet, fault.code) for fault in caught.value.faults]


def test_each_folder_is_an_agency_of_one_of_the_four_centres(folder):
    names = ("hub.marriage", "370000.social-security", "320000.housing-fund", "500000.a1")
    found = load_agencies(
        folder(
            **{f"{name}__housing-fund-account.csv": TABLE for name in names},
            **{"hub.marriage__marriage-registration.csv": TABLE},
            **{".hidden__x": "", "hub.marriage__.hidden": "", "README.md": ""},
        )
    )

    assert [agency.id for agency in found] == sorted(names)
    assert [t.resource.name for t in found[-1].tables] == [
        "housing-fund-account",
        "marriage-registration",
    ]
    assert [agency.title for agency in found] == [
        "江苏住房公积金中心",
        "山东机构 social-security",
        "重庆机构 a1",
        "部中心婚姻登记库",
    ]


@pytest.mark.parametrize(
    ("files", "place", "code"),
    [
        ({}, None, "AGENCIES_MISSING"),
        ({"housing-fund-account.csv": TABLE}, "housing-fund-account.csv", "AGENCY_MISSING"),
        ({"110000.bank__housing-fund-account.csv": TABLE}, "110000.bank", "AGENCY_UNKNOWN"),
        ({"370000__housing-fund-account.csv": TABLE}, "370000", "AGENCY_UNKNOWN"),
        ({"fund__housing-fund-account.csv": TABLE}, "fund", "AGENCY_UNKNOWN"),
        ({"370000.Fund__housing-fund-account.csv": TABLE}, "370000.Fund", "AGENCY_UNKNOWN"),
        ({"370000.fund__.keep": ""}, "370000.fund", "AGENCY_EMPTY"),
        ({"370000.fund__salary.csv": TABLE}, "370000.fund/salary.csv", "RESOURCE_UNKNOWN"),
        (
            {"370000.fund__housing-fund-account.xlsx": ""},
            "370000.fund/housing-fund-account.xlsx",
            "RESOURCE_UNKNOWN",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(folder, files, place, code):
    made = folder(**files)

    assert codes_of(made) == [(place or str(made), code)]


def test_faults_of_all_files_are_told_together(folder):
    made = folder(
        **{
            "370000.a__housing-fund-account.csv": "",
            "370000.b__housing-fund-loan.csv": "id_number,granted_on\nE1,x\n",
            "elsewhere__x.csv": TABLE,
        }
    )

    assert [code for _, code in codes_of(made)] == [
        "DATA_EMPTY",
        "VALUE_INVALID",
        "AGENCY_UNKNOWN",
    ]


def test_a_missing_folder_and_too_many_agencies_are_refused(folder, tmp_path):
    assert codes_of(tmp_path / "none") == [(str(tmp_path / "none"), "DATA_UNREADABLE")]

    names = [f"370000.a{n}__housing-fund-account.csv" for n in range(MAX_AGENCIES + 1)]
    made = folder(**dict.fromkeys(names, TABLE))
    assert codes_of(made) == [(str(made), "AGENCIES_TOO_MANY")]


def test_the_shipped_agencies_are_the_four_of_the_demo():
    agencies = load_agencies(shipped_data() / "tables")

    assert {agency.id: len(agency.tables) for agency in agencies} == {
        "320000.housing-bureau": 1,
        "320000.housing-fund": 3,
        "500000.housing-fund": 3,
        "hub.marriage": 1,
    }


def test_everybody_in_the_shipped_tables_is_synthetic():
    numbers = [
        row[[item.name for item in table.items].index(column)]
        for agency in load_agencies(shipped_data() / "tables")
        for table in agency.tables
        for column in ("id_number", "spouse_id_number")
        if column in {item.name for item in table.items}
        for row in table.rows
    ]

    residents = [number for number in numbers if len(number) == 18]
    assert all(number.startswith("990000") for number in residents)
    assert all(check_digit(number[:17]) == number[17] for number in residents)
    assert {number for number in numbers if len(number) != 18} == {"E99000109"}


def test_the_shipped_workbook_is_the_generators(local_today):
    shipped = (shipped_data() / "application.xlsx").read_bytes()

    # By content: compression differs between builds of zlib.
    assert contents(shipped) == contents(sample_workbook())
    assert parse(shipped, local_today) == sample_draft()


def test_the_sample_has_what_it_is_to_show(local_today):
    draft = sample_draft()

    assert len(draft.persons) == 12
    assert len({person.household for person in draft.persons}) == 5
    assert [person.guardian is not None for person in draft.persons].count(True) == 2
    assert {person.id_type for person in draft.persons} == {"111", "414"}
    assert any(person.id_number.endswith("X") for person in draft.persons)
    spans = [(line.provider, line.time_from, line.time_to) for line in draft.lines]
    assert [provider for provider, _, _ in spans] == ["national", "320000", "hub"]
    assert [start == end for _, start, end in spans] == [False, True, True]
    assert spans[2][1:] == (None, None)


def contents(workbook: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(workbook)) as package:
        return {name: package.read(name) for name in package.namelist()}
