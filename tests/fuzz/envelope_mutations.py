"""Ways to change a valid envelope, from single bits to whole seals of another message.

Each takes a source of randomness, the message and another valid message, and returns bytes; those
in `ARRIVALS` leave the bytes and change how they arrive. What is changed deep inside is encoded
again around the change, so that it reaches the checks behind the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from fuzz_world import Valid

from schemas.errors import HeduiError
from signer.envelope.chain import Arrival
from signer.envelope.format import (
    MAGIC,
    Envelope,
    Extension,
    Proof,
    Seal,
    Statement,
    envelope_bytes,
    header_bytes,
    statement_bytes,
)

Mutation = Callable[[Random, Valid, Valid], bytes]
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_INTS = (-(2**31), -1, 0, 1, 2, 3, 63, 64, 2**16, 2**31 - 1)
_TEXTS = ("", "hub", "370000", "320000", "hub.marriage", "３７００００", "relay", "origin", "none")
_NAMED = ("deflate", "p256-aes256gcm/1", "sm2-sm4gcm/1", "Answer", "Roster", "Problem", "x" * 70)


def scrambled(choose: Random, data: bytes, donor: bytes) -> bytes:
    """Flip, set, put in, cut, repeat, graft or exchange bytes, in one to three places."""
    changed = bytearray(data)
    for _ in range(choose.randint(1, 3)):
        at, size = choose.randrange(len(changed) + 1), choose.randint(1, 40)
        kind = choose.randrange(7) if at < len(changed) else 2
        match kind:
            case 0:
                changed[at] ^= 1 << choose.randrange(8)
            case 1:
                changed[at] = choose.choice((0, 1, 2, 0x7F, 0x80, 0xFF, choose.randrange(256)))
            case 2:
                changed[at:at] = choose.randbytes(size)
            case 3:
                del changed[at : at + size]
            case 4:
                changed[at:at] = changed[at : at + size]
            case 5:
                start = choose.randrange(len(donor) or 1)
                changed[at : at + size] = donor[start : start + size]
            case _:
                other = choose.randrange(len(changed))
                changed[at], changed[other] = changed[other], changed[at]
    return bytes(changed)


def _bytes(choose: Random, valid: Valid, donor: Valid) -> bytes:
    return scrambled(choose, valid.data, donor.data)


def _one_bit(choose: Random, valid: Valid, _: Valid) -> bytes:
    at = choose.randrange(len(valid.data))
    return (
        valid.data[:at] + bytes([valid.data[at] ^ 1 << choose.randrange(8)]) + valid.data[at + 1 :]
    )


def _cut(choose: Random, valid: Valid, _: Valid) -> bytes:
    return valid.data[: choose.randrange(len(valid.data))]


def _doubled(choose: Random, valid: Valid, donor: Valid) -> bytes:
    return valid.data + choose.choice((valid.data, donor.data, b"\0", choose.randbytes(9)))


def _varint(choose: Random, valid: Valid, _: Valid) -> bytes:
    # A byte that may end a varint, written so that it needs one byte or more than it should.
    data, at = valid.data, choose.randrange(len(MAGIC), len(valid.data))
    longer = bytes([data[at] | 0x80, *[0x80] * choose.choice((0, 0, 1, 8)), 0])
    return data[:at] + longer + data[at + 1 :]


def _array(choose: Random, valid: Valid, _: Valid) -> bytes:
    # The seals in several blocks, in a block that states its size, or under another count.
    envelope = valid.envelope
    seals = [envelope_bytes(Envelope(b"", b"", (seal,)))[7:-1] for seal in envelope.seals]
    body, count = b"".join(seals), len(seals)
    head = envelope_bytes(Envelope(envelope.protected, envelope.ciphertext, ()))[:-1]
    size = _long(len(body))
    return head + choose.choice(
        (
            b"".join(b"\x02" + seal for seal in seals) + b"\0",
            _long(-count) + size + body + b"\0",
            _long(choose.choice(_INTS)) + body + b"\0",
            _long(count) + body + choose.choice((b"", b"\x02", b"\x80\0")),
            bytes([2 * count | 0x80, 0]) + body + b"\0",
        )
    )


def _long(number: int) -> bytes:
    zigzag, groups = (number << 1) ^ (number >> 63), []
    while zigzag > 0x7F:
        groups.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*groups, zigzag])


def _replayed(_choose: Random, _valid: Valid, donor: Valid) -> bytes:
    # Another message, whole, where and when this one arrived.
    return donor.data


def _parts(choose: Random, valid: Valid, donor: Valid) -> bytes:
    # Whole parts of another message.
    names = choose.sample(("protected", "ciphertext", "seals"), choose.randint(1, 2))
    return envelope_bytes(
        replace(valid.envelope, **{name: getattr(donor.envelope, name) for name in names})
    )


def _inside(choose: Random, valid: Valid, donor: Valid) -> bytes:
    # Bytes changed inside a part, under a length that fits again.
    envelope, theirs = valid.envelope, donor.envelope
    match choose.randrange(3):
        case 0:
            changed = scrambled(choose, envelope.protected, theirs.protected)
            return envelope_bytes(replace(envelope, protected=changed))
        case 1:
            changed = scrambled(choose, envelope.ciphertext, theirs.ciphertext)
            return envelope_bytes(replace(envelope, ciphertext=changed))
    number = choose.randrange(len(envelope.seals))
    seal = envelope.seals[number]
    changed = scrambled(choose, seal.statement, choose.choice(theirs.seals).statement)
    return _with_seal(envelope, number, replace(seal, statement=changed))


def _seals(choose: Random, valid: Valid, donor: Valid) -> bytes:
    seals = list(valid.envelope.seals)
    at = choose.randrange(len(seals))
    match choose.randrange(6):
        case 0:
            del seals[at]
        case 1:
            seals.insert(choose.randrange(len(seals) + 1), seals[at])
        case 2:
            seals.insert(choose.randrange(len(seals) + 1), choose.choice(donor.envelope.seals))
        case 3:
            choose.shuffle(seals)
        case 4:
            seals[at] = choose.choice(donor.envelope.seals)
        case _:
            seals *= choose.randint(2, 11)
    return envelope_bytes(replace(valid.envelope, seals=tuple(seals)))


def _signature(choose: Random, valid: Valid, donor: Valid) -> bytes:
    number = choose.randrange(len(valid.envelope.seals))
    seal = valid.envelope.seals[number]
    theirs = choose.choice(donor.envelope.seals).signature
    value, half = seal.signature.value, len(seal.signature.value) // 2
    r, s = value[:half], value[half:]
    negated = ((_ORDER - int.from_bytes(s)) % 2**256).to_bytes(32)
    changed = choose.choice(
        (
            replace(seal.signature, value=r + negated),
            replace(seal.signature, value=s + r),
            replace(seal.signature, value=theirs.value),
            replace(seal.signature, value=scrambled(choose, value, theirs.value)),
            replace(seal.signature, suite=choose.choice((*_TEXTS, *_NAMED))),
            replace(seal.signature, proof=theirs.proof),
            replace(seal.signature, proof=_proof(choose, seal.signature.proof)),
        )
    )
    return _with_seal(valid.envelope, number, replace(seal, signature=changed))


def _proof(choose: Random, proof: Proof | None) -> Proof:
    own = proof or Proof(0, 2, (bytes(32),))
    path = list(own.path) or [bytes(32)]
    at = choose.randrange(len(path))
    return choose.choice(
        (
            replace(own, index=choose.choice((*_INTS, own.index ^ 1, own.index + 1))),
            replace(own, size=choose.choice((*_INTS, own.size + 1, own.size - 1))),
            replace(own, path=(*path[:at], *path[at + 1 :])),
            replace(own, path=(*path, choose.randbytes(32))),
            replace(own, path=(*path[:at], choose.randbytes(32), *path[at + 1 :])),
            replace(own, path=tuple(reversed(path))),
        )
    )


def _header_field(choose: Random, valid: Valid, donor: Valid) -> bytes:
    name = choose.choice(fields(valid.header)).name
    value = _other(choose, getattr(valid.header, name), getattr(donor.header, name))
    if name == "extensions":
        value += (Extension("test.x", critical=choose.random() < 0.5, data=b""),)
    changed = header_bytes(replace(valid.header, **{name: value}))
    return envelope_bytes(replace(valid.envelope, protected=changed))


def _statement_field(choose: Random, valid: Valid, donor: Valid) -> bytes:
    number = choose.randrange(len(valid.statements))
    statement = valid.statements[number]
    name = choose.choice(fields(statement)).name
    theirs = getattr(choose.choice(donor.statements), name)
    changed = replace(statement, **{name: _other(choose, getattr(statement, name), theirs)})
    return _with_statement(valid, number, changed)


def _reader(choose: Random, valid: Valid, donor: Valid) -> bytes:
    # Readers added, taken away, exchanged, or changed in one field.
    number = choose.randrange(len(valid.statements))
    readers = list(valid.statements[number].recipients)
    theirs = [reader for statement in donor.statements for reader in statement.recipients]
    match choose.randrange(3) if readers else 0:
        case 0 if theirs:
            readers.insert(choose.randrange(len(readers) + 1), choose.choice(theirs))
        case 1:
            del readers[choose.randrange(len(readers))]
        case _ if readers and theirs:
            at, other = choose.randrange(len(readers)), choose.choice(theirs)
            name = choose.choice(fields(other)).name
            value = _other(choose, getattr(readers[at], name), getattr(other, name))
            readers[at] = replace(readers[at], **{name: value})
    changed = replace(valid.statements[number], recipients=tuple(readers))
    return _with_statement(valid, number, changed)


def _other(choose: Random, value: Any, theirs: Any) -> Any:
    """Another value for a field: the other message's, or one of the same type."""
    made = next((make for kind, make in _MAKERS if isinstance(value, kind)), None)
    return theirs if made is None or choose.random() < 0.5 else made(choose, value)


def _other_bytes(choose: Random, value: bytes) -> bytes:
    return scrambled(choose, value, value).ljust(len(value), b"\0")[: len(value)]


def _other_instant(choose: Random, value: datetime) -> datetime:
    return value + timedelta(milliseconds=choose.choice((-1, 1, 1000, 10**8, -(10**12))))


def _other_tuple(choose: Random, value: tuple[Any, ...]) -> tuple[Any, ...]:
    return choose.choice((value[::-1], value[1:], value * 2))


# The first that fits: a bool is an int too.
_MAKERS: tuple[tuple[type, Callable[[Random, Any], Any]], ...] = (
    (bool, lambda _, value: not value),
    (int, lambda choose, value: choose.choice((*_INTS, value + 1))),
    (str, lambda choose, value: choose.choice((*_TEXTS, *_NAMED, value + "\0", value.upper()))),
    (bytes, _other_bytes),
    (UUID, lambda choose, value: UUID(int=value.int ^ 1 << choose.randrange(128))),
    (datetime, _other_instant),
    (tuple, _other_tuple),
)


def _with_statement(valid: Valid, number: int, statement: Statement) -> bytes:
    seal = valid.envelope.seals[number]
    return _with_seal(valid.envelope, number, replace(seal, statement=statement_bytes(statement)))


def _with_seal(envelope: Envelope, number: int, seal: Seal) -> bytes:
    seals = (*envelope.seals[:number], seal, *envelope.seals[number + 1 :])
    return envelope_bytes(replace(envelope, seals=seals))


MUTATIONS: Mapping[str, Mutation] = {
    "bytes": _bytes,
    "one bit": _one_bit,
    "cut": _cut,
    "doubled": _doubled,
    "varint": _varint,
    "array": _array,
    "replayed": _replayed,
    "parts": _parts,
    "inside a part": _inside,
    "seals": _seals,
    "signature": _signature,
    "header field": _header_field,
    "statement field": _statement_field,
    "reader": _reader,
}


def _readdressed(choose: Random, arrival: Arrival, donor: Arrival) -> Arrival:
    names = choose.sample(("me", "peer", "key"), choose.randint(1, 3))
    return replace(arrival, **{name: getattr(donor, name) for name in names})


def _other_headers(choose: Random, arrival: Arrival, donor: Arrival) -> Arrival:
    foreign = ("traceparent", choose.randbytes(8))
    return replace(arrival, headers=choose.choice(((), donor.headers, (*arrival.headers, foreign))))


def _rekeyed(choose: Random, arrival: Arrival, donor: Arrival) -> Arrival:
    key = choose.choice((None, b"", donor.key, choose.randbytes(16), (arrival.key or b"") + b"\0"))
    return replace(arrival, key=key)


ARRIVALS: Mapping[str, Callable[[Random, Arrival, Arrival], Arrival]] = {
    "readdressed": _readdressed,
    "rekeyed": _rekeyed,
    "other headers": _other_headers,
}


_WAYS = (*MUTATIONS, *ARRIVALS)
# What mostly ends as the same message again, and so is opened to the end, is tried less often.
_WEIGHTS = tuple(1 if how in {"replayed", "other headers"} else 4 for how in _WAYS)


def mutate(choose: Random, valid: Valid, donor: Valid) -> tuple[str, bytes, Arrival] | None:
    """Return (how, bytes, arrival) of a mutant, or None where nothing came out changed."""
    (how,) = choose.choices(_WAYS, _WEIGHTS)
    data, arrival = valid.data, valid.arrival
    try:
        if how in ARRIVALS:
            arrival = ARRIVALS[how](choose, arrival, donor.arrival)
        else:
            data = MUTATIONS[how](choose, valid, donor)
            if choose.random() < 0.5:  # without the headers more of it is looked at
                arrival = replace(arrival, headers=())
    except (HeduiError, OverflowError):
        return None  # the value is of no encoding: an instant beyond the calendar
    if data == valid.data and (how not in ARRIVALS or arrival == valid.arrival):
        return None
    return how, data, arrival
