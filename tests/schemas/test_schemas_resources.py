"""What the catalogue's resources say of themselves."""

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


def test_the_time_items_are_those_a_range_applies_to():
    assert {name: r.time_item for name, r in resources().items()} == {
        "household-registration": None,
        "housing-fund-account": None,
        "housing-fund-loan": "granted_on",
        "housing-fund-withdrawal": "withdrawn_on",
        "marriage-registration": "registered_on",
        "urban-housing-security": "obtained_on",
    }


@pytest.mark.requirement("R004")
def test_every_category_of_a_shipped_resource_has_a_name():
    assert {r.category for r in resources().values()} <= set(codes.categories())


def test_every_code_table_an_item_names_exists():
    tables = {"id-types": codes.id_types(), "relations": codes.relations()}
    named = {i.codes for r in resources().values() for i in r.items if i.codes}
    assert named == set(tables)


def test_a_shipped_resource_is_called_as_its_file():
    for name, resource in resources().items():
        assert resource.schema.name == f"resource/{name}.v1"


def test_money_is_in_yuan_at_scale_2_and_area_in_square_metres():
    money = [i for r in resources().values() for i in r.items if i.kind is ItemKind.MONEY]
    assert len(money) == 8
    assert {(i.precision, i.scale, i.unit) for i in money} == {(18, 2, "CNY")}
    area = resources()["urban-housing-security"].item("area")
    assert (area.kind, area.scale, area.unit) == (ItemKind.DECIMAL, 2, "m2")


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
