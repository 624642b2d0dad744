"""Cases ↔ JSON text: the one form in which a store keeps a case."""

from __future__ import annotations

from bus.model.case import Case
from bus.ports.json_codec import JsonCodec

_CODEC = JsonCodec(Case, "CASE", "案件", "a case")


def encode_case(case: Case) -> str:
    """Return a case as JSON text.

    Raises:
        DefectError: `CASE_UNWRITABLE`: a value has no JSON form (text that is not Unicode).
    """
    return _CODEC.encode(case, str(case.query))


def decode_case(text: str) -> Case:
    """Return the case that `encode_case` wrote.

    Raises:
        StoreCorrupt: `CASE_UNREADABLE`: the text is not a case of this version's shape.
    """
    return _CODEC.decode(text)
