"""The code tables, and what a table with a fault says."""

import re
from dataclasses import FrozenInstanceError
from functools import partial
from importlib.resources import files as resource_files

import pytest

from schemas import codes
from schemas.loader import SchemaError
from schemas.resources import resources
from signer.directory.view import Level, Mode, RangeAbility

TABLES = sorted(codes.tables())
each_table = pytest.mark.parametrize(
    "table", [partial(codes.table, name) for name in TABLES], ids=TABLES
)


@each_table
def test_every_row_has_its_names_in_both_languages(table):
    for code, row in table().items():
        assert row.code == code
        assert re.search(r"[\u4e00-\u9fff]", row.zh)
        assert re.fullmatch(r"[A-Za-z ,'-]+", row.en)


@each_table
def test_a_row_is_found_by_each_of_its_names(table):
    for row in table().values():
        for name in row.names:
            assert table().find(name) is row
    assert table().find("没有") is None


@each_table
def test_a_table_is_read_once_and_frozen(table):
    assert table() is table()
    row = next(iter(table().values()))
    with pytest.raises(FrozenInstanceError):
        row.zh = "别的"


def test_a_table_is_the_same_by_its_name_as_by_its_function():
    assert codes.table("id-types") is codes.id_types()
    assert codes.table("relations") is codes.relations()
    assert isinstance(codes.table("delay-causes")["OVERDUE"], codes.DelayCause)


@pytest.mark.parametrize("name", ["moods", "", "id_types", "../codes/id-types", "id-types.toml"])
def test_a_table_that_is_not_shipped_is_refused_by_name(name):
    with pytest.raises(SchemaError) as caught:
        codes.table(name)
    assert (caught.value.code, caught.value.where) == ("CODES_UNKNOWN", name)


@pytest.mark.requirement("R005")
def test_a_schema_may_name_a_table_that_is_not_shipped_and_then_has_none():
    assert codes.known_table("moods") is None
    assert codes.known_table(None) is None
    assert codes.known_table("sale-roles") is codes.table("sale-roles")


def test_a_file_of_codes_says_where_they_come_from():
    named = {i.codes for r in resources().values() for i in r.items if i.codes}
    for name in named:
        text = resource_files("schemas").joinpath("codes", f"{name}.toml").read_text("utf-8")
        head = text.partition("rows = [")[0]
        assert re.search(r"GB/T|GA |GA/T|自编|R\d\d\d", head), name


@pytest.mark.requirement("R051")
def test_the_regions_are_31_provinces_and_the_corps():
    numbers = [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47)]
    numbers += [*range(50, 55), *range(61, 67)]
    assert list(codes.regions()) == [f"{n}0000" for n in numbers]


@pytest.mark.requirement("R050")
def test_a_region_is_found_as_the_form_writes_it():
    for name in ("山东", "山东省", "370000"):
        assert codes.regions().find(name).code == "370000"
    assert codes.regions().find("内蒙古").zh == "内蒙古自治区"
    assert codes.regions().find("兵团").code == "660000"
    assert codes.regions().find("山西").code != codes.regions().find("陕西").code


def test_the_id_types_are_those_of_the_standard_and_two_of_our_own():
    assert list(codes.id_types()) == [
        "111", "113", "114", "115", "118", "414", "511", "516", "553", "990", "X01", "X02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "number", "good"),
    [
        ("居民身份证", "11010519491231002X", True),
        ("居民身份证", "11010519491231002x", False),
        ("居民身份证", "110105491231002", False),
        ("511", "12345678", True),
        ("511", "1234567", False),
        ("516", "H12345678", True),
        ("516", "A12345678", False),
    ],
)
def test_the_patterns_are_those_of_the_facts(name, number, good):
    assert bool(re.fullmatch(codes.id_types().find(name).pattern, number)) is good


def test_the_types_that_end_in_a_check_digit():
    assert {c for c, row in codes.id_types().items() if row.check_digit} == {"111", "X01"}


@pytest.mark.requirement("R106")
@pytest.mark.requirement("R132")
@pytest.mark.requirement("R083")
@pytest.mark.parametrize(
    "name",
    ["城乡低保", "医疗救助", "临时困难救助", "临时救助", "特困供养", "受灾人员救助", "住房救助",
     "教育救助", "就业救助", "流浪乞讨救助", "低收入家庭认定", "公租房", "租赁补贴"],
)  # fmt: skip
def test_the_programmes_of_the_rules_are_business_categories(name):
    assert codes.business().find(name) is not None


@pytest.mark.requirement("R004")
@pytest.mark.requirement("R005")
@pytest.mark.parametrize(
    "name",
    ["户籍", "婚姻登记", "遗体火化", "社会保险", "不动产登记", "工商登记", "住房公积金", "车船",
     "医疗", "教育", "住房保障"],
)  # fmt: skip
def test_the_categories_of_the_rules_are_there(name):
    assert codes.categories().find(name) is not None


@pytest.mark.requirement("R086")
@pytest.mark.parametrize("name", ["住房保障", "户籍", "车船", "工商", "税务", "公积金"])
def test_what_is_compared_for_housing_security_is_a_category_with_resources(name):
    category = codes.categories().find(name)
    assert [one for one in resources().values() if one.category == category.code]


@pytest.mark.parametrize("name", ["本人", "配偶", "子", "女", "父亲", "母亲", "父", "母"])
def test_the_near_relations_are_there(name):
    assert codes.relations().find(name) is not None


@pytest.mark.requirement("R030")
def test_a_delay_has_a_coded_cause_and_it_is_known_which_are_objective():
    causes = codes.delay_causes()
    assert causes.find("不可抗力").objective
    assert not causes["VOLUME"].objective
    automatic = {code for code, cause in causes.items() if cause.automatic}
    assert automatic == {"OVERDUE", "REVIEW_PENDING", "CALENDAR_PUBLISHED"}


@pytest.mark.requirement("R027")
def test_a_refusal_has_a_coded_reason():
    assert "CONSENT_DOUBTFUL" in codes.refusal_reasons()
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)*", code) for code in codes.refusal_reasons())


ROW = 'code = "1", zh = "甲", en = "A"'


def read(content):
    return codes.read_table(
        "t", content.encode(), lambda r: codes.IdType(
            r.text("code"), r.text("zh"), r.text("en"), r.texts("aliases"),
            r.pattern("pattern"), r.flag("check_digit"),
        ),
    )  # fmt: skip


def test_a_sound_table_is_read():
    assert list(read(f"rows = [{{ {ROW} }}]")) == ["1"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("rows = [", "t"),
        ("", "t"),
        ("rows = []", "t"),
        ("rows = 7", "t"),
        (f"rows = [{{ {ROW} }}]\nmore = 1", "t"),
        ("rows = [7]", "t: 1"),
        ('rows = [{ code = "1", zh = "甲" }]', "t: 1: en"),
        ('rows = [{ code = 1, zh = "甲", en = "A" }]', "t: 1: code"),
        ('rows = [{ code = "1", zh = " 甲", en = "A" }]', "t: 1: zh"),
        (f"rows = [{{ {ROW}, alias = [] }}]", "t: 1: alias"),
        (f"rows = [{{ {ROW}, aliases = [7] }}]", "t: 1: aliases"),
        (f'rows = [{{ {ROW}, aliases = "乙" }}]', "t: 1: aliases"),
        (f'rows = [{{ {ROW}, pattern = "[" }}]', "t: 1: pattern"),
        (f'rows = [{{ {ROW}, check_digit = "yes" }}]', "t: 1: check_digit"),
        (f'rows = [{{ {ROW} }}, {{ code = "2", zh = "甲", en = "B" }}]', "t: 2"),
        (f'rows = [{{ {ROW} }}, {{ code = "1", zh = "乙", en = "B" }}]', "t: 1"),
    ],
)
def test_a_table_with_a_fault_says_where(content, where):
    with pytest.raises(SchemaError) as caught:
        read(content)
    assert (caught.value.code, caught.value.where) == ("CODES_MALFORMED", where)


def test_a_table_that_is_not_utf_8_is_refused():
    with pytest.raises(SchemaError):
        codes.read_table("t", b"\xff", lambda r: codes.Code(r.text("code"), "", "", ()))


@pytest.mark.requirement("R036")
def test_what_the_directory_says_of_an_offer_has_a_name_in_the_tables():
    assert list(codes.levels()) == [level.value for level in Level]
    assert list(codes.time_ranges()) == [ability.value for ability in RangeAbility]
    assert list(codes.modes()) == [mode.value for mode in Mode]


@pytest.mark.requirement("R054")
@pytest.mark.requirement("R055")
def test_the_table_says_where_the_rules_have_a_category_organised():
    stated = {row.code: row.level for row in codes.categories().values() if row.level}
    assert stated == {
        "housing-security": "county",
        "housing-sale": "county",
        "housing-fund": "prefecture",
    }
    assert set(stated.values()) <= set(codes.levels())
