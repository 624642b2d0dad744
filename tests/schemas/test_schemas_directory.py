"""The records of the directory topic carry a participant, a head and a signature."""

from datetime import UTC, datetime

import pytest

from schemas import loader
from schemas.compatibility import differences
from signer.directory.view import Level, Mode, RangeAbility
from signer.identity import Role

NOW = datetime(2026, 2, 12, 1, 2, 3, 4000, tzinfo=UTC)

ENTRY = {
    "id": "320000.housing-fund",
    "version": 3,
    "role": "adapter",
    "parent": "320000",
    "title": "省住房公积金管理中心",
    "standing": "CONNECTED",
    "certificates": [
        {"certificate": b"\x30\x00", "suite": "p256-aes256gcm/1", "revoked": None},
        {"certificate": b"\x30\x01", "suite": "p256-aes256gcm/1", "revoked": NOW},
    ],
    "hosts": ["192.0.2.7"],
    "offers": [
        {"resource": "housing-fund-account", "items": ["name", "balance"], "term_working_days": 5}
    ],
    "reads": [bytes(32)],
}
OFFER_2 = ENTRY["offers"][0] | {
    "level": "prefecture",
    "range": "period",
    "back_months": 36,
    "updates": "monthly",
    "mode": "online",
}
BARE_2 = ENTRY["offers"][0] | {
    "level": None,
    "range": None,
    "back_months": None,
    "updates": None,
    "mode": "offline",
}
ENTRY_2 = ENTRY | {"offers": [OFFER_2, BARE_2], "catalogue": None}
MARK = {"version": 5, "since": NOW, "digest": bytes(range(32))}
HEAD = {
    "version": 7,
    "prev": bytes(range(32)),
    "entries": bytes(32),
    "issued": NOW,
    "expires": NOW,
    "issuers": [b"\x30\x02"],
    "schemas": [b"{}"],
}
SIGNED = {
    "magic": b"HDD1",
    "kind": "head",
    "payload": b"payload",
    "signer": bytes(32),
    "signature": {"suite": "p256-aes256gcm/1", "value": bytes(64)},
}


@pytest.mark.parametrize(
    ("name", "datum"),
    [
        ("entry", ENTRY),
        ("entry", {**ENTRY, "role": "hub", "parent": None, "certificates": [], "offers": []}),
        ("head", HEAD),
        ("head", {**HEAD, "prev": None, "version": 1}),
        ("signed", SIGNED),
    ],
)
def test_a_directory_record_comes_back_as_it_went(name, datum):
    schema = loader.load(f"directory/{name}.v1")
    assert loader.decode(schema, loader.encode(schema, datum)) == datum


def test_the_roles_are_those_of_the_identity():
    fields = {f["name"]: f for f in loader.load("directory/entry.v1").source["fields"]}
    assert fields["role"]["type"]["symbols"] == [role.value for role in Role]


@pytest.mark.parametrize(
    ("name", "datum"),
    [
        ("entry", {**ENTRY, "role": "owner"}),
        ("entry", {**ENTRY, "reads": [bytes(31)]}),
        ("head", {**HEAD, "entries": bytes(20)}),
        ("signed", {**SIGNED, "magic": b"HDX"}),
    ],
)
def test_a_record_of_another_shape_is_refused(name, datum):
    with pytest.raises(loader.SchemaError) as caught:
        loader.encode(loader.load(f"directory/{name}.v1"), datum)
    assert caught.value.code == "DATUM_INVALID"


@pytest.mark.requirement("R036")
@pytest.mark.parametrize("changed", [{}, {"offers": []}, {"catalogue": MARK}])
def test_an_entry_of_version_2_comes_back_as_it_went(changed):
    schema = loader.load("directory/entry.v2")
    datum = ENTRY_2 | changed
    assert loader.decode(schema, loader.encode(schema, datum)) == datum


def test_version_2_of_an_entry_reads_what_version_1_wrote():
    assert differences(loader.load("directory/entry.v1"), loader.load("directory/entry.v2")) == ()


def test_the_terms_of_an_offer_are_those_of_the_view():
    source = loader.load("directory/entry.v2").source
    (offers,) = [f for f in source["fields"] if f["name"] == "offers"]
    symbols = {
        f["name"]: (f["type"][1] if isinstance(f["type"], list) else f["type"])
        for f in offers["type"]["items"]["fields"]
    }
    assert symbols["level"]["symbols"] == [level.value for level in Level]
    assert symbols["range"]["symbols"] == [ability.value for ability in RangeAbility]
    assert symbols["mode"]["symbols"] == [mode.value for mode in Mode]
