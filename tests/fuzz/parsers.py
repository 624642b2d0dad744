"""The parsers of what strangers send, each as a function of bytes with samples to start from.

A function returns whether the bytes were taken. What it raises is a finding: a parser refuses with
errors of ours alone, and what it takes it would write in the same bytes again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from random import Random
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from fuzz_parts import NOW, Parser, same
from fuzz_world import Country

sys.path.extend(str(Path(__file__).resolve().parents[1] / room) for room in ("schemas", "bus"))

from avro_values import Values
from envelope_routes import payload_bytes
from parsers_admission import PARSERS as OF_ADMISSION
from workbook_samples import draft

from bus.errors import RefusedError
from bus.wire.bodies import from_avro, schema_of, to_avro
from bus.workbook.faults import WorkbookFaults
from bus.workbook.parse import parse as parse_workbook
from bus.workbook.template import fill
from schemas.loader import SchemaError, decode, encode, load, parse
from schemas.resources import resource_from, resources
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import PathValidator
from signer.directory.signed import RecordKind, parse_record
from signer.envelope.format import (
    FormatError,
    envelope_bytes,
    header_bytes,
    read_envelope,
    read_header,
    read_statement,
    statement_bytes,
)
from signer.envelope.kinds import Kind
from signer.errors import CertificateError, DirectoryError
from signer.proof.failures import ProofError
from signer.proof.format import (
    DIGEST_SIZE,
    Proof,
    ProvenMessage,
    file_digest,
    proof_bytes,
    read_proof,
)

_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
TODAY = date(2026, 3, 2)
QUERY = UUID("01952345-0000-7000-8000-000000000001")
SAMPLES = 24


def _envelope(data: bytes) -> bool:
    try:
        return same(data, envelope_bytes(read_envelope(data)))
    except FormatError:
        return False


def _header(data: bytes) -> bool:
    try:
        return same(data, header_bytes(read_header(data)))
    except FormatError:
        return False


def _statement(data: bytes) -> bool:
    try:
        return same(data, statement_bytes(read_statement(data)))
    except FormatError:
        return False


def _record(kind: RecordKind, version: int = 1) -> Callable[[bytes], bool]:
    def takes(data: bytes) -> bool:
        signed = {
            "magic": b"HDD1",
            "kind": str(kind) if version == 1 else f"{kind}/{version}",
            "payload": data,
            "signer": bytes(32),
            "signature": {"suite": "", "value": b""},
        }
        try:
            record = parse_record(encode(load("directory/signed.v1"), signed), kind, "here")
        except DirectoryError:
            return False
        return same(data, encode(load(f"directory/{kind}.v{version}"), record.content))

    return takes


def _signed(data: bytes) -> bool:
    try:
        record = parse_record(data, RecordKind.ENTRY, "here")
    except DirectoryError:
        return False
    signature = {"suite": record.suite, "value": record.signature}
    named = {"magic": b"HDD1", "kind": "entry", "payload": record.payload}
    again = named | {"signer": record.signer, "signature": signature}
    return same(data, encode(load("directory/signed.v1"), again))


def _proof(data: bytes) -> bool:
    # The digest at the end is put right, else nothing would get past it.
    body = data[:-DIGEST_SIZE]
    whole = body + file_digest(body)
    try:
        return same(whole, proof_bytes(read_proof(whole)))
    except ProofError:
        return False


def _resource(data: bytes) -> bool:
    try:
        resource_from(parse("directory/any.v1", data))
    except SchemaError:
        return False
    return True


def _workbook(data: bytes) -> bool:
    try:
        parse_workbook(data, TODAY)
    except WorkbookFaults:
        return False
    return True


def _certificate(data: bytes) -> bool:
    try:
        _AUTHORITIES.validator.path(data, _AUTHORITIES.issuers)
    except CertificateError:
        return False
    return True


def _body(data: bytes) -> bool:
    """The first byte says of which kind the others are a payload."""
    kind = sorted(Kind)[data[0] % len(Kind)] if data else Kind.PROBLEM
    try:
        body = from_avro(kind, decode(schema_of(kind), data[1:]))
    except (SchemaError, RefusedError):
        return False
    return same(data[1:], encode(schema_of(kind), to_avro(body)))


class _Authorities:
    """A root, an authority under it, and certificates of every use."""

    def __init__(self) -> None:
        root = make_root(NOW)
        issuing = make_issuing(root, NOW)
        self.validator = PathValidator(root.der)
        self.issuers = (issuing.der, root.der)
        names = ("hub", "370000", "hub.marriage")
        sets = [issue_participant(issuing, name, 1, NOW, ("127.0.0.1",)) for name in names]
        self.leaves = [leaf.der for found in sets for leaf in found.leaves]


class _Parts:
    """A workbook one of whose parts is other bytes: the zip around it is always sound."""

    def __init__(self) -> None:
        with ZipFile(BytesIO(_filled())) as archive:
            self._parts = {name: archive.read(name) for name in archive.namelist()}

    def takes(self, data: bytes) -> bool:
        """The first byte says which part the others stand for."""
        if not data:
            return False
        name = sorted(self._parts)[data[0] % len(self._parts)]
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            for other, content in self._parts.items():
                archive.writestr(other, data[1:] if other == name else content)
        return _workbook(out.getvalue())

    def samples(self) -> list[bytes]:
        """Each part as it is."""
        return [bytes([n]) + self._parts[name] for n, name in enumerate(sorted(self._parts))]


def _filled() -> bytes:
    return fill(draft())


def _random(schema: str) -> Callable[[], list[bytes]]:
    def samples() -> list[bytes]:
        values = Values(load(schema).parsed, Random(schema))  # noqa: S311 - repeatable
        return [encode(load(schema), values.make()) for _ in range(SAMPLES)]

    return samples


def _signed_samples() -> list[bytes]:
    values = Values(load("directory/signed.v1").parsed, Random("signed"))  # noqa: S311 - repeatable
    named = {"magic": b"HDD1", "kind": "entry"}
    entries = _random("directory/entry.v1")()
    signed = [values.make() | named | {"payload": entry} for entry in entries]
    return [encode(load("directory/signed.v1"), one) for one in signed]


def _body_samples() -> list[bytes]:
    """Of each kind a payload in the version of its schema that is written."""
    return [bytes([n]) + _written(kind) for n, kind in enumerate(sorted(Kind))]


def _written(kind: Kind) -> bytes:
    body = from_avro(kind, decode(load(f"message/{kind.lower()}.v1"), payload_bytes(kind)))
    return encode(schema_of(kind), to_avro(body))


def _proof_samples() -> list[bytes]:
    records = {"head": b"a head", "hub": b"an entry"}
    valid = Country().valid
    messages = tuple(ProvenMessage(v.data, NOW, s) for v in valid[:3] for s in (None, bytes(32)))
    return [
        proof_bytes(Proof(QUERY, "370000", NOW, records, messages[:count])) for count in (0, 1, 6)
    ]


_PARTS = _Parts()
_AUTHORITIES = _Authorities()

PARSERS: Mapping[str, Parser] = {
    "envelope": Parser(_envelope, lambda: [v.data for v in Country().valid]),
    "header": Parser(_header, lambda: [v.envelope.protected for v in Country().valid]),
    "statement": Parser(
        _statement, lambda: [s.statement for v in Country().valid for s in v.envelope.seals]
    ),
    "directory-record": Parser(_signed, _signed_samples),
    "directory-entry": Parser(_record(RecordKind.ENTRY), _random("directory/entry.v1")),
    "directory-entry-2": Parser(_record(RecordKind.ENTRY, 2), _random("directory/entry.v2")),
    "directory-head": Parser(_record(RecordKind.HEAD), _random("directory/head.v1")),
    "directory-schema": Parser(
        _resource,
        lambda: [(_SCHEMAS / f"{r.schema.name}.avsc").read_bytes() for r in resources().values()],
    ),
    "certificate": Parser(_certificate, lambda: _AUTHORITIES.leaves),
    "body": Parser(_body, _body_samples),
    "proof": Parser(_proof, _proof_samples),
    "workbook": Parser(_workbook, lambda: [_filled()]),
    "workbook-part": Parser(_PARTS.takes, _PARTS.samples),
    **OF_ADMISSION,
}
