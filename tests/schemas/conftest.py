"""What the tests of the schemas share: a walk over all that is shipped."""

import json
from typing import Any

import pytest

from schemas import loader
from schemas.loader import Schema
from schemas.resources import Resource, resources


def shipped() -> list[Schema]:
    return sorted(loader.shipped().values(), key=lambda s: s.name)


def pytest_generate_tests(metafunc):
    if "shipped_schema" in metafunc.fixturenames:
        metafunc.parametrize("shipped_schema", shipped(), ids=lambda s: s.name)


def _resource_source() -> dict[str, Any]:
    identity = [
        {"name": name, "type": ["null", "string"], "default": None, "zh": zh, "en": name}
        for name, zh in (("name", "姓名"), ("id_type", "证件类型"), ("id_number", "证件号码"))
    ]
    others = {
        "count": "int",
        "total": "long",
        "flag": "boolean",
        "day": {"type": "int", "logicalType": "date"},
        "moment": {"type": "long", "logicalType": "timestamp-millis"},
        "share": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 4},
    }
    plain = [
        {"name": name, "type": ["null", kind], "default": None, "zh": f"项{name}", "en": name}
        for name, kind in others.items()
    ]
    money = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
    amount = {"name": "amount", "type": ["null", money], "default": None, "zh": "金额"}
    return {
        "type": "record",
        "name": "Ferry",
        "namespace": "hedui.resource.v1",
        "hedui": {
            "resource": "ferry-licence",
            "category": "vehicles-vessels",
            "zh": "渡船执照",
            "en": "Ferry licence",
            "time_item": "day",
        },
        "fields": [*identity, *plain, {**amount, "en": "amount", "unit": "CNY"}],
    }


@pytest.fixture
def source() -> dict[str, Any]:
    """The source of a resource that is not shipped, with an item of every kind."""
    return _resource_source()


@pytest.fixture
def make_schema():
    def make(source: Any) -> Schema:
        return loader.parse("resource/test.v1", json.dumps(source).encode())

    return make


@pytest.fixture
def account() -> Resource:
    return resources()["housing-fund-account"]
