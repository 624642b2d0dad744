"""`hedui adapter check`: faults of the mapping and of its names in the catalogue, all at once."""

from __future__ import annotations

import pytest

from adapters.host.run import check_adapter
from adapters.mapping import MappingError
from bus.config.load import load_config

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
