"""The mapping file: every fault at once, with key and remedy, and never a value."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from adapters.mapping import resource as documentation
from adapters.mapping.catalogue import catalogue_faults
from adapters.mapping.faults import MappingError
from adapters.sql import mapping as documentation_of_sql
from adapters.sql.mapping import SqlMapping
from schemas.resources import resources

GOOD = """
[participant]
id = "320000.housing-fund"

[source]
url = "postgresql+asyncpg://hedui@db.example/fund"
password_file = "db.password"

[[resource]]
name = "housing-fund-account"
table = "个人账户"
schema = "gjj.dbo"
id_number = "证件号码"
id_number_exact = true
id_type = "zjlx"
id_types = { "1" = "111" }
person_name = "xm"
name_mismatch = "not_found"
time_column = "khrq"
as_of = 2026-01-31
not_held = ["status"]
[resource.columns]
name = "xm"
balance = "ye"
[resource.codes.name]
"0" = "正常"
"""


def read(text: str) -> SqlMapping:
    return SqlMapping.from_toml(tomllib.loads(text), "adapter.toml", Path("conf"))


def faults(text: str) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        read(text)
    assert caught.value.code == "MAPPING_INVALID"
    assert caught.value.where == "adapter.toml"
    return {finding.where: finding.en for finding in caught.value.findings}


def test_a_whole_mapping_is_read_and_other_sections_are_left_alone():
    mapping = read(GOOD)
    entry = mapping.resource("housing-fund-account")
    assert entry is not None
    assert (entry.place, entry.id_number) == ("gjj.dbo.个人账户", "证件号码")
    assert entry.id_types == {"1": "111"}
    assert entry.as_of == date(2026, 1, 31)
    assert entry.columns == {"name": "xm", "balance": "ye"}
    assert mapping.source.password_file == Path("db.password")
    assert mapping.folder == Path("conf")
    assert mapping.resource("marriage-registration") is None


def test_the_example_in_the_documentation_is_a_mapping_that_fits_the_catalogue():
    ours = dedent((documentation.__doc__ or "").partition("keys it does not know are refused.")[2])
    theirs = dedent((documentation_of_sql.__doc__ or "").partition("these keys are added:")[2])
    # The connector's own keys come first in its last section, so that sections stay in order.
    mapping = read(theirs + ours.replace("[[resource]]", "", 1))
    assert mapping.resources[0].time_column == "tqrq"
    assert list(catalogue_faults(mapping.resources, resources())) == []


def test_what_may_be_left_out_has_the_careful_default(mapping):
    entry = mapping(id_type=None, person_name=None).resources[0]
    assert entry.only_id_type == "111"
    assert entry.name_mismatch == "not_answerable"
    assert not entry.id_number_exact
    assert mapping(id_type=None, id_type_value="414").resources[0].only_id_type == "414"
    assert mapping().resources[0].only_id_type is None


def test_every_fault_is_listed_at_once_with_its_key_in_both_languages():
    text = (
        GOOD.replace('table = "个人账户"', "table = 5\ntabel = 'x'")
        .replace('"not_found"', '"perhaps"')
        .replace('balance = "ye"', 'balance = "ye; DROP TABLE x"')
        .replace('id_number = "证件号码"\n', "")
    )
    assert set(faults(text)) == {
        "resource[1].table",
        "resource[1].tabel",
        "resource[1].name_mismatch",
        "resource[1].columns.balance",
        "resource[1].id_number",
    }
    with pytest.raises(MappingError) as caught:
        read(text)
    assert "须为下列之一：'not_answerable', 'not_found' or 'answer'" in str(caught.value)
    assert "[resource[1].id_number] 缺少此键，请补充" in str(caught.value)
    assert "[resource[1].id_number] this key is missing; add it" in str(caught.value)


def test_sections_that_are_not_there_are_named():
    assert set(faults("")) == {"source", "resource"}
    assert set(faults("resource = []\n[source]\nurl = 'sqlite:///x'")) == {"resource"}


@pytest.mark.parametrize(
    "name",
    ["1a", "a b", "a-b", 'a"b', "a;b", "a'b", "a.b", "", "a\n", "ａ", "a)b", "a--b"],
)
def test_only_plain_names_are_names_of_columns(name, mapping):
    with pytest.raises(MappingError) as caught:
        mapping(id_number=name)
    assert [finding.where for finding in caught.value.findings] == ["resource[1].id_number"]


@pytest.mark.parametrize("name", ["zjhm", "ZJHM", "_a1", "证件号码", "a#1", "列2"])
def test_letters_digits_underscores_and_chinese_are_accepted(name, mapping):
    assert mapping(id_number=name).resources[0].id_number == name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://hedui:sesame@db.example/fund",
        "postgresql+asyncpg://hedui@db.example/fund?password=sesame",
        "postgresql+asyncpg://hedui:ses%2Fame@db.example/fund",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url, mapping):
    with pytest.raises(MappingError) as caught:
        mapping(source={"url": url})
    assert [finding.where for finding in caught.value.findings] == ["source.url"]
    assert "password_file" in str(caught.value)
    assert "ses" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("resource[1]", {"id_type_value": "111"}),
        ("resource[1]", {"id_type": None, "id_types": {"1": "111"}}),
        ("resource[1]", {"as_of": date(2026, 1, 1), "as_of_column": "rq"}),
        (
            "resource[1]",
            {"person_name": None, "columns": {"id_number": "zjhm"}, "name_mismatch": "answer"},
        ),
        ("resource[1]", {"not_held": ["amount"]}),
        ("resource[1]", {"codes": {"paid_to": {"1": "x"}}}),
        ("resource[1].id_types.1", {"id_types": {"1": "999"}}),
        ("resource[1].as_of", {"as_of": "2026-01-01"}),
        ("resource[1].columns", {"columns": {}}),
        ("resource[1].schema", {"schema": "a..b"}),
        ("source.url", {"source": {"url": "fund.db"}}),
        ("source.statement_timeout_seconds", {"source": {"statement_timeout_seconds": 0}}),
        ("source.connections", {"source": {"connections": 0}}),
    ],
)
def test_what_contradicts_itself_is_refused(mapping, where, changes):
    with pytest.raises(MappingError) as caught:
        mapping(**changes)
    assert [finding.where for finding in caught.value.findings] == [where]


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ({"connections": 0}, "不得小于 1", "it must be at least 1"),
        ({"connections": "many"}, "须为整数", "a whole number is needed"),
        ({"connections": 33}, "不得大于 32", "it must be at most 32"),
        ({"statement_timeout_seconds": 0}, "须大于 0.0", "it must be greater than 0.0"),
        ({"password_file": 5}, "须为带引号的文件路径", "a quoted path of a file is needed"),
    ],
)
def test_both_languages_say_what_is_accepted(mapping, source, zh, en):
    with pytest.raises(MappingError) as caught:
        mapping(source=source)
    (finding,) = caught.value.findings
    assert (finding.zh, finding.en) == (zh, en)


def test_a_port_that_is_no_number_is_not_repeated(mapping):
    with pytest.raises(MappingError) as caught:
        mapping(source={"url": "postgresql+asyncpg://db.example:sesame/fund"})
    assert [finding.where for finding in caught.value.findings] == ["source.url"]
    assert "sesame" not in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_a_resource_is_mapped_once():
    doubled = GOOD + GOOD[GOOD.index("[[resource]]") :]
    assert faults(doubled) == {"resource": "a resource is mapped twice"}


def test_a_mapping_does_not_change(mapping):
    with pytest.raises(ValueError, match="frozen"):
        mapping().source.url = "sqlite+aiosqlite:///other.db"
