"""What the product seals, the product opens: every kind, along every way through the tree."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from envelope_forge import DUE, NOW
from envelope_payloads import PAYLOADS
from envelope_routes import NARROW_ORDER
from envelope_strategies import datum
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.loader import load, shipped
from signer.envelope.chain import Arrival
from signer.envelope.counts import disagreement
from signer.envelope.format import Order, OrderLine
from signer.envelope.open import Opener
from signer.envelope.seal import Content, EnvelopeTooLargeError, Sealer
from signer.envelope.signing import Sealed
from signer.envelope.verdict import Accept, Opened, Refuse, Relay
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.uuid7 import uuid7

APPLICATION = bytes(range(32))
CONVERSATION = uuid7(NOW, bytes)

# kind: origin, hops after it, destination, the readers the origin names
WAYS = {
    "Application": ("321200", ["320000", "hub"], "hub", ["320000", "hub"]),
    "Consent": ("370000", ["hub"], "hub", ["hub"]),
    "Decision": ("hub", ["320000", "321200"], "321200", ["321200"]),
    "Dispatch": ("320000", ["hub", "370000"], "370000", ["370000", "hub"]),
    "Answer": ("320000.housing-fund", ["320000", "hub", "370000"], "370000", ["370000"]),
    "Receipt": (
        "370000",
        ["hub", "320000", "320000.housing-fund"],
        "320000.housing-fund",
        ["320000.housing-fund"],
    ),
    "Problem": ("hub.marriage", ["hub", "370000"], "370000", ["370000"]),
}


@dataclass
class Network:
    """Every participant with its sealer and opener, and a clock that moves with each hop."""

    world: object
    entropy: object
    now: object = NOW
    sealers: dict = field(default_factory=dict)
    openers: dict = field(default_factory=dict)

    def __post_init__(self):
        for identity, ring in self.world.rings.items():
            self.sealers[identity] = Sealer(identity, ring, SUITE, self.entropy)
            self.openers[identity] = Opener(ring, shipped().get)

    @property
    def version(self):
        return self.world.directory.version

    def key(self, identity):
        return self.world.directory.get(identity).encryption_key(self.now)

    def seal(self, sender, to, content, readers):
        keys = [self.key(reader) for reader in readers]
        return self.sealers[sender].seal(content, to, keys, self.now, self.version)

    def open(self, sealed: Sealed, sender, to):
        self.now += timedelta(seconds=1)
        key = sealed.header.conversation.bytes
        arrival = Arrival(to, sender, key, sealed.headers)
        verdict = self.openers[to].open(sealed.data, self.world.directory, self.now, arrival)
        if isinstance(verdict, (Accept, Relay)):
            assert verdict.opened.digest == sealed.digest
            assert verdict.opened.chain == sealed.chain
        return verdict

    def endorse(self, opened: Opened, sender, to, **what):
        received, self.now = self.now, self.now + timedelta(seconds=1)
        return self.sealers[sender].endorse(opened, to, received, self.now, self.version, **what)


@pytest.fixture
def network(world):
    return Network(world, random.Random(7).randbytes)  # noqa: S311 - a repeatable test


def content_of(kind, destination, payload, **more):
    return Content(
        kind, destination, CONVERSATION, load(f"message/{kind.lower()}.v1"), payload, **more
    )


def stated(kind, payload):
    """What the header must say about a payload."""
    match kind:
        case "Application":
            return {"subject_count": payload["person_count"]}
        case "Consent":
            return {"subject_count": len(payload["consents"]), "roster_part": payload["part"]}
        case "Roster":
            return {"subject_count": len(payload["persons"]), "roster_part": payload["part"]}
        case "Answer":
            return {"subject_count": len({x["reference"] for x in payload["outcomes"]})}
        case _:
            return {}


@pytest.mark.parametrize("kind", WAYS)
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_random_content_of_each_kind_reaches_its_reader(world, kind, data):
    network = Network(world, random.Random(data.draw(st.integers())).randbytes)  # noqa: S311 - a repeatable test
    origin, hops, destination, readers = WAYS[kind]
    payload = data.draw(datum(load(f"message/{kind.lower()}.v1")))
    for name in ("person_count", "part"):
        if name in payload:
            payload[name] = abs(payload[name]) % 1000 + 1
    content = content_of(kind, destination, payload, **stated(kind, payload))
    sealed = network.seal(origin, hops[0], content, readers)
    sender = origin
    for here, following in zip(hops, [*hops[1:], None], strict=True):
        verdict = network.open(sealed, sender, here)
        assert isinstance(verdict, Accept if here in readers else Relay), verdict
        if isinstance(verdict, Accept):
            assert verdict.payload == payload
            assert verdict.secret == sealed.secret or sealed.secret is None
        if following is not None:
            sealed, sender = network.endorse(verdict.opened, here, following), here


@pytest.mark.requirement("R018")
def test_a_roster_goes_down_under_orders_and_each_hop_adds_the_next_reader(network):
    payload = PAYLOADS["Roster"]
    content = content_of("Roster", "hub", payload, **stated("Roster", payload))
    sealed = network.seal("370000", "hub", content, ["hub"])
    first = network.open(sealed, "370000", "hub")
    assert isinstance(first, Accept)
    wide = Order(APPLICATION, (OrderLine(1, "housing-fund-account", ("name", "balance"), DUE),))
    narrow = replace(wide, lines=(replace(wide.lines[0], items=("balance",)),))
    sealed = network.endorse(
        first.opened, "hub", "320000", order=wide, reader=network.key("320000"), secret=first.secret
    )
    second = network.open(sealed, "hub", "320000")
    assert isinstance(second, Accept)
    fund = network.key("320000.housing-fund")
    sealed = network.endorse(
        second.opened,
        "320000",
        "320000.housing-fund",
        order=narrow,
        reader=fund,
        secret=second.secret,
    )
    last = network.open(sealed, "320000", "320000.housing-fund")
    assert isinstance(last, Accept)
    assert last.payload == payload
    assert [s.order for s in last.opened.statements] == [None, wide, narrow]
    wider = network.endorse(
        second.opened,
        "320000",
        "320000.housing-fund",
        order=replace(wide, lines=(replace(wide.lines[0], items=("name", "opened_on")),)),
        reader=fund,
        secret=second.secret,
    )
    assert network.open(wider, "320000", "320000.housing-fund") == Refuse("ORDER_WIDENED")


@pytest.mark.requirement("R034")
def test_a_relay_cannot_make_itself_a_reader_of_an_answer(network):
    payload = PAYLOADS["Answer"]
    content = content_of("Answer", "370000", payload, **stated("Answer", payload))
    sealed = network.seal("320000.housing-fund", "320000", content, ["370000"])
    opened = network.open(sealed, "320000.housing-fund", "320000").opened
    forged = network.endorse(opened, "320000", "hub", reader=network.key("hub"), secret=bytes(32))
    assert network.open(forged, "320000", "hub") == Refuse("RECIPIENT_NOT_ORDERED")


def test_a_message_is_refused_on_every_other_topic(network):
    content = content_of("Problem", "hub", PAYLOADS["Problem"])
    sealed = network.seal("370000", "hub", content, ["hub"])
    assert network.open(sealed, "320000", "hub") == Refuse("WRONG_PEER")
    assert network.open(sealed, "370000", "320000") == Refuse("WRONG_HOP")


def test_messages_of_ten_minutes_to_one_reader_share_an_epoch_and_stand_alone(network):
    content = content_of("Problem", "hub", PAYLOADS["Problem"])
    sealed = [network.seal("370000", "hub", content, ["hub"]) for _ in range(3)]
    verdicts = [network.open(one, "370000", "hub") for one in reversed(sealed)]
    assert all(isinstance(verdict, Accept) for verdict in verdicts)
    readers = [verdict.opened.statements[0].recipients[0] for verdict in verdicts]
    assert len({reader.epoch for reader in readers}) == 1
    assert len({reader.wrapped for reader in readers}) == 3
    assert len({one.secret for one in sealed}) == 3


def test_answers_of_one_person_found_and_not_found_have_one_size(network):
    found = [{"line": 1, "reference": 1, "outcome": "FOUND", "code": None, "records": [bytes(900)]}]
    none = [{"line": 1, "reference": 1, "outcome": "NOT_FOUND", "code": None, "records": []}]
    sizes = set()
    for outcomes in (found, none):
        payload = PAYLOADS["Answer"] | {"outcomes": outcomes}
        content = content_of("Answer", "370000", payload, subject_count=1)
        sealed = network.seal("320000.housing-fund", "320000", content, ["370000"])
        sizes.add(len(sealed.data))
    assert len(sizes) == 1


def test_what_would_be_too_large_is_not_sealed(network):
    noise = random.Random(1).randbytes(900 * 1024)  # noqa: S311 - incompressible filler
    row = {"line": 1, "reference": 1, "outcome": "FOUND", "code": None, "records": [noise]}
    payload = PAYLOADS["Answer"] | {"outcomes": [row]}
    content = content_of("Answer", "370000", payload, subject_count=1)
    with pytest.raises(EnvelopeTooLargeError, match="ENVELOPE_TOO_LARGE"):
        network.seal("320000.housing-fund", "320000", content, ["370000"])


def test_the_largest_message_has_room_for_the_endorsements_of_its_way(network):
    payload = PAYLOADS["Problem"] | {"en": "x" * 770_000}
    content = content_of("Problem", "370000", payload)
    sealed = network.seal("321200", "320000", content, ["370000"])

    for giver, me, to in (("321200", "320000", "hub"), ("320000", "hub", "370000")):
        sealed = network.endorse(network.open(sealed, giver, me).opened, me, to)

    assert network.open(sealed, "hub", "370000").payload == payload


def test_an_order_over_its_limit_is_not_signed(network):
    payload = PAYLOADS["Roster"]
    content = content_of("Roster", "hub", payload, **stated("Roster", payload))
    sealed = network.seal("370000", "hub", content, ["hub"])
    opened = network.open(sealed, "370000", "hub").opened
    line = NARROW_ORDER.lines[0]
    many = tuple(replace(line, line=number) for number in range(1, 1000))
    with pytest.raises(EnvelopeTooLargeError, match="ENVELOPE_LIMIT"):
        network.endorse(opened, "hub", "320000", order=replace(NARROW_ORDER, lines=many))


def test_counts_of_an_empty_answer_agree(network):
    payload = PAYLOADS["Answer"] | {"outcomes": []}
    content = content_of("Answer", "370000", payload)
    sealed = network.seal("320000.housing-fund", "320000", content, ["370000"])
    assert disagreement(sealed.header, payload, None) is None
