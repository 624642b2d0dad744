"""Adopting a directory: the way it passes, and every refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.ports.memory_keyring import MemoryKeyRing
from schemas.errors import HeduiError
from schemas.loader import SchemaError, decode, encode, load
from signer.ca.issue import certify, issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, to_key
from signer.directory.records import GRACE, HEAD_KEY, adopt, sign_entry
from signer.directory.signed import entries_digest
from signer.directory.view import (
    CatalogueMark,
    KeyUse,
    Level,
    Mode,
    Offer,
    Participant,
    RangeAbility,
)
from signer.errors import DirectoryError
from signer.identity import Role

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def take(tree):
    """Adopt records, by default with nothing in use and at the tree's instant."""

    def run(records, current=None, now=None):
        return adopt(records, tree.validator, current, now or tree.now)

    return run


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(DirectoryError) as caught:
        run(*arguments, **options)
    return caught.value.code


def altered(record, **changes):
    """A record with fields of its outer layer replaced, its signature kept."""
    schema = load("directory/signed.v1")
    return encode(schema, decode(schema, record) | changes)


def changed_entry(tree, name, **changes) -> dict[str, bytes]:
    """All records, with one participant's entry changed and everything signed anew."""
    tree.participants[name] = replace(tree.participants[name], **changes)
    return tree.records()


def test_a_signed_directory_is_adopted_as_it_was_meant(tree, take):
    found = take(tree.records())
    assert dict(found.directory.participants) == tree.participants
    assert found.directory.version == 1
    assert found.directory.expires == tree.now + timedelta(minutes=30)
    assert found.issuers == (tree.issuing.der,)
    offer = found.directory.participants["320000.housing-fund"].offers
    assert offer == (Offer("housing-fund-account", ("balance", "status"), 7),)
    key = tree.participants["370000"].keys[1]
    assert found.directory.key(key.id) == (tree.participants["370000"], key)
    assert found.directory.next_hop("370000", "321200.housing-bureau") == "hub"


def test_the_same_records_are_adopted_again(tree, take):
    records = tree.records()
    first = take(records)
    assert take(records, first) == first


def test_the_next_version_follows(tree, take):
    first = take(tree.records())
    second = take(tree.records(version=2, prev=first.head_digest), first)
    assert second.directory.version == 2
    # Compaction may have removed version 3, so version 4's predecessor cannot be compared.
    assert take(tree.records(version=4, prev=bytes(32)), second).directory.version == 4


@pytest.mark.parametrize("missing", [HEAD_KEY, "hub", "370000", "320000.housing-fund"])
def test_what_is_missing_is_waited_for(tree, take, missing):
    records = tree.records()
    del records[missing]
    assert refusal(take, records) == "DIRECTORY_INCOMPLETE"


def test_an_entry_the_head_does_not_count_is_waited_out(tree, take):
    head = tree.head(tree.entries())
    added = issue_participant(tree.issuing, "500229", 1, tree.now)
    extra = Participant(
        "500229", Role.NODE, "hub", "测试", tuple(to_key(leaf.der) for leaf in added.leaves)
    )
    records = tree.entries() | {HEAD_KEY: head, "500229": sign_entry(tree.rings["hub"], extra)}
    assert refusal(take, records) == "DIRECTORY_INCOMPLETE"


def test_an_entry_newer_than_the_head_is_waited_out(tree, take):
    head = tree.head(tree.entries())
    newer = replace(tree.participants["370000"], version=2)
    records = tree.entries() | {
        HEAD_KEY: head,
        "370000": sign_entry(tree.rings["hub"], newer),
    }
    assert refusal(take, records) == "DIRECTORY_INCOMPLETE"


@pytest.mark.parametrize("name", [HEAD_KEY, "hub", "370000"])
@pytest.mark.parametrize(
    "change",
    [
        {"magic": b"HDD2"},
        {"kind": "other"},
        {"payload": b""},
        {"payload": b"\xff" * 20},
        {"kind": "swap"},
    ],
)
def test_a_malformed_record_is_refused(tree, take, name, change):
    if change.get("kind") == "swap":
        change = {"kind": "entry" if name == HEAD_KEY else "head"}
    records = tree.records()
    records[name] = altered(records[name], **change)
    assert refusal(take, records) == "DIRECTORY_MALFORMED"


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, -1), slice(1, None)])
def test_a_cut_record_is_refused(tree, take, cut):
    for name in (HEAD_KEY, "370000"):
        records = tree.records()
        records[name] = records[name][cut]
        assert refusal(take, records) == "DIRECTORY_MALFORMED"


def test_a_head_that_says_the_impossible_is_refused(tree, take):
    for changes in ({"version": 0}, {"expires": tree.now - HOUR}):
        assert refusal(take, tree.records(**changes)) == "DIRECTORY_MALFORMED"


@pytest.mark.parametrize("changes", [{"version": 0}, {"role": Role.NODE}, {"id": "320000.other"}])
def test_an_entry_that_says_the_impossible_is_refused(tree, take, changes):
    assert refusal(take, changed_entry(tree, "320000.housing-fund", **changes)) == (
        "DIRECTORY_MALFORMED"
    )


def test_a_key_that_is_no_participant_id_is_refused(tree, take):
    stranger = replace(tree.participants["370000"], id="Shandong", keys=())
    tree.participants["Shandong"] = stranger
    assert refusal(take, tree.records()) == "DIRECTORY_MALFORMED"


@pytest.mark.requirement("R003")
def test_only_the_hub_signs_the_head(tree, take):
    assert refusal(take, tree.records(ring=tree.rings["370000"])) == "DIRECTORY_SIGNER"


def test_only_the_hub_signs_entries(tree, take):
    entries = tree.entries()
    entries["370000"] = sign_entry(tree.rings["370000"], tree.participants["370000"])
    records = entries | {HEAD_KEY: tree.head(entries)}
    assert refusal(take, records) == "DIRECTORY_SIGNER"


def test_a_hub_key_of_another_use_signs_nothing(tree, take):
    hub = tree.leaves["hub"]
    ring = MemoryKeyRing("hub", hub.encryption.private_key, [])
    assert refusal(take, tree.records(ring=ring)) == "DIRECTORY_SIGNER"


@pytest.mark.requirement("R012")
def test_a_directory_of_another_root_is_refused(tree, take):
    root = make_root(tree.now)
    issuing = make_issuing(root, tree.now)
    assert refusal(take, tree.records(issuers=[issuing.der])) == "DIRECTORY_CERTIFICATE"
    other = PathValidator(root.der)
    assert refusal(adopt, tree.records(), other, None, tree.now) == "DIRECTORY_CERTIFICATE"


def test_a_certificate_of_another_participant_is_refused(tree, take):
    foreign = to_key(issue_participant(tree.issuing, "320000", 2, tree.now).signing.der)
    keys = (*tree.participants["370000"].keys, foreign)
    with pytest.raises(DirectoryError) as caught:
        take(changed_entry(tree, "370000", keys=keys))
    assert caught.value.code == "DIRECTORY_CERTIFICATE"
    assert "CERT_ROLE" in str(caught.value)
    assert "370000" in caught.value.where


def test_a_certificate_under_a_wrong_suite_is_refused(tree, take):
    keys = tuple(replace(k, suite="sm2-sm4gcm/1") for k in tree.participants["370000"].keys)
    assert refusal(take, changed_entry(tree, "370000", keys=keys)) == "DIRECTORY_SUITE"


@pytest.mark.requirement("R011")
@pytest.mark.parametrize("name", [HEAD_KEY, "370000"])
def test_a_wrong_signature_is_refused(tree, take, name):
    records = tree.records()
    signature = decode(load("directory/signed.v1"), records[name])["signature"]
    other = tree.rings["hub"].sign(b"something else")
    for change in ({"value": other}, {"value": b""}, {"suite": "none/1"}):
        records[name] = altered(records[name], signature=signature | change)
        assert refusal(take, records) == "DIRECTORY_SIGNATURE"


def test_a_head_whose_content_was_altered_is_refused(tree, take):
    records = tree.records()
    schema = load("directory/head.v1")
    payload = decode(schema, decode(load("directory/signed.v1"), records[HEAD_KEY])["payload"])
    later = encode(schema, payload | {"expires": tree.now + 1000 * HOUR})
    records[HEAD_KEY] = altered(records[HEAD_KEY], payload=later)
    assert refusal(take, records) == "DIRECTORY_SIGNATURE"


def test_a_lower_version_is_refused(tree, take):
    current = take(tree.records(version=7))
    assert refusal(take, tree.records(version=6), current) == "DIRECTORY_ROLLBACK"


def test_an_older_entry_under_a_newer_head_is_refused(tree, take):
    current = take(changed_entry(tree, "370000", version=3))
    tree.participants["370000"] = replace(tree.participants["370000"], version=2)
    records = tree.records(version=2, prev=current.head_digest)
    assert refusal(take, records, current) == "DIRECTORY_ROLLBACK"


def test_two_contents_of_one_version_are_refused(tree, take):
    current = take(tree.records())
    second = tree.records(expires=tree.now + 2 * HOUR)
    assert refusal(take, second, current) == "DIRECTORY_EQUIVOCATION"


@pytest.mark.parametrize("prev", [None, bytes(32)])
def test_a_successor_names_its_predecessor(tree, take, prev):
    current = take(tree.records())
    assert refusal(take, tree.records(version=2, prev=prev), current) == "DIRECTORY_PREV"


def test_a_head_from_the_future_is_refused(tree, take):
    records = tree.records(issued=tree.now + timedelta(minutes=2))
    assert take(records)
    records = tree.records(issued=tree.now + timedelta(minutes=2, milliseconds=1))
    assert refusal(take, records) == "DIRECTORY_NOT_YET_VALID"


def test_an_expired_head_serves_through_its_grace(tree, take):
    records = tree.records()
    expires = tree.now + timedelta(minutes=30)
    fresh = take(records, now=expires)
    assert not fresh.in_grace(expires)
    late = take(records, now=expires + GRACE)
    assert late.in_grace(expires + timedelta(milliseconds=1))
    assert not late.lapsed(expires + GRACE)
    assert late.lapsed(expires + GRACE + timedelta(milliseconds=1))
    after = expires + GRACE + timedelta(milliseconds=1)
    assert refusal(take, records, now=after) == "DIRECTORY_EXPIRED"


def hub_with(tree, keys):
    """Give the hub other keys in its entry."""
    tree.participants["hub"] = replace(tree.participants["hub"], keys=tuple(keys))


def test_a_head_signer_must_be_valid(tree, take):
    year = timedelta(days=366)
    records = tree.records(issued=tree.now, expires=tree.now + 2 * year)
    assert take(records)
    assert refusal(take, records, now=tree.now + year) == "DIRECTORY_SIGNER_INVALID"
    hub_with(tree, (replace(k, revoked=tree.now) for k in tree.participants["hub"].keys))
    assert refusal(take, tree.records()) == "DIRECTORY_SIGNER_INVALID"


def test_the_head_signer_may_expire_during_the_grace(tree, take):
    end = tree.participants["hub"].keys[1].not_after
    records = tree.records(issued=end - HOUR, expires=end)
    assert take(records, now=end + HOUR).in_grace(end + HOUR)


def test_a_renewed_hub_key_takes_over_and_old_entries_stay(tree, take):
    current = take(tree.records())
    old_entries = tree.entries()
    second = issue_participant(tree.issuing, "hub", 2, tree.now)
    ring = MemoryKeyRing.of(second, tree.leaves["hub"])
    keys = (*tree.participants["hub"].keys, *(to_key(leaf.der) for leaf in second.leaves))
    hub_with(tree, keys)
    tree.participants["hub"] = replace(tree.participants["hub"], version=2)
    entries = old_entries | {"hub": sign_entry(ring, tree.participants["hub"])}
    head = tree.head(entries, ring=ring, version=2, prev=current.head_digest)
    found = take(entries | {HEAD_KEY: head}, current)
    assert found.directory.hub.version == 2
    assert len(found.directory.hub.keys) == 6


def test_entries_signed_with_a_revoked_key_are_refused(tree, take):
    second = issue_participant(tree.issuing, "hub", 2, tree.now)
    ring = MemoryKeyRing.of(second)
    entries = tree.entries()
    old = [replace(k, revoked=tree.now) for k in tree.participants["hub"].keys]
    hub_with(tree, (*old, *(to_key(leaf.der) for leaf in second.leaves)))
    entries["hub"] = sign_entry(ring, tree.participants["hub"])
    records = entries | {HEAD_KEY: tree.head(entries, ring=ring)}
    assert refusal(take, records) == "DIRECTORY_SIGNER_INVALID"


def test_a_stolen_revoked_hub_key_cannot_unrevoke_itself(tree, take):
    good = tree.participants["hub"].keys
    second = issue_participant(tree.issuing, "hub", 2, tree.now)
    new = tuple(to_key(leaf.der) for leaf in second.leaves)
    hub_with(tree, (*(replace(k, revoked=tree.now) for k in good), *new))
    ring = MemoryKeyRing.of(second)
    entries = {name: sign_entry(ring, p) for name, p in tree.participants.items()}
    current = take(entries | {HEAD_KEY: tree.head(entries, ring=ring)})
    hub_with(tree, (*good, *new))
    forged = tree.records(version=2, prev=current.head_digest)
    assert refusal(take, forged, current) == "DIRECTORY_SIGNER_INVALID"
    assert take(forged)


def test_expired_and_revoked_keys_stay_listed(tree, take):
    later = tree.now + timedelta(days=200)
    revoked = [replace(k, revoked=tree.now) for k in tree.participants["370000"].keys]
    tree.participants["370000"] = replace(tree.participants["370000"], keys=tuple(revoked))
    records = tree.records(issued=later, expires=later + HOUR)
    found = take(records, now=later).directory
    old = next(k for k in found.participants["320000"].keys if k.use is KeyUse.ENCRYPTION)
    assert old.valid_at(tree.now)
    assert not old.valid_at(later)
    assert found.participants["320000"].encryption_key(later) is None
    assert [k.revoked for k in found.participants["370000"].keys] == [tree.now] * 3


@pytest.mark.requirement("R002")
@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("hub", "370000"),
        ("370000", None),
        ("370000", "410000"),
        ("370000", "hub.marriage"),
        ("320000.housing-fund", "hub"),
        ("320000.housing-fund", "370000"),
        ("hub.marriage", None),
    ],
)
def test_parents_must_fit(tree, take, name, parent):
    assert refusal(take, changed_entry(tree, name, parent=parent)) == "DIRECTORY_PARENT"


@pytest.mark.parametrize("parents", [{"370000": "370000"}, {"320000": "321200"}])
def test_parents_form_no_cycle(tree, take, parents):
    for name, parent in parents.items():
        records = changed_entry(tree, name, parent=parent)
    assert refusal(take, records) == "DIRECTORY_CYCLE"


def test_a_key_has_one_entry(tree, take):
    keys = tree.participants["370000"].keys
    assert refusal(take, changed_entry(tree, "370000", keys=(*keys, keys[1]))) == (
        "DIRECTORY_KEY_SHARED"
    )


def test_two_participants_share_no_key(tree, take):
    stolen = certify(
        tree.issuing,
        tree.leaves["320000"].signing.private_key.public_key(),
        participant="370000",
        generation=2,
        use=KeyUse.SIGNING,
        now=tree.now,
    )
    key = to_key(stolen.public_bytes(Encoding.DER))
    keys = (*tree.participants["370000"].keys, key)
    assert refusal(take, changed_entry(tree, "370000", keys=keys)) == "DIRECTORY_KEY_SHARED"


@pytest.mark.requirement("R005")
def test_schemas_travel_along(tree, take):
    avsc = b'{"type": "record", "name": "New", "fields": [{"name": "a", "type": "string"}]}'
    (schema,) = take(tree.records(schemas=[avsc])).schemas
    assert decode(schema, encode(schema, {"a": "x"})) == {"a": "x"}
    assert refusal(take, tree.records(schemas=[b"{}"])) == "DIRECTORY_SCHEMA"


def test_what_is_not_of_the_schema_is_not_signed(tree):
    with pytest.raises(SchemaError) as caught:
        sign_entry(tree.rings["hub"], replace(tree.participants["hub"], reads=(b"short",)))
    assert caught.value.code == "DATUM_INVALID"
    assert refusal(tree.head, {"hub": b"junk"}) == "DIRECTORY_MALFORMED"


@given(
    st.dictionaries(
        st.from_regex(r"[1-9][0-9]{5}", fullmatch=True), st.binary(min_size=32, max_size=32)
    )
)
def test_the_entries_digest_knows_no_order_and_forgets_nothing(digests):
    digest = entries_digest(digests)
    assert entries_digest(dict(reversed(digests.items()))) == digest
    for name in digests:
        assert entries_digest({k: v for k, v in digests.items() if k != name}) != digest
        assert entries_digest(digests | {name: bytes(b ^ 1 for b in digests[name])}) != digest


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    name=st.sampled_from([HEAD_KEY, "hub", "370000", "hub.marriage"]),
    position=st.integers(0, 4000),
    flip=st.integers(1, 255),
)
def test_no_flipped_byte_is_adopted(tree, take, name, position, flip):
    records = tree.records()
    record = bytearray(records[name])
    record[position % len(record)] ^= flip
    with pytest.raises(HeduiError) as caught:
        take(records | {name: bytes(record)})
    assert caught.value.code.startswith("DIRECTORY_")


TERMS = Offer(
    "housing-fund-loan",
    ("status",),
    9,
    Level.PREFECTURE,
    RangeAbility.PERIOD,
    36,
    "monthly",
    Mode.UPLOAD,
)
MARK = CatalogueMark(3, NOW, bytes(range(32)))


def kind_of(record) -> str:
    return decode(load("directory/signed.v1"), record)["kind"]


@pytest.mark.requirement("R036")
def test_an_entry_carries_what_the_catalogue_says_of_an_offer(tree, take):
    records = changed_entry(tree, "320000.housing-fund", offers=(TERMS,))
    assert kind_of(records["320000.housing-fund"]) == "entry/2"
    assert take(records).directory.participants["320000.housing-fund"].offers == (TERMS,)


def test_what_version_1_has_room_for_is_written_in_version_1(tree, take):
    records = tree.records()
    assert {kind_of(r) for n, r in records.items() if n != HEAD_KEY} == {"entry"}
    (read,) = take(records).directory.participants["320000.housing-fund"].offers
    assert (read.level, read.range, read.back_months, read.updates) == (None, None, None, None)
    assert read.mode is Mode.ONLINE


@pytest.mark.requirement("R036")
def test_the_hubs_entry_numbers_the_catalogue(tree, take):
    found = take(changed_entry(tree, "hub", catalogue=MARK))
    assert found.directory.hub.catalogue == MARK


@pytest.mark.requirement("R003")
def test_nobody_elses_entry_numbers_the_catalogue(tree, take):
    assert refusal(take, changed_entry(tree, "370000", catalogue=MARK)) == "DIRECTORY_MALFORMED"
    first = replace(MARK, version=0)
    tree.participants["370000"] = replace(tree.participants["370000"], catalogue=None)
    assert refusal(take, changed_entry(tree, "hub", catalogue=first)) == "DIRECTORY_MALFORMED"


def test_an_entry_of_one_version_is_not_taken_for_the_other(tree, take):
    # The kind is under the signature, and each version has its own.
    records = changed_entry(tree, "320000.housing-fund", offers=(TERMS,))
    name = "320000.housing-fund"
    assert refusal(take, records | {name: altered(records[name], kind="entry")}) in {
        "DIRECTORY_MALFORMED",
        "DIRECTORY_SIGNATURE",
    }
    assert (
        refusal(take, records | {"370000": altered(records["370000"], kind="entry/2")})
        == "DIRECTORY_MALFORMED"
    )
    assert (
        refusal(take, records | {"370000": altered(records["370000"], kind="entry/3")})
        == "DIRECTORY_MALFORMED"
    )
