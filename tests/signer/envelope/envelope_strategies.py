"""Hypothesis strategies: any datum of a schema, any field of header and statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from schemas.loader import Schema
from signer.envelope.format import (
    Envelope,
    Extension,
    Header,
    Order,
    OrderLine,
    Proof,
    Recipient,
    Seal,
    Signature,
    Statement,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DIGEST = st.binary(min_size=32, max_size=32)
ANY_INSTANT = st.datetimes(timezones=st.just(UTC)).map(
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)
INT = st.integers(-(2**31), 2**31 - 1)
LONG = st.integers(-(2**63), 2**63 - 1)


def datum(schema: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy for any datum of a schema."""
    return _of(schema.source, {})


def _of(source: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(source, list):
        return st.one_of([_of(branch, named) for branch in source])
    if isinstance(source, str):
        return _of(named[source], named) if source in named else _PRIMITIVES[source]
    if "name" in source and isinstance(source["type"], str):
        named[source["name"]] = source
    kind = source.get("logicalType", source["type"])
    return _COMPLEX[kind](source, named) if isinstance(kind, str) else _of(kind, named)


def _record(source: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({x["name"]: _of(x["type"], named) for x in source["fields"]})


def _array(source: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(_of(source["items"], named), max_size=3)


_COMPLEX: dict[str, Callable[[Any, dict[str, Any]], st.SearchStrategy[Any]]] = {
    "record": _record,
    "array": _array,
    "fixed": lambda source, _: st.binary(min_size=source["size"], max_size=source["size"]),
    "enum": lambda source, _: st.sampled_from(source["symbols"]),
    "timestamp-millis": lambda *_: ANY_INSTANT,
    "date": lambda *_: st.dates(),
}
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": INT,
    "long": LONG,
    "string": TEXT,
    "bytes": st.binary(max_size=30),
}

_OPTIONAL_DIGEST = st.none() | DIGEST
HEADER = st.builds(
    Header,
    suite=TEXT,
    message_id=st.uuids(),
    kind=TEXT,
    source=TEXT,
    destination=TEXT,
    conversation=st.uuids(),
    in_reply_to=_OPTIONAL_DIGEST,
    order=_OPTIONAL_DIGEST,
    resource=st.none() | TEXT,
    roster_part=st.none() | INT,
    fragment=INT,
    last=st.booleans(),
    created=ANY_INSTANT,
    expires=ANY_INSTANT,
    payload_schema=DIGEST,
    compression=TEXT,
    subject_count=INT,
    commitment=DIGEST,
    extensions=st.lists(
        st.builds(Extension, id=TEXT, critical=st.booleans(), data=st.binary(max_size=20)),
        max_size=3,
    ).map(tuple),
)
RECIPIENT = st.builds(
    Recipient,
    suite=TEXT,
    key=DIGEST,
    epoch_start=ANY_INSTANT,
    epoch=st.binary(max_size=120),
    wrapped=st.binary(max_size=60),
)
ORDER = st.builds(
    Order,
    application=DIGEST,
    lines=st.lists(
        st.builds(
            OrderLine,
            line=st.integers(1, 2**31 - 1),
            resource=TEXT,
            items=st.lists(TEXT, max_size=3).map(tuple),
            due=ANY_INSTANT,
        ),
        max_size=3,
    ).map(tuple),
)
STATEMENT = st.builds(
    Statement,
    role=TEXT,
    signer=DIGEST,
    prev=DIGEST,
    sender=TEXT,
    to=TEXT,
    received=ANY_INSTANT,
    forwarded=ANY_INSTANT,
    directory_version=LONG,
    recipients=st.lists(RECIPIENT, max_size=3).map(tuple),
    order=st.none() | ORDER,
)
PROOF = st.builds(Proof, index=INT, size=INT, path=st.lists(DIGEST, max_size=3).map(tuple))
SIGNATURE = st.builds(Signature, suite=TEXT, value=st.binary(max_size=70), proof=st.none() | PROOF)
ENVELOPE = st.builds(
    Envelope,
    protected=st.binary(max_size=60),
    ciphertext=st.binary(max_size=60),
    seals=st.lists(
        st.builds(Seal, statement=st.binary(max_size=60), signature=SIGNATURE),
        min_size=1,
        max_size=10,
    ).map(tuple),
)
