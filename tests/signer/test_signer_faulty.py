"""Faulty envelopes made on purpose: the shipped opener gives each the verdict it is listed with."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.loader import load, shipped
from signer.ca.issue import issue_participant
from signer.certificates import to_key
from signer.directory.view import KeyUse
from signer.envelope.chain import Arrival
from signer.envelope.kinds import Kind
from signer.envelope.open import Opener
from signer.envelope.seal import Content, Sealer
from signer.envelope.verdict import CODES, Accept, Hold, Refuse, Relay, number
from signer.faulty.cases import CASES, UNTRIED, made
from signer.faulty.workshop import PAYLOAD, Workshop
from signer.suites import SUITES
from signer.uuid7 import uuid7

SUITE = "p256-aes256gcm/1"


class Run:
    """What a run of the hub with a participant has come to when the cases are made."""

    def __init__(self, tree, tested, hop):
        self.tree, self.tested, self.hop = tree, tested, hop
        self.conversation = uuid7(tree.now, secrets.token_bytes)
        self.directory = tree.directory
        self.opener = Opener(tree.rings[tested], shipped().get)

    def seal(self, source, destination, to, reader):
        key = self.directory.get(reader).encryption_key(self.tree.now)
        content = Content(
            Kind.PROBE, destination, self.conversation, load("message/probe.v1"), PAYLOAD
        )
        sealer = Sealer(source, self.tree.rings[source], SUITE, secrets.token_bytes)
        return sealer.seal(content, to, [key], self.tree.now, self.directory.version)

    def returned(self):
        """A probe of the participant's, as the hub opened it."""
        first = self.hop if self.hop != self.tested else "hub"
        sealed = self.seal(self.tested, "hub", first, "hub")
        peer, me = self.tested, first
        if first != "hub":
            ring = self.tree.rings[self.hop]
            opener = Opener(ring, shipped().get)
            arrival = Arrival(first, self.tested, self.conversation.bytes, ())
            relay = opener.open(sealed.data, self.directory, self.tree.now, arrival)
            sealer = Sealer(first, ring, SUITE, secrets.token_bytes)
            now = self.tree.now
            sealed = sealer.endorse(relay.opened, "hub", now, now, self.directory.version)
            peer, me = first, "hub"
        opener = Opener(self.tree.rings["hub"], shipped().get)
        arrival = Arrival(me, peer, self.conversation.bytes, ())
        return opener.open(sealed.data, self.directory, self.tree.now, arrival).opened

    def workshop(self, **changed):
        fields = {
            "me": "hub",
            "ring": self.tree.rings["hub"],
            "suite": SUITE,
            "entropy": secrets.token_bytes,
            "directory": self.directory,
            "tested": self.tested,
            "hop": self.hop,
            "reader": self.directory.get(self.tested).encryption_key(self.tree.now),
            "now": self.tree.now,
            "returned": self.returned(),
            "earlier": self.seal("hub", self.hop, self.hop, self.tested).data,
        }
        return Workshop(**fields | changed)

    def judge(self, given, now):
        data = given.data if given.pad_to is None else given.data.ljust(given.pad_to, b"\0")
        arrival = Arrival(given.me, given.peer, given.key, given.headers)
        return self.opener.open(data, self.directory, now, arrival)


def said(verdict):
    match verdict:
        case Accept():
            return "ACCEPT"
        case Relay():
            return "RELAY"
        case Hold(code):
            return f"HOLD {code}"
        case Refuse(code):
            return f"REFUSE {code}"


@pytest.mark.requirement("R014")
@pytest.mark.parametrize(
    ("tested", "hop"),
    [("370000", "370000"), ("321200", "320000"), ("320000.housing-fund", "320000")],
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=30)])
def test_each_case_is_judged_as_listed(tree, tested, hop, later):
    run = Run(tree, tested, hop)
    listed, found = {}, {}
    for case, given in made(run.workshop()):
        verdict = run.judge(given, tree.now + later)
        if case.number >= 1700:
            # Deduplication is the caller's, after the envelope was accepted.
            assert isinstance(verdict, Accept)
            continue
        listed[case.number], found[case.number] = case.expect, said(verdict)
    assert found == listed
    assert len(found) >= 50


def test_every_code_of_the_checks_is_tried_or_excused():
    tried = {case.expect.partition(" ")[2] for case in CASES} - {"", "EQUIVOCATION"}
    assert tried | set(UNTRIED) == set(CODES)
    assert not tried & set(UNTRIED)


def test_a_case_is_numbered_by_its_check_and_once():
    assert max(Counter(case.number for case in CASES).values()) == 1
    for case in CASES:
        code = case.expect.partition(" ")[2]
        if code in CODES:
            assert case.number // 100 == number(code), case


def test_what_needs_what_is_not_there_is_left_out(tree):
    run = Run(tree, "370000", "370000")
    numbers = {case.number for case, _ in made(run.workshop(returned=None, earlier=None))}
    suites, keys, probes = {704} if len(SUITES) == 1 else set(), {705, 706}, {4, 1001, 1701, 1702}
    assert {case.number for case in CASES} - numbers == suites | keys | probes


def older(tree, number, **changed):
    """A signing key that the hub had before."""
    issued = issue_participant(tree.issuing, "hub", number, tree.now)
    key = next(key for leaf in issued.leaves if (key := to_key(leaf.der)).use is KeyUse.SIGNING)
    return replace(key, **changed)


@pytest.mark.requirement("R012", "R014")
def test_old_keys_of_the_hub_are_tried_where_it_has_some(tree):
    run = Run(tree, "370000", "370000")
    ended = older(tree, 2, not_after=tree.now - timedelta(seconds=1))
    revoked = older(tree, 3, revoked=tree.now)
    hub = tree.participants["hub"]
    listed = {**tree.participants, "hub": replace(hub, keys=(*hub.keys, ended, revoked))}
    run.directory = replace(run.directory, participants=listed)
    by_number = {case.number: (case, given) for case, given in made(run.workshop())}
    for which in (705, 706):
        case, given = by_number[which]
        assert said(run.judge(given, tree.now)) == case.expect


@pytest.mark.requirement("R014")
def test_a_signature_of_another_suite_is_tried_where_there_is_one(tree, monkeypatch):
    run = Run(tree, "370000", "370000")
    workshop = run.workshop()
    monkeypatch.setitem(SUITES, "other/1", SUITES[SUITE])
    (given,) = [given for case, given in made(workshop) if case.number == 704]
    assert said(run.judge(given, tree.now)) == "REFUSE SUITE_MISMATCH"


def test_a_replayed_message_is_the_earlier_one(tree):
    run = Run(tree, "370000", "370000")
    workshop = run.workshop()
    by_number = {case.number: given for case, given in made(workshop)}
    again = run.judge(by_number[1701], tree.now).opened.header
    other = run.judge(by_number[1702], tree.now).opened
    assert by_number[1701].data == workshop.earlier
    assert other.header.message_id == again.message_id
    assert other.header.conversation != again.conversation
