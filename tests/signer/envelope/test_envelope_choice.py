"""Which suite a message is made in, and that participants of either suite get on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from envelope_files import GM_VECTORS, content, needs_gm
from envelope_forge import NOW, START
from envelope_payloads import COUNTS, PAYLOADS
from envelope_world import World

from schemas.loader import load, shipped
from signer.directory.view import Directory, KeyUse, Offer
from signer.envelope import cloudevents
from signer.envelope.chain import Arrival
from signer.envelope.choice import choose_suite, endorsing_suite, parties
from signer.envelope.open import Opener
from signer.envelope.seal import Content, Sealer
from signer.envelope.verdict import Accept, Refuse
from signer.keyfiles import HeldKeys
from signer.suites.keys import P256, SM2, generate

needs_gm()

COUNTY, FUND = "321200", "320000.housing-fund"


@pytest.fixture(scope="module")
def gm():
    """Everybody but the county has SM2 keys beside the P-256 ones."""
    return World.read(content(GM_VECTORS / "participants.json"))


def with_participants(directory, **changed):
    known = {one.id: one for one in directory.participants.values()}
    known |= {one.id: one for one in changed.values()}
    return Directory(directory.version, directory.issued, directory.expires, known)


def chosen(world, who, *others, at=NOW, directory=None, preferred=SM2):
    directory = directory or world.directory
    return choose_suite(directory, world.rings[who], (who, *others), at, preferred)


def test_the_preferred_suite_where_all_have_it_else_the_default(gm):
    assert chosen(gm, "370000", "hub") == SM2
    assert chosen(gm, "370000", "hub", "320000", FUND) == SM2
    assert chosen(gm, "370000", "hub", COUNTY) == P256
    assert chosen(gm, COUNTY, "320000", "hub") == P256
    assert chosen(gm, "370000", "hub", "999999") == P256
    assert chosen(gm, "370000", "hub", preferred=P256) == P256


def test_keys_that_are_not_valid_are_not_counted_on(gm):
    assert chosen(gm, "370000", "hub", at=NOW + timedelta(days=365)) == P256
    hub = gm.directory.participants["hub"]
    for use in (KeyUse.SIGNING, KeyUse.ENCRYPTION):
        for keys in (
            tuple(k for k in hub.keys if (k.suite, k.use) != (SM2, use)),
            tuple(
                replace(k, revoked=START) if (k.suite, k.use) == (SM2, use) else k for k in hub.keys
            ),
        ):
            without = with_participants(gm.directory, hub=replace(hub, keys=keys))
            assert chosen(gm, "370000", "hub", directory=without) == P256
            # The hub's own signing key is what it would sign with; to read is the others' part.
            assert chosen(gm, "hub", directory=without) == P256


def test_a_key_of_ours_that_is_not_listed_yet_is_not_used(gm):
    fresh = HeldKeys("370000", gm.private["370000/signing"], [], [generate(SM2)])
    assert choose_suite(gm.directory, fresh, ("370000", "hub"), NOW, SM2) == P256
    assert endorsing_suite(gm.directory, fresh, SM2, NOW) == P256


def test_who_holds_one_suite_only_uses_it(gm):
    ring = HeldKeys("370000", gm.private["370000/sm2-signing"], [])
    assert choose_suite(gm.directory, ring, ("370000", "hub", COUNTY), NOW, SM2) == SM2


def test_an_endorsement_is_in_the_message_s_own_suite(gm):
    assert endorsing_suite(gm.directory, gm.rings["hub"], SM2, NOW) == SM2
    assert endorsing_suite(gm.directory, gm.rings["hub"], P256, NOW) == P256
    assert endorsing_suite(gm.directory, gm.rings[COUNTY], SM2, NOW) == P256


def test_a_message_concerns_its_way_its_readers_and_nobody_else(gm):
    directory = gm.directory
    assert parties(directory, "370000", "hub") == {"370000", "hub"}
    assert parties(directory, FUND, "370000") == {FUND, "320000", "hub", "370000"}
    assert parties(directory, COUNTY, "320000") == {COUNTY, "320000"}
    assert parties(directory, COUNTY, FUND) == {COUNTY, "320000", FUND}
    assert parties(directory, COUNTY, "320000", ["hub"]) == {COUNTY, "320000", "hub"}
    assert parties(directory, "370000", "elsewhere") == {"370000", "hub", "elsewhere"}


def test_a_roster_concerns_whoever_offers_what_it_asks_for(gm):
    fund = gm.directory.participants[FUND]
    offering = replace(fund, offers=(Offer("housing-fund-account", ("balance",), 5),))
    directory = with_participants(gm.directory, fund=offering)
    asked = parties(directory, "370000", "hub", ["hub"], {"housing-fund-account"})
    assert asked == {"370000", "hub", "320000", FUND}
    assert parties(directory, "370000", "hub", ["hub"], {"another"}) == {"370000", "hub"}


# From a participant to another, each with the keys it has.


def sealed(world, who, to, suite, readers, kind="Application"):
    sealer = Sealer(who, world.rings[who], P256, bytes)
    message = Content(
        kind=kind,
        destination="hub",
        conversation=UUID("01890000-0000-7000-8000-000000000000"),
        schema=load(f"message/{kind.lower()}.v1"),
        payload=PAYLOADS[kind],
        subject_count=COUNTS.get(kind, 0),
    )
    keys = [world.keys[name] for name in readers]
    return sealer.seal(message, to, keys, NOW, world.directory.version, suite)


def opened(world, message, me, peer):
    arrival = Arrival(
        me, peer, message.header.conversation.bytes, cloudevents.headers(message.header)
    )
    opener = Opener(world.rings[me], shipped().get)
    return opener.open(message.data, world.directory, NOW, arrival)


@pytest.mark.parametrize("suite", [P256, SM2])
@pytest.mark.parametrize("reader", ["hub/encryption", "hub/sm2-encryption"])
def test_what_is_sealed_in_either_suite_opens_and_is_signed_in_it(gm, suite, reader):
    made = sealed(gm, "370000", "hub", suite, [reader])
    verdict = opened(gm, made, "hub", "370000")
    assert isinstance(verdict, Accept)
    assert verdict.opened.header.suite == suite
    (seal,) = verdict.opened.envelope.seals
    assert seal.signature.suite == suite
    assert verdict.opened.statements[0].signer == gm.rings["370000"].signing_keys[suite]
    assert verdict.opened.digest == made.digest


@pytest.mark.parametrize("suite", [P256, SM2])
def test_a_relay_endorses_in_either_suite(gm, suite):
    first = sealed(gm, COUNTY, "320000", P256, ["320000/encryption"])
    verdict = opened(gm, first, "320000", COUNTY)
    assert isinstance(verdict, Accept)
    relay = Sealer("320000", gm.rings["320000"], P256, bytes)
    reader = gm.keys["hub/sm2-encryption" if suite == SM2 else "hub/encryption"]
    passed = relay.endorse(
        verdict.opened,
        "hub",
        NOW,
        NOW,
        gm.directory.version,
        reader=reader,
        secret=verdict.secret,
        suite_name=suite,
    )
    at_hub = opened(gm, passed, "hub", "320000")
    assert isinstance(at_hub, Accept)
    assert [s.signature.suite for s in at_hub.opened.envelope.seals] == [P256, suite]
    assert at_hub.opened.chain == passed.chain


def test_a_signature_under_the_other_suite_s_name_is_refused(gm):
    made = sealed(gm, "370000", "hub", SM2, ["hub/encryption"])
    listed = gm.directory.participants["370000"]
    renamed = replace(listed, keys=tuple(replace(k, suite=P256) for k in listed.keys))
    world = replace(gm, directory=with_participants(gm.directory, one=renamed))
    assert opened(world, made, "hub", "370000") == Refuse("SUITE_MISMATCH")


def test_participants_json_says_who_has_which_suite():
    listed = json.loads((GM_VECTORS / "participants.json").read_text("utf-8"))
    suites = {
        one["id"]: {key["suite"] for key in one["keys"]}
        for one in listed["directory"]["participants"]
    }
    assert suites.pop(COUNTY) == {P256}
    assert all(both == {P256, SM2} for both in suites.values())
