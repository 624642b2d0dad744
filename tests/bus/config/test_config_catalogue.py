"""A province's report as a file, and the folder of resource schemas."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bus.config.catalogue_report import read_report, report_template
from bus.config.resources import load_resources
from bus.errors import ConfigError, InputError
from bus.model.catalogue_report import ReportedAgency
from schemas.loader import load
from schemas.resources import IDENTITY_ITEMS, resources
from signer.directory.view import Directory, Level, Mode, Offer, Participant, RangeAbility, Standing
from signer.identity import role_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
GOOD = """
[[agency]]
id = "320000.housing-fund"
[[agency.resource]]
resource = "housing-fund-loan"
items = ["status"]
term_working_days = 5
level = "地市级"
range = "时间段"
back_months = 36
updates = "每月"
[[agency.resource]]
resource = "housing-fund-account"
term_working_days = 3
level = "province"
range = "latest"
updates = "realtime"
mode = "介质"
[[agency]]
id = "321200.housing-fund"
"""


@pytest.mark.requirement("R038")
def test_a_report_is_read_by_codes_and_chinese_names():
    fund, city = read_report(GOOD, resources())
    loan, account = fund.offers
    assert loan.items == (*IDENTITY_ITEMS, "status")
    assert (loan.level, loan.range, loan.back_months) == (Level.PREFECTURE, RangeAbility.PERIOD, 36)
    assert (loan.updates, loan.mode) == ("monthly", Mode.ONLINE)
    assert account.items == tuple(i.name for i in resources()["housing-fund-account"].items)
    assert (account.updates, account.mode) == ("realtime", Mode.OFFLINE)
    assert city == ReportedAgency("321200.housing-fund", ())


def test_what_no_schema_knows_stays_for_the_rules_to_name():
    text = GOOD.replace("housing-fund-loan", "no-such").replace("status", "plate")
    assert read_report(text, resources())[0].offers[0].items == ("plate",)
    known = GOOD.replace('"status"', '"plate"')
    assert read_report(known, resources())[0].offers[0].items == (*IDENTITY_ITEMS, "plate")


@pytest.mark.parametrize(
    ("given", "instead", "where"),
    [
        ("[[agency]]", "[[agency]", ""),
        ("range =", "rage =", ""),
        ("term_working_days = 3", 'term_working_days = "three"', ""),
        ('range = "latest"', "", ""),
        ("地市级", "中级", "320000.housing-fund housing-fund-loan level"),
        ("时间段", "永久", "320000.housing-fund housing-fund-loan range"),
        ("每月", "有时", "320000.housing-fund housing-fund-loan updates"),
        ("介质", "邮寄", "320000.housing-fund housing-fund-account mode"),
    ],
)
def test_a_file_that_is_no_report_is_refused_with_its_place(given, instead, where):
    with pytest.raises(InputError, match="REPORT_FILE") as caught:
        read_report(GOOD.replace(given, instead, 1), resources())
    assert caught.value.where == where
    assert caught.value.remedy_zh


def tree(*offers, **changed):
    listed = {
        name: Participant(name, role_of(name), parent, title, (), offers=given)
        for name, parent, title, given in (
            ("hub", None, "部中心", ()),
            ("hub.marriage", "hub", "婚姻", (Offer("marriage-registration", ("status",), 3),)),
            ("320000", "hub", "江苏", ()),
            ("320000.fund", "320000", "江苏“公积金”\n中心", offers),
            ("321200", "320000", "泰州", ()),
            ("321200.fund", "321200", "泰州公积金", ()),
        )
    }
    return Directory(1, NOW, NOW, listed)


@pytest.mark.requirement("R038")
def test_the_template_is_a_report_of_what_is_listed_now():
    stated = Offer(
        "housing-fund-loan",
        (*IDENTITY_ITEMS, "status"),
        9,
        Level.PREFECTURE,
        RangeAbility.DAY,
        12,
        "daily",
        Mode.UPLOAD,
    )
    plain = Offer("housing-fund-account", (*IDENTITY_ITEMS, "status"), 5)
    text = report_template("320000", tree(stated, plain), resources())
    fund, city = read_report(text, resources())
    assert (fund.agency, city) == ("320000.fund", ReportedAgency("321200.fund", ()))
    assert fund.offers[0].offer() == stated
    likely = fund.offers[1]
    assert (likely.level, likely.range) == (Level.PROVINCE, RangeAbility.LATEST)
    assert text.count("请核实") == 3
    assert "# 江苏“公积金” 中心" in text


def test_the_template_leaves_out_who_has_left():
    listed = tree()
    gone = listed.participants["321200.fund"]
    listed.participants["321200.fund"] = Participant(
        gone.id, gone.role, gone.parent, gone.title, (), standing=Standing.WITHDRAWN
    )
    found = read_report(report_template("320000", listed, resources()), resources())
    assert [agency.agency for agency in found] == ["320000.fund"]


@pytest.fixture
def boat():
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["name"] = "FishingBoat"
    source["hedui"] |= {"resource": "fishing-boat", "category": "boats", "zh": "渔船"}
    return source


@pytest.mark.requirement("R005")
def test_a_folder_of_schemas_is_read_as_it_is(tmp_path, boat):
    assert load_resources(None) == ()
    (tmp_path / "README.txt").write_text("-", encoding="utf-8")
    assert load_resources(tmp_path) == ()
    data = json.dumps(boat).encode()
    (tmp_path / "boat.avsc").write_bytes(data)
    assert load_resources(tmp_path) == (data,)


def test_a_folder_with_a_fault_names_the_file(tmp_path, boat):
    with pytest.raises(ConfigError, match="RESOURCES_INVALID"):
        load_resources(tmp_path / "missing")
    whole = json.dumps(boat).encode()
    (tmp_path / "a.avsc").write_bytes(whole)
    for data in (whole, b"{", load("resource/housing-fund-loan.v1").source, b" " * 70_000):
        text = data if isinstance(data, bytes) else json.dumps(data).encode()
        (tmp_path / "b.avsc").write_bytes(text)
        with pytest.raises(ConfigError, match="RESOURCES_INVALID") as caught:
            load_resources(tmp_path)
        assert caught.value.where.endswith("b.avsc")
