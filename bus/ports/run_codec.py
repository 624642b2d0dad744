"""Test runs ↔ JSON text: the one form in which a store keeps a run."""

from __future__ import annotations

from bus.model.probe import Run
from bus.ports.json_codec import JsonCodec

_CODEC = JsonCodec(Run, "RUN", "检测", "a test run")


def encode_run(run: Run) -> str:
    """Return a run as JSON text.

    Raises:
        DefectError: `RUN_UNWRITABLE`: a value has no JSON form (text that is not Unicode).
    """
    return _CODEC.encode(run, str(run.id))


def decode_run(text: str) -> Run:
    """Return the run that `encode_run` wrote.

    Raises:
        StoreCorrupt: `RUN_UNREADABLE`: the text is not of this version's shape.
    """
    return _CODEC.decode(text)
