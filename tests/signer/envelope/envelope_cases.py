"""What a scenario is, and how it stands in a file of tests/vectors/envelope/."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from envelope_forge import NOW, Made
from envelope_world import instant, text

from schemas.loader import encode, shipped
from signer.envelope import cloudevents
from signer.envelope.chain import Arrival
from signer.envelope.verdict import Accept, Hold, Refuse, Relay, Verdict, number

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Case:
    """One scenario: bytes, how they arrived, and how opening must end."""

    name: str
    comment: str
    expect: str
    code: str | None
    data: bytes
    me: str
    peer: str
    now: datetime
    key: bytes | None
    headers: Headers
    pad_to: int | None
    payload_sha256: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the content of the scenario's file."""
        content = {
            "comment": self.comment,
            "expect": self.expect,
            "code": self.code,
            "check": number(self.code) if self.code else None,
            "me": self.me,
            "peer": self.peer,
            "now": text(self.now),
            "key": None if self.key is None else self.key.hex(),
            "headers": [[name, value.decode()] for name, value in self.headers],
            "envelope": b64encode(self.data).decode(),
        }
        if self.pad_to is not None:
            content["pad_to"] = self.pad_to
        if self.payload_sha256 is not None:
            content["payload_sha256"] = self.payload_sha256
        return content


@dataclass
class Cases:
    """Collects scenarios and numbers them in each group, so additions go to a group's end."""

    found: list[Case] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    def accept(self, made: Made, comment: str, **over: Any) -> None:
        """Add a scenario that ends as ACCEPT, with the Kafka headers a sender adds."""
        headers = over.pop("headers", cloudevents.headers(made.header))
        payload = over.pop("payload")
        sha256 = hashlib.sha256(payload).hexdigest()
        self._add("ACCEPT", None, made, comment, headers=headers, sha256=sha256, **over)

    def relay(self, made: Made, comment: str, **over: Any) -> None:
        """Add a scenario that ends as RELAY."""
        headers = over.pop("headers", cloudevents.headers(made.header))
        self._add("RELAY", None, made, comment, headers=headers, **over)

    def hold(self, code: str, made: Made, comment: str, **over: Any) -> None:
        """Add a scenario that ends as HOLD."""
        self._add("HOLD", code, made, comment, **over)

    def refuse(self, code: str, made: Made, comment: str, **over: Any) -> None:
        """Add a scenario that ends as REFUSE; without Kafka headers unless they are given."""
        self._add("REFUSE", code, made, comment, **over)

    def _add(
        self,
        expect: str,
        code: str | None,
        made: Made,
        comment: str,
        *,
        data: bytes | None = None,
        me: str | None = None,
        peer: str | None = None,
        now: datetime = NOW,
        key: bytes | None = b"",
        headers: Headers = (),
        pad_to: int | None = None,
        sha256: str | None = None,
    ) -> None:
        group = expect.lower()
        self._numbers[group] += 1
        self.found.append(
            Case(
                name=f"{group}-{self._numbers[group]:03d}-{made.name}",
                comment=comment,
                expect=expect,
                code=code,
                data=made.data if data is None else data,
                me=me or made.hops[-1].to,
                peer=peer or made.hops[-1].sender,
                now=now,
                key=made.key if key == b"" else key,
                headers=headers,
                pad_to=pad_to,
                payload_sha256=sha256,
            )
        )


@dataclass(frozen=True)
class Vector:
    """A scenario as read from its file."""

    expect: str
    code: str | None
    check: int | None
    data: bytes
    now: datetime
    arrival: Arrival
    payload_sha256: str | None

    @classmethod
    def read(cls, source: dict[str, Any]) -> Vector:
        """Read the content of a scenario's file."""
        data = b64decode(source["envelope"])
        key = source["key"]
        return cls(
            expect=source["expect"],
            code=source["code"],
            check=source["check"],
            data=data.ljust(source.get("pad_to", 0), b"\0"),
            now=instant(source["now"]),
            arrival=Arrival(
                me=source["me"],
                peer=source["peer"],
                key=None if key is None else bytes.fromhex(key),
                headers=tuple((name, value.encode()) for name, value in source["headers"]),
            ),
            payload_sha256=source.get("payload_sha256"),
        )


def outcome(verdict: Verdict) -> tuple[str, str | None]:
    """Return a verdict as (expect, code) of a scenario."""
    match verdict:
        case Accept():
            return "ACCEPT", None
        case Relay():
            return "RELAY", None
        case Hold(code):
            return "HOLD", code
        case Refuse(code):
            return "REFUSE", code


def payload_sha256(verdict: Accept) -> str:
    """Return the SHA-256 of an accepted message's payload bytes."""
    schema = shipped()[verdict.opened.header.payload_schema]
    return hashlib.sha256(encode(schema, verdict.payload)).hexdigest()
