"""`[levels]` and `[[rule]]`: a province's say over what is below it."""

from __future__ import annotations

import pytest

from bus.config.load import load_config
from bus.errors import ConfigError
from bus.flow.levels import Assenting

GOOD = """
[participant]
id = "320000"
[keys]
directory = "keys"
passphrase_file = "pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
[store]
url = "sqlite+aiosqlite:///node.db"
"""


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "node.toml"
        path.write_text(GOOD + text, encoding="utf-8")
        return load_config(path)

    return loaded


@pytest.mark.requirement("R006")
def test_a_province_assents_by_hand_unless_its_configuration_says_otherwise(load):
    assert load("").levels is None
    usual = load("[levels]\n").levels.policy
    assert (usual.usual, usual.subordinates) == (Assenting.MANUAL, {})
    said = load('[levels]\nassent = "manual"\nsubordinates = { 321200 = "automatic" }\n')
    assert said.levels.policy.subordinates == {"321200": Assenting.AUTOMATIC}


@pytest.mark.requirement("R039")
def test_rules_of_its_own_are_numbered_in_their_order(load):
    text = """
[[rule]]
resource = "housing-fund-account"
business = "城乡低保"
term_working_days = 3
[[rule]]
resource = "housing-fund-loan"
items_excluded = ["status"]
"""
    first, second = (s.rule(n) for n, s in enumerate(load(text).rule, start=1))
    assert (first.number, first.resource, first.term_working_days) == (1, "housing-fund-account", 3)
    assert (first.business, first.items_excluded) == ("subsistence-allowance", ())
    assert (second.number, second.business, second.items_excluded) == (2, None, ("status",))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[levels]\nassent = "never"\n', "levels.assent"),
        ('[levels]\nsubordinates = { "320000.housing-fund" = "manual" }\n', "levels.subordinates"),
        ('[levels]\nsubordinates = { 3212 = "manual" }\n', "levels.subordinates"),
        ('[[rule]]\nresource = "No Such"\nterm_working_days = 3\n', "rule.0.resource"),
        ('[[rule]]\nresource = "housing-fund-account"\n', "rule.0"),
        (
            '[[rule]]\nresource = "housing-fund-account"\nitems_excluded = ["name"]\n',
            "rule.0",
        ),
        (
            '[[rule]]\nresource = "housing-fund-account"\nitems_excluded = ["nothing"]\n',
            "rule.0",
        ),
        (
            '[[rule]]\nresource = "housing-fund-account"\nbusiness = "x"\nterm_working_days = 1\n',
            "rule.0.business",
        ),
        (
            '[[rule]]\nresource = "housing-fund-account"\nterm_working_days = 0\n',
            "rule.0.term_working_days",
        ),
    ],
)
@pytest.mark.requirement("R039")
def test_what_it_cannot_say_is_refused_by_key(load, text, key):
    with pytest.raises(ConfigError) as refusal:
        load(text)
    assert refusal.value.code == "CONFIG_INVALID"
    assert key in refusal.value.en
