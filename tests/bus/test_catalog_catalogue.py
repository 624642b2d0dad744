from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import TODAY, country, directory, draft_line, participant, request

from bus.catalog.catalogue import Catalogue, Provider
from bus.catalog.expand import CatalogueError, expand
from bus.rules.request_lines import check_request
from schemas.loader import load, parse
from schemas.resources import IDENTITY_ITEMS, resource_from, resources, with_resources
from signer.directory.view import CatalogueMark, Level, Mode, Offer, RangeAbility

SINCE = datetime(2026, 5, 1, tzinfo=UTC)

FUND = {
    name: tuple(item.name for item in resource.items if item.name not in IDENTITY_ITEMS)
    for name, resource in resources().items()
    if resource.category == "housing-fund"
}


def whole() -> Catalogue:
    """One agency that offers everything shipped, in full."""
    offers = [
        Offer(name, tuple(item.name for item in resource.items), 5)
        for name, resource in resources().items()
    ]
    return Catalogue.from_directory(
        directory(participant("hub", None), participant("hub.all", "hub", *offers)), resources()
    )


@pytest.mark.requirement("R037")
def test_the_catalogue_is_the_centres_resources_and_those_of_the_provinces():
    catalogue = Catalogue.from_directory(country(), resources())
    assert [entry.resource for entry in catalogue.entries] == [
        "housing-fund-account",
        "marriage-registration",
    ]
    account = catalogue.entry("housing-fund-account")
    assert [(p.adapter, p.term_working_days) for p in account.providers] == [
        ("320000.housing-fund", 5),
        ("321200.housing-fund", 7),
        ("500000.housing-fund", 3),
    ]
    assert account.providers[1].items == ("name", "id_type", "id_number", "status")
    assert (account.category, account.category_zh) == ("housing-fund", "住房公积金")
    assert account.time_item is None
    assert catalogue.entry("marriage-registration").providers[0].adapter == "hub.marriage"


@pytest.mark.requirement("R036")
def test_its_version_is_what_the_hub_says_and_the_directorys_where_it_does_not():
    hub = participant("hub", None)
    empty = Catalogue.from_directory(directory(hub, version=12), resources())
    assert (empty.version, empty.entries) == (12, ())
    marked = replace(hub, catalogue=CatalogueMark(9, SINCE, bytes(32)))
    assert Catalogue.from_directory(directory(marked, version=12), resources()).version == 9


@pytest.mark.requirement("R036")
def test_an_entry_says_of_each_provider_all_that_the_directory_does():
    offer = Offer(
        "marriage-registration",
        ("status",),
        2,
        Level.COUNTY,
        RangeAbility.DAY,
        24,
        "quarterly",
        Mode.OFFLINE,
    )
    city = replace(participant("321200.civil", "321200", offer), title="泰州市民政局")
    listed = directory(
        participant("hub", None),
        participant("320000", "hub"),
        participant("321200", "320000"),
        city,
    )
    (entry,) = Catalogue.from_directory(listed, resources()).entries
    (provider,) = entry.providers
    assert provider == Provider(
        "321200.civil",
        ("name", "id_type", "id_number", "status"),
        2,
        "泰州市民政局",
        "320000",
        Level.COUNTY,
        RangeAbility.DAY,
        24,
        "quarterly",
        Mode.OFFLINE,
    )
    assert (entry.category, entry.category_zh) == ("marriage", "婚姻登记")


@pytest.mark.requirement("R038")
def test_a_level_that_is_not_stated_is_that_of_the_agencys_place():
    listed = directory(
        participant("hub", None),
        participant("320000", "hub"),
        participant("321200", "320000"),
        participant("321281", "321200"),
        *(
            participant(f"{centre}.civil", centre, Offer("marriage-registration", ("status",), 2))
            for centre in ("hub", "320000", "321200", "321281")
        ),
    )
    (entry,) = Catalogue.from_directory(listed, resources()).entries
    assert {p.adapter: p.level for p in entry.providers} == {
        "hub.civil": Level.CENTRE,
        "320000.civil": Level.PROVINCE,
        "321200.civil": Level.PREFECTURE,
        "321281.civil": Level.COUNTY,
    }
    asked = {code: [p.adapter for p in entry.asked(code)] for code in ("hub", "320000", "500000")}
    assert asked == {
        "hub": ["hub.civil"],
        "320000": ["320000.civil", "321200.civil", "321281.civil"],
        "500000": [],
    }
    assert len(entry.asked("national")) == 4


@pytest.mark.requirement("R037")
def test_an_entry_lists_only_items_somebody_gives():
    catalogue = Catalogue.from_directory(country(), resources())
    entry = catalogue.entry("marriage-registration")
    assert [item.name for item in entry.items] == [*IDENTITY_ITEMS, "status"]
    assert [item.name for item in entry.content_items] == ["status"]


def test_offers_that_give_nothing_known_make_no_entry():
    odd = directory(
        participant("hub", None),
        participant("hub.a", "hub", Offer("marriage-registration", ("name", "unheard"), 2)),
        participant("hub.b", "hub", Offer("unheard-of", ("x",), 2)),
        participant("320000", "hub", Offer("marriage-registration", ("status",), 2)),
    )
    assert Catalogue.from_directory(odd, resources()).entries == ()


@pytest.mark.requirement("R005")
def test_a_resource_the_code_never_heard_of_is_asked_for_by_its_own_titles():
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["name"] = "FishingBoat"
    source["hedui"] |= {
        "resource": "fishing-boat",
        "category": "boats",
        "category_zh": "渔业船舶",
        "zh": "渔船",
    }
    schema = parse("resource/fishing-boat.v1", json.dumps(source).encode())
    boats = directory(
        participant("hub", None),
        participant("hub.boats", "hub", Offer("fishing-boat", ("status",), 2)),
    )
    catalogue = Catalogue.from_directory(boats, with_resources([schema]))
    (line,) = expand((draft_line(category="渔船"),), catalogue)
    assert (line.resource, line.category) == ("fishing-boat", "boats")
    assert catalogue.named("boats") == catalogue.entries
    assert catalogue.named("渔业 船舶") == catalogue.entries
    assert catalogue.entries[0].category_zh == "渔业船舶"
    del source["hedui"]["category_zh"]
    unnamed = resource_from(parse("resource/fishing-boat.v1", json.dumps(source).encode()))
    (entry,) = Catalogue.from_directory(boats, {"fishing-boat": unnamed}).entries
    assert entry.category_zh == "boats"


@pytest.mark.requirement("R005")
def test_what_travels_takes_nothing_away_from_what_is_shipped():
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["hedui"]["zh"] = "另一个"
    again = parse("directory", json.dumps(source).encode())
    none = parse("directory", b'{"type": "record", "name": "A", "fields": []}')
    assert with_resources([none, again]) == resources()


@pytest.mark.requirement("R052")
@pytest.mark.parametrize("text", ["住房公积金", "公积金", "housing-fund", " 住房 公积金 "])
def test_a_category_becomes_one_line_for_each_of_its_resources(text):
    lines = expand((draft_line(row=4, category=text),), whole())
    assert [(line.line, line.row, line.resource) for line in lines] == [
        (1, 4, "housing-fund-account"),
        (2, 4, "housing-fund-contribution"),
        (3, 4, "housing-fund-loan"),
        (4, 4, "housing-fund-withdrawal"),
    ]
    for line in lines:
        assert line.items == IDENTITY_ITEMS + FUND[line.resource]
        assert line.category == "housing-fund"


@pytest.mark.requirement("R052")
@pytest.mark.parametrize("text", ["住房公积金提取", "housing-fund-withdrawal"])
def test_a_title_of_a_resource_asks_for_that_one_only(text):
    (line,) = expand((draft_line(category=text),), whole())
    assert line.resource == "housing-fund-withdrawal"


@pytest.mark.requirement("R052")
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (("个人账户余额",), {"housing-fund-account": ("balance",)}),
        (("balance", "个人账户状态"), {"housing-fund-account": ("status", "balance")}),
        (
            ("个人账号",),
            {
                "housing-fund-account": ("account",),
                "housing-fund-contribution": ("account",),
                "housing-fund-withdrawal": ("account",),
            },
        ),
        (("姓名", " 贷款 状态 "), {"housing-fund-loan": ("status",)}),
    ],
)
def test_items_narrow_the_lines_to_the_resources_that_have_them(items, expected):
    lines = expand((draft_line(items=items),), whole())
    assert {line.resource: line.items for line in lines} == {
        resource: IDENTITY_ITEMS + wanted for resource, wanted in expected.items()
    }


def test_lines_are_numbered_over_all_rows_and_keep_row_provider_and_dates():
    rows = (
        draft_line(row=1, provider="national"),
        draft_line(row=2, provider="hub", category="婚姻登记", time_from=TODAY, time_to=TODAY),
    )
    lines = expand(rows, whole())
    assert [(line.line, line.row, line.provider) for line in lines] == [
        (1, 1, "national"),
        (2, 1, "national"),
        (3, 1, "national"),
        (4, 1, "national"),
        (5, 2, "hub"),
    ]
    assert (lines[4].time_from, lines[4].time_to) == (TODAY, TODAY)


@pytest.mark.requirement("R020")
@pytest.mark.parametrize(
    ("changes", "code", "allowed"),
    [
        ({"category": ""}, "CATEGORY_MISSING", "婚姻登记"),
        ({"category": "古董字画"}, "CATEGORY_UNKNOWN", "住房公积金"),
        ({"category": "住房保障", "items": ("车牌",)}, "ITEM_UNKNOWN", "保障房类型"),
        ({"items": ("姓名", "证件号码")}, "ITEMS_IDENTITY_ONLY", "个人账户余额"),
    ],
)
def test_what_is_not_in_the_catalogue_is_refused_with_what_is(changes, code, allowed):
    with pytest.raises(CatalogueError) as caught:
        expand((draft_line(row=9, **changes),), whole())
    assert caught.value.code == code
    assert caught.value.where.startswith("附表 第 9 行 内容")
    assert allowed in caught.value.remedy_zh


def test_an_empty_catalogue_says_so():
    empty = Catalogue(1, ())
    with pytest.raises(CatalogueError) as caught:
        expand((draft_line(),), empty)
    assert "资源目录为空" in caught.value.remedy_zh


all_items = sorted({item.zh for item in resources()["housing-fund-loan"].items})


@pytest.mark.requirement("R049")
@given(
    st.lists(st.sampled_from(all_items), unique=True),
    st.sampled_from(["住房公积金", "住房公积金贷款"]),
)
def test_whatever_expands_is_accepted_by_the_hubs_check(items, category):
    catalogue = whole()
    row = draft_line(category=category, items=tuple(items))
    if items and set(items) <= {"姓名", "证件类型", "证件号码"}:
        with pytest.raises(CatalogueError):
            expand((row,), catalogue)
        return
    lines = expand((row,), catalogue)
    assert lines
    assert check_request(request(lines=lines), catalogue, TODAY) == ()
