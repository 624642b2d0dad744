"""Whatever bytes arrive: an ending, never an exception, and never ACCEPT for changed bytes."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import pytest
from envelope_cases import outcome
from envelope_forge import Hop
from envelope_quirks import varint
from envelope_routes import HUB_KEY, ROSTER
from envelope_strategies import ANY_INSTANT, DIGEST, LONG, ORDER, TEXT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.loader import shipped
from signer.envelope import open as opening
from signer.envelope.chain import Arrival
from signer.envelope.format import MAGIC, MAX_ENVELOPE, FormatError, read_envelope
from signer.envelope.kinds import KINDS
from signer.envelope.open import Opener
from signer.envelope.verdict import CODES, Accept, Hold, Refuse, Relay

ROUNDS = 4000
SOME = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def mutate(random_source, data, donor):
    """Change bytes in one to three places: flip, replace, insert, cut, repeat, or graft."""
    changed = bytearray(data)
    for _ in range(random_source.randint(1, 3)):
        at, length = random_source.randrange(len(changed)), random_source.randint(1, 40)
        match random_source.randrange(6):
            case 0:
                changed[at] ^= 1 << random_source.randrange(8)
            case 1:
                changed[at] = random_source.randrange(256)
            case 2:
                changed[at:at] = random_source.randbytes(length)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5:
                start = random_source.randrange(len(donor))
                changed[at : at + length] = donor[start : start + length]
        if not changed:
            changed = bytearray(b"\0")
    return bytes(changed)


def test_no_mutation_of_a_valid_message_is_taken(vectors, world):
    valid = [v for v in vectors.values() if v.expect in {"ACCEPT", "RELAY"}]
    openers = {me: Opener(ring, shipped().get) for me, ring in world.rings.items()}
    source = random.Random(20260302)  # noqa: S311 - a repeatable test
    endings = set()
    for _ in range(ROUNDS):
        vector, donor = source.choice(valid), source.choice(valid)
        data = mutate(source, vector.data, donor.data)
        if data == vector.data:
            continue
        opener = openers[vector.arrival.me]
        verdict = opener.open(data, world.directory, vector.now, vector.arrival)
        assert not isinstance(verdict, (Accept, Relay)), data.hex()
        endings.add(verdict.code)
    # The loop reaches past the parser, else it would show little.
    assert endings >= {"MALFORMED", "NOT_CANONICAL", "CHAIN_DIGEST", "SIGNATURE_INVALID"}


def ending(world, made):
    last = made.hops[-1]
    arrival = Arrival(last.to, last.sender, made.key, ())
    opener = Opener(world.rings[arrival.me], shipped().get)
    now = made.hops[0].forwarded or made.header.created
    return opener.open(made.data, world.directory, now, arrival)


NAMES = st.sampled_from(["hub", "370000", "320000", "321200", "hub.marriage", "990000", "x"])
ODD_HEADER = st.fixed_dictionaries(
    {},
    optional={
        "message_id": st.uuids(),
        "kind": st.sampled_from([*KINDS, "Gossip"]) | TEXT,
        "source": NAMES | TEXT,
        "destination": NAMES | TEXT,
        "in_reply_to": st.none() | DIGEST,
        "resource": st.none() | TEXT,
        "roster_part": st.none() | st.integers(-3, 3),
        "fragment": st.integers(-3, 3),
        "created": ANY_INSTANT,
        "expires": ANY_INSTANT,
        "payload_schema": st.sampled_from(sorted(shipped())) | DIGEST,
        "compression": st.sampled_from(["none", "deflate"]) | TEXT,
        "subject_count": st.integers(-3, 3),
        "commitment": DIGEST,
    },
)
ODD_STATEMENT = st.fixed_dictionaries(
    {},
    optional={
        "role": TEXT,
        "signer": DIGEST,
        "prev": DIGEST,
        "sender": NAMES | TEXT,
        "to": NAMES | TEXT,
        "received": ANY_INSTANT,
        "forwarded": ANY_INSTANT,
        "directory_version": LONG,
        "recipients": st.just(()),
        "order": st.none() | ORDER,
    },
)
ODD_READER = st.fixed_dictionaries(
    {},
    optional={
        "suite": TEXT,
        "key": DIGEST,
        "epoch_start": ANY_INSTANT,
        "epoch": st.binary(max_size=200),
        "wrapped": st.binary(max_size=60),
    },
)


@SOME
@given(kind=st.sampled_from(sorted(KINDS)), header=ODD_HEADER, data=st.binary(max_size=80))
def test_any_validly_signed_header_and_body_has_an_ending(world, forge, kind, header, data):
    hop = Hop("370000", "hub", (HUB_KEY,))
    made = forge.make("odd", kind, [hop], data=data, header=header)
    verdict = ending(world, made)
    assert outcome(verdict)[0] in {"ACCEPT", "RELAY", "HOLD", "REFUSE"}
    assert not isinstance(verdict, (Hold, Refuse)) or verdict.code in CODES


@SOME
@given(
    statement=ODD_STATEMENT,
    reader=ODD_READER,
    which=st.integers(0, 2),
)
def test_any_validly_signed_statement_has_an_ending(world, forge, statement, reader, which):
    hops = list(ROSTER)
    hops[which] = replace(hops[which], change=statement, reader_change=reader)
    made = forge.make("odd", "Roster", hops, destination="hub")
    verdict = ending(world, made)
    assert outcome(verdict)[1] is None or outcome(verdict)[1] in CODES


@SOME
@given(data=st.binary(max_size=400), magic=st.booleans())
def test_any_bytes_have_an_ending(world, data, magic):
    arrival = Arrival("hub", "370000", None, ())
    opener = Opener(world.rings["hub"], shipped().get)
    whole = b"HDX1" + data if magic else data
    now = world.directory.issued
    assert isinstance(opener.open(whole, world.directory, now, arrival), Refuse)


@pytest.mark.parametrize("size", [opening.MAX_PAYLOAD - 1, opening.MAX_PAYLOAD])
def test_inflation_reaches_exactly_its_limit(forge, size):
    made = forge.make("inflate", "Roster", [Hop("370000", "hub")])
    header = replace(made.header, compression="deflate")
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = compressor.compress(bytes(size)) + compressor.flush()
    assert len(opening._inflate(header, data)) == size


def test_a_bomb_of_seals_is_refused():
    # 900 KiB of the smallest seals there are.
    seals = (MAX_ENVELOPE - 16) // 4
    data = MAGIC + b"\0\0" + varint(seals) + bytes(4 * seals) + b"\0"
    with pytest.raises(FormatError, match="LIMIT"):
        read_envelope(data)
