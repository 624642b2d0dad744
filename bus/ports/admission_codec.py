"""Admissions ↔ JSON text: the one form in which a store keeps an admission."""

from __future__ import annotations

from bus.model.admission import Admission
from bus.ports.json_codec import JsonCodec

_CODEC = JsonCodec(Admission, "ADMISSION", "入网备案", "an admission")


def encode_admission(admission: Admission) -> str:
    """Return an admission as JSON text.

    Raises:
        DefectError: `ADMISSION_UNWRITABLE`: a value has no JSON form.
    """
    return _CODEC.encode(admission, admission.participant)


def decode_admission(text: str) -> Admission:
    """Return the admission that `encode_admission` wrote.

    Raises:
        StoreCorrupt: `ADMISSION_UNREADABLE`: the text is not of this version's shape.
    """
    return _CODEC.decode(text)
