"""`hedui adapter check`: faults of the mapping and of its names in the catalogue, all at once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from adapters.kit.check import check_adapter
from adapters.mapping.faults import MappingError
from bus.config.load import load_config
from schemas.errors import HeduiError
from schemas.loader import load

CONFIG = """
[participant]
id = "320000.housing-fund"
[keys]
directory = "keys"
passphrase_file = "passphrase"
store_key = "storekey"
[broker]
bootstrap = "kafka.example:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[source]
url = "sqlite+aiosqlite:///fund.db"
[[resource]]
name = "housing-fund-loan"
table = "dk"
id_number = "zjhm"
person_name = "xm"
name_mismatch = "perhaps"
not_held = ["balanse"]
[resource.columns]
name = "xm"
[[resource]]
name = "housing-fond-loan"
table = "dk"
id_number = "zjhm"
[resource.columns]
name = "xm"
[[resource]]
name = "marriage-registration"
"""


async def test_a_wrong_key_hides_no_unknown_or_unmapped_item(tmp_path):
    file = tmp_path / "adapter.toml"
    file.write_text(CONFIG, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        await check_adapter(load_config(file), file)
    assert caught.value.code == "MAPPING_INVALID"
    found = {(one.code, one.where) for one in caught.value.findings}
    assert found >= {
        ("MAPPING_INVALID", "resource[1].name_mismatch"),
        ("MAPPING_INVALID", "resource[3].table"),
        ("ITEM_UNKNOWN", "housing-fund-loan.columns.balanse"),
        ("ITEM_UNMAPPED", "housing-fund-loan.columns.id_number"),
        ("RESOURCE_UNKNOWN", "housing-fond-loan"),
    }
    # What cannot be read has faults of its own; guessing what it maps would add wrong ones.
    assert not [where for _, where in found if where.startswith("marriage-registration")]


BOATS = """
[participant]
id = "320000.fishery"
[keys]
directory = "keys"
passphrase_file = "passphrase"
store_key = "storekey"
[broker]
bootstrap = "kafka.example:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[adapter]
resources = "schemas"
[source]
url = "sqlite+aiosqlite:///boats.db"
[[resource]]
name = "fishing-boat"
table = "boats"
id_number = "id"
person_name = "name"
not_held = ["balance", "account", "opened_on", "monthly_deposit", "id_type"]
[resource.columns]
name = "name"
id_number = "id"
status = "state"
"""


@pytest.mark.requirement("R005")
async def test_a_resource_that_no_code_knows_is_mapped_by_its_schema_alone(tmp_path):
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["name"] = "FishingBoat"
    source["hedui"] |= {"resource": "fishing-boat", "category": "boats", "zh": "渔船"}
    file, folder = tmp_path / "adapter.toml", tmp_path / "schemas"
    file.write_text(BOATS, encoding="utf-8")
    folder.mkdir()
    with closing(sqlite3.connect(tmp_path / "boats.db")) as database:
        database.execute("CREATE TABLE boats (id TEXT, name TEXT, state TEXT)")
    with pytest.raises(HeduiError) as unknown:
        await check_adapter(load_config(file), file)
    assert "RESOURCE_UNKNOWN" in {one.code for one in unknown.value.findings}
    (folder / "boat.avsc").write_text(json.dumps(source), encoding="utf-8")
    report = await check_adapter(load_config(file), file)
    assert {line.resource for line in report.lines} == {"", "fishing-boat"}
    assert report.passes()
