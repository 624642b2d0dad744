"""Splits what was found into answers that fit an envelope; one person's outcome is never split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bus.model.messages import Answer, OutcomeKind, PersonOutcome
from schemas.resources import Resource

MAX_ANSWER_BYTES = 512 * 1024
"""Record bytes in one fragment; an envelope holds 900 KiB before deflation helps."""

MAX_ANSWER_OUTCOMES = 2000
"""Outcomes in one fragment."""


def fragments(
    resource: Resource, as_of: datetime, outcomes: Sequence[PersonOutcome]
) -> tuple[Answer, ...]:
    """Split outcomes into answers that fit an envelope; one person's outcome is never split.

    Args:
        resource: What the records are of.
        as_of: Data-as-of time of the oldest lookup (R072).
        outcomes: All outcomes of a row.

    A person whose records alone are too many is NOT_ANSWERABLE, `TOO_MANY_RECORDS`.
    """
    chunks: list[list[PersonOutcome]] = [[]]
    size = 0
    for outcome in outcomes:
        fitting = _fitting(outcome)
        weight = sum(len(record) for record in fitting.records)
        full = size + weight > MAX_ANSWER_BYTES or len(chunks[-1]) >= MAX_ANSWER_OUTCOMES
        if chunks[-1] and full:
            chunks.append([])
            size = 0
        chunks[-1].append(fitting)
        size += weight
    return tuple(
        Answer(
            record_schema=resource.schema.digest,
            as_of=as_of,
            record_count=sum(len(outcome.records) for outcome in chunk),
            outcomes=tuple(chunk),
        )
        for chunk in chunks
    )


def _fitting(outcome: PersonOutcome) -> PersonOutcome:
    if sum(len(record) for record in outcome.records) <= MAX_ANSWER_BYTES:
        return outcome
    return PersonOutcome(
        outcome.line, outcome.reference, OutcomeKind.NOT_ANSWERABLE, "TOO_MANY_RECORDS", ()
    )
