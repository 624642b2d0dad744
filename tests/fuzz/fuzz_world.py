"""The valid messages that mutation starts from, with all that opening one needs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "signer" / "envelope"))

from envelope_cases import Vector
from envelope_files import VECTORS, content, scenario_files
from envelope_world import World

from schemas.loader import shipped
from signer.envelope.chain import Arrival
from signer.envelope.format import (
    Envelope,
    Header,
    Statement,
    read_envelope,
    read_header,
    read_statement,
)
from signer.envelope.open import Opener
from signer.envelope.verdict import Accept, Relay, Verdict


@dataclass(frozen=True)
class Valid:
    """A message that is taken: its bytes, when and how it arrived, and its parts."""

    name: str
    data: bytes
    now: datetime
    arrival: Arrival
    envelope: Envelope
    header: Header
    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, name: str, vector: Vector) -> Valid:
        """Read the parts of a vector that is accepted or relayed."""
        envelope = read_envelope(vector.data)
        statements = tuple(read_statement(seal.statement) for seal in envelope.seals)
        header = read_header(envelope.protected)
        return cls(name, vector.data, vector.now, vector.arrival, envelope, header, statements)


@dataclass(frozen=True)
class Identity:
    """What makes two envelopes the same message, arrived in the same way."""

    digest: bytes
    chain: bytes
    me: str
    peer: str
    key: bytes | None


class Country:
    """Everybody who opens messages in the vectors, and the messages that are taken."""

    def __init__(self) -> None:
        self._world = World.read(content(VECTORS / "participants.json"))
        schemas = shipped()
        self._openers = {me: Opener(ring, schemas.get) for me, ring in self._world.rings.items()}

    @cached_property
    def valid(self) -> tuple[Valid, ...]:
        """Every message of the vectors that ends as ACCEPT or RELAY."""
        read = ((path.stem, Vector.read(content(path))) for path in scenario_files())
        return tuple(Valid.of(n, v) for n, v in read if v.expect in {"ACCEPT", "RELAY"})

    @cached_property
    def known(self) -> frozenset[Identity]:
        """The identities of those messages: whoever has them may send them, and nothing else."""
        found = {self.taken(self.open(v.data, v.now, v.arrival), v.arrival) for v in self.valid}
        assert None not in found, "a valid message was not taken"
        return frozenset(one for one in found if one is not None)

    def open(self, data: bytes, now: datetime, arrival: Arrival) -> Verdict:
        """Open bytes as the one they reached."""
        return self._openers[arrival.me].open(data, self._world.directory, now, arrival)

    @staticmethod
    def taken(verdict: Verdict, arrival: Arrival) -> Identity | None:
        """Return what was taken, or None where it was not."""
        if not isinstance(verdict, (Accept, Relay)):
            return None
        opened = verdict.opened
        return Identity(opened.digest, opened.chain, arrival.me, arrival.peer, arrival.key)
