"""The hub's list of participants: what it says, and every way it can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from bus.config.participants import load_participants
from bus.errors import ConfigError
from schemas.resources import IDENTITY_ITEMS
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.directory.view import KeyUse, Level, Mode, RangeAbility
from signer.identity import Role

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

GOOD = """
[[participant]]
id = "hub"
title = "部中心"
certificates = "issued/hub"
[[participant]]
id = "320000"
title = "江苏"
certificates = "issued/320000"
hosts = ["10.0.0.7"]
[[participant]]
id = "320000.housing-fund"
title = "江苏住房公积金"
certificates = "issued/320000.housing-fund"
[[participant.offer]]
resource = "housing-fund-account"
term_working_days = 5
items = ["balance"]
[[participant.offer]]
resource = "housing-fund-loan"
term_working_days = 7
"""


@pytest.fixture(scope="module")
def issued():
    issuing = make_issuing(make_root(NOW), NOW)
    return {
        name: issue_participant(issuing, name, 1, NOW)
        for name in ("hub", "320000", "320000.housing-fund")
    }


@pytest.fixture
def write(tmp_path, issued):
    for name, leaves in issued.items():
        folder = tmp_path / "issued" / name
        folder.mkdir(parents=True)
        for number, leaf in enumerate(leaves.leaves):
            pem = load_der_x509_certificate(leaf.der).public_bytes(Encoding.PEM)
            (folder / f"{number}.pem").write_bytes(pem)

    def written(text):
        path = tmp_path / "participants.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.mark.requirement("R037")
def test_participants_are_read_with_certificates_offers_and_parents(write):
    hub, node, agency = load_participants(write(GOOD))
    assert (hub.role, hub.parent) == (Role.HUB, None)
    assert (node.role, node.parent, node.hosts) == (Role.NODE, "hub", ("10.0.0.7",))
    assert (agency.role, agency.parent) == (Role.ADAPTER, "320000")
    assert {key.use for key in agency.keys} == set(KeyUse)
    account, loan = agency.offers
    assert set(account.items) == {"balance", *IDENTITY_ITEMS}
    assert len(loan.items) > len(IDENTITY_ITEMS)
    assert (account.term_working_days, loan.term_working_days) == (5, 7)
    assert hub.reads


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('id = "320000"\n', 'id = "jiangsu"\n', "participant.1.id"),
        ('title = "江苏"\n', "", "participant.1.title"),
        ('title = "江苏"\n', 'title = ""\n', "participant.1.title"),
        ("term_working_days = 5", "term_working_days = 0", "participant.2.offer.0.term"),
        ("term_working_days = 5", "term_working_days = 61", "participant.2.offer.0.term"),
        ('resource = "housing-fund-loan"', 'resource = "lottery"', "lottery"),
        ('items = ["balance"]', 'items = ["balanse"]', "balanse"),
        ('certificates = "issued/320000"', 'certificates = "issued/none"', "320000"),
        ('hosts = ["10.0.0.7"]', 'host = "s3cret"', "participant.1.host"),
        ('id = "320000"\n', 'id = "hub"\n', "twice"),
        ('id = "hub"\n', 'id = "330000"\n', "hub"),
        ("[[participant]]", "[participant", "TOML"),
    ],
)
def test_every_fault_is_named(write, old, new, named):
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as refusal:
        load_participants(path)
    assert refusal.value.code == "PARTICIPANTS_INVALID"
    assert named in refusal.value.en
    assert refusal.value.where == str(path)
    assert "s3cret" not in str(refusal.value)


def test_a_certificate_file_that_is_none_is_named(write, tmp_path):
    path = write(GOOD)
    bad = tmp_path / "issued" / "320000" / "9.pem"
    bad.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"9\.pem"):
        load_participants(path)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="PARTICIPANTS_INVALID"):
        load_participants(tmp_path / "none.toml")


TERMS = GOOD.replace(
    "term_working_days = 7",
    """term_working_days = 7
level = "地市级"
range = "时间段"
back_months = 60
updates = "每月"
mode = "upload"
""",
)


@pytest.mark.requirement("R036")
def test_an_offer_may_say_all_that_the_catalogue_does(write):
    plain, full = load_participants(write(TERMS))[2].offers
    assert plain.plain
    assert (full.level, full.range) == (Level.PREFECTURE, RangeAbility.PERIOD)
    assert (full.back_months, full.updates, full.mode) == (60, "monthly", Mode.UPLOAD)


@pytest.mark.parametrize(
    ("given", "instead", "text"),
    [
        ("地市级", "中级", "prefecture 地市级"),
        ("时间段", "永久", "period 时间段"),
        ("时间段", "仅最新", "back_months"),
        ("back_months = 60", "back_months = 0", "back_months"),
        ("每月", "有时", "monthly 每月"),
        ('"upload"', '"post"', "offline 介质"),
    ],
)
def test_what_no_table_has_is_refused(write, given, instead, text):
    with pytest.raises(ConfigError, match="PARTICIPANTS_INVALID") as caught:
        load_participants(write(TERMS.replace(given, instead)))
    assert text in caught.value.zh


@pytest.mark.requirement("R055")
@pytest.mark.parametrize(
    ("level", "text"), [("部中心", "不高于省级"), ("county", "由地市级组织"), ("province", None)]
)
def test_a_level_fits_the_tree_and_the_category(write, level, text):
    path = write(TERMS.replace("地市级", level))
    if text is None:
        assert load_participants(path)[2].offers[1].level is Level.PROVINCE
        return
    with pytest.raises(ConfigError, match="PARTICIPANTS_INVALID") as caught:
        load_participants(path)
    assert text in caught.value.zh
    assert "320000.housing-fund housing-fund-loan" in caught.value.zh
