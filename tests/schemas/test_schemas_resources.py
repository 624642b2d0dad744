"""What the catalogue's resources say of themselves."""

import re

import pytest

from schemas import codes
from schemas.loader import SchemaError
from schemas.resources import ItemKind, resource_from, resources


def zh(name):
    return [item.zh for item in resources()[name].items]


def kinds(name):
    return {item.name: item.kind for item in resources()[name].items}


@pytest.mark.requirement("R059")
def test_the_fund_account_has_the_items_of_the_circular():
    assert zh("housing-fund-account") == [
        "姓名", "证件类型", "证件号码", "个人账户状态", "个人账户余额", "个人账号", "开户日期",
        "个人月缴存额",
    ]  # fmt: skip


@pytest.mark.requirement("R060")
def test_the_fund_withdrawal_has_the_items_of_the_circular():
    assert zh("housing-fund-withdrawal") == [
        "姓名", "证件类型", "证件号码", "个人账号", "提取账户", "提取金额", "提取日期", "提取原因",
    ]  # fmt: skip


@pytest.mark.requirement("R061")
def test_the_fund_loan_has_the_items_of_the_circular():
    assert zh("housing-fund-loan") == [
        "姓名", "证件类型", "证件号码", "贷款发放额", "贷款发放日期", "贷款期数", "回收本金总额",
        "回收利息总额", "贷款状态",
    ]  # fmt: skip


@pytest.mark.requirement("R062")
def test_urban_housing_security_has_the_items_of_the_circular_and_an_id_type():
    items = zh("urban-housing-security")
    items.remove("证件类型")
    assert items == [
        "姓名", "身份证号", "工作单位", "保障房类型", "房屋坐落地址", "保障房面积",
        "购买或租赁时间", "购买或租赁价格", "享受租赁补贴金额", "领取时间",
    ]  # fmt: skip


@pytest.mark.requirement("R063")
def test_rural_renovation_has_the_items_of_the_circular():
    assert zh("rural-housing-renovation") == [
        "姓名", "证件类型", "证件号码", "危房改造面积", "补助金额",
    ]  # fmt: skip


@pytest.mark.requirement("R064")
def test_a_housing_sale_has_the_items_of_the_circular():
    assert sorted(zh("housing-sale")) == sorted([
        "姓名", "身份", "证件类型", "证件号码", "地址", "面积", "金额", "时间",
    ])  # fmt: skip
    assert [row.zh for row in codes.table("sale-roles").values()] == ["购买方", "出售方"]


# An event has the day it happened; what somebody holds has none, so that a range of last year does
# not make a house bought before it vanish.
EVENTS = {
    "business-operation": "period_to",
    "credit-record": "decided_on",
    "cremation": "cremated_on",
    "death-registration": "died_on",
    "education-expense": "paid_on",
    "financial-income": "received_on",
    "fiscal-wage": "paid_on",
    "household-change": "changed_on",
    "housing-fund-contribution": "paid_on",
    "housing-fund-loan": "granted_on",
    "housing-fund-withdrawal": "withdrawn_on",
    "housing-sale": "traded_on",
    "individual-income-tax": "paid_on",
    "marriage-registration": "registered_on",
    "medical-expense": "settled_on",
    "pension-received": "paid_on",
    "real-estate-change": "changed_on",
    "social-assistance-payment": "paid_on",
    "social-insurance-benefit": "paid_on",
    "social-insurance-payment": "paid_on",
    "state-subsidy": "paid_on",
    "tax-payment": "paid_on",
    "transfer-income": "received_on",
    "unemployment-benefit": "paid_on",
    "urban-housing-security": "obtained_on",
    "wage-income": "paid_on",
}


@pytest.mark.requirement("R053")
def test_a_range_applies_to_the_day_of_an_event_and_to_nothing_that_is_held():
    assert {n: r.time_item for n, r in resources().items() if r.time_item} == EVENTS


CONTENT = {
    # R004, R005: categories, each with the resources that make it up.
    "R004": {"household-registration", "household-member", "marriage-registration", "cremation"},
    "R005": {
        "social-insurance-participation", "medical-insurance-account", "real-estate-registration",
        "market-entity-registration", "vehicle-registration", "vessel-registration",
        "medical-expense", "education-enrolment", "education-expense", "credit-record",
    },
    "R107": {
        "employment-registration", "wage-income", "social-insurance-participation",
        "social-insurance-payment", "individual-income-tax",
    },
    "R108": {
        "market-entity-registration", "business-operation", "tax-registration", "tax-payment",
    },
    "R109": {"financial-income", "commercial-insurance", "rental-income"},
    "R110": {
        "pension-received", "unemployment-benefit", "social-assistance-payment", "transfer-income",
    },
    "R111": {
        "real-estate-registration", "vehicle-registration", "bank-deposit", "securities-holding",
        "bank-loan",
    },
    # R126-R130: the departments in the order of the rules.
    "R126": {"fiscal-wage"},
    "R127": {
        "employment-registration", "social-insurance-participation", "social-insurance-payment",
        "pension-received", "unemployment-benefit", "social-insurance-benefit",
        "medical-insurance-account",
    },
    "R128": {
        "household-member", "household-kin", "household-change", "death-registration",
        "vehicle-registration",
    },
    "R129": {
        "real-estate-registration", "real-estate-change", "market-entity-registration",
        "business-operation",
    },
    "R130": {
        "tax-registration", "tax-payment", "individual-income-tax", "housing-fund-contribution",
        "transport-operator", "driver-qualification",
    },
    "R139": {
        "vehicle-registration", "fiscal-wage", "real-estate-registration", "tax-payment",
        "market-entity-registration", "business-operation", "state-subsidy", "bank-deposit",
        "bank-loan", "financial-income", "housing-fund-contribution", "social-assistance",
        "social-assistance-payment",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("R004", marks=pytest.mark.requirement("R004")),
        pytest.param("R005", marks=pytest.mark.requirement("R005")),
        pytest.param("R107", marks=pytest.mark.requirement("R107")),
        pytest.param("R108", marks=pytest.mark.requirement("R108")),
        pytest.param("R109", marks=pytest.mark.requirement("R109")),
        pytest.param("R110", marks=pytest.mark.requirement("R110")),
        pytest.param("R111", marks=pytest.mark.requirement("R111")),
        pytest.param("R126", marks=pytest.mark.requirement("R126")),
        pytest.param("R127", marks=pytest.mark.requirement("R127")),
        pytest.param("R128", marks=pytest.mark.requirement("R128")),
        pytest.param("R129", marks=pytest.mark.requirement("R129")),
        pytest.param("R130", marks=pytest.mark.requirement("R130")),
        pytest.param("R139", marks=pytest.mark.requirement("R139")),
    ],
)
def test_what_a_statement_names_can_be_asked_for_and_cites_it(number):
    citing = {
        name
        for name, resource in resources().items()
        if number in resource.schema.source["hedui"]["requirement"].split(", ")
    }
    assert citing == CONTENT[number]


def test_every_shipped_resource_cites_the_statement_it_answers():
    for resource in resources().values():
        cited = resource.schema.source["hedui"]["requirement"]
        assert re.fullmatch(r"R[01]\d\d(, R[01]\d\d)*", cited), resource.name


@pytest.mark.requirement("R004")
def test_every_category_of_a_shipped_resource_has_a_name():
    assert {r.category for r in resources().values()} <= set(codes.categories())


def test_a_title_asks_for_one_resource_and_not_for_its_whole_category():
    # Where a category has several resources, each can be asked for alone.
    for name, resource in resources().items():
        alone = [r for r in resources().values() if r.category == resource.category] == [resource]
        for asked in (name, resource.zh):
            assert alone or codes.categories().find(asked) is None, asked
    titles = [r.zh for r in resources().values()]
    assert len(set(titles)) == len(titles)


def test_every_category_of_the_table_has_a_resource():
    assert {r.category for r in resources().values()} == set(codes.categories())


def test_every_code_table_an_item_names_exists():
    named = {i.codes for r in resources().values() for i in r.items if i.codes}
    assert all(len(codes.table(name)) > 0 for name in named)
    assert named <= codes.tables()


def test_a_shipped_resource_is_called_as_its_file():
    for name, resource in resources().items():
        assert resource.schema.name == f"resource/{name}.v1"


def test_money_is_in_yuan_at_scale_2_and_area_in_square_metres():
    money = [i for r in resources().values() for i in r.items if i.kind is ItemKind.MONEY]
    assert len(money) > 50
    assert {(i.precision, i.scale, i.unit) for i in money} == {(18, 2, "CNY")}
    area = [i for r in resources().values() for i in r.items if i.name.endswith("area")]
    assert {(i.kind, i.scale, i.unit) for i in area} == {(ItemKind.DECIMAL, 2, "m2")}


def test_every_unit_stands_in_the_item_s_text():
    stated = {"CNY": "元", "m2": "平方米", "%": "百分数", "GT": "总吨", "kW": "千瓦", "mL": "毫升",
              "month": "月", "person": "人"}  # fmt: skip
    for resource in resources().values():
        for field in resource.schema.source["fields"]:
            if "unit" in field:
                assert stated[field["unit"]] in field["doc"], (resource.name, field["name"])


def test_kinds_follow_the_types():
    assert kinds("housing-fund-loan")["instalments"] is ItemKind.INTEGER
    assert kinds("housing-fund-loan")["granted_on"] is ItemKind.DATE
    assert kinds("housing-fund-account")["balance"] is ItemKind.MONEY
    assert kinds("marriage-registration")["authority"] is ItemKind.TEXT


@pytest.mark.requirement("R005")
def test_a_schema_that_arrives_makes_a_resource_without_code(source, make_schema):
    resource = resource_from(make_schema(source))
    assert (resource.name, resource.category) == ("ferry-licence", "vehicles-vessels")
    assert [str(i.kind) for i in resource.items] == [
        "text", "text", "text", "integer", "integer", "boolean", "date", "instant", "decimal",
        "money",
    ]  # fmt: skip
    assert resource.item("total").bits == 64
    assert resource.item("nothing") is None


def drop(source, *path):
    for key in path[:-1]:
        source = source[key]
    del source[path[-1]]


def put(source, value, *path):
    for key in path[:-1]:
        source = source[key]
    source[path[-1]] = value


@pytest.mark.parametrize(
    "path",
    [
        ("hedui",),
        ("hedui", "resource"),
        ("hedui", "category"),
        ("hedui", "zh"),
        ("hedui", "en"),
        ("hedui", "time_item"),
        ("fields", 0),
        ("fields", 2),
        ("fields", 0, "zh"),
        ("fields", 0, "en"),
        ("fields", 0, "default"),
        ("fields", 8, "type", 1, "precision"),
    ],
)
def test_a_schema_that_lacks_something_is_no_resource(source, make_schema, path):
    drop(source, *path)
    with pytest.raises(SchemaError) as caught:
        resource_from(make_schema(source))
    assert caught.value.code == "RESOURCE_INVALID"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("Ferry Licence", ("hedui", "resource")),
        ("", ("hedui", "category")),
        ("name", ("hedui", "time_item")),
        ("nothing", ("hedui", "time_item")),
        ("string", ("fields", 0, "type")),
        (["string", "null"], ("fields", 0, "type")),
        (["null", "int"], ("fields", 1, "type")),
        (["null", "double"], ("fields", 3, "type")),
        (["null", {"type": "array", "items": "null"}], ("fields", 3, "type")),
        (["null", {"type": "int", "logicalType": "time-millis"}], ("fields", 3, "type")),
        (["null", {"type": "int", "logicalType": ["date"]}], ("fields", 3, "type")),
        ("total", ("fields", 3, "name")),
        ("a name", ("fields", 3, "name")),
        ("姓名", ("fields", 3, "zh")),
        (7, ("fields", 3, "unit")),
    ],
)
def test_a_schema_that_says_something_else_is_no_resource(source, make_schema, value, path):
    put(source, value, *path)
    if path == ("fields", 0, "type"):  # a null default would be no Avro at all
        drop(source, "fields", 0, "default")
    with pytest.raises(SchemaError) as caught:
        resource_from(make_schema(source))
    assert caught.value.code == "RESOURCE_INVALID"


@pytest.mark.parametrize("source", ["int", ["null", "int"], {"type": "array", "items": "int"}])
def test_what_is_not_a_record_is_no_resource(make_schema, source):
    with pytest.raises(SchemaError) as caught:
        resource_from(make_schema(source))
    assert caught.value.code == "RESOURCE_INVALID"
