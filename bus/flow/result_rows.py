"""The rows of a result: an opened answer, record by record, in the items its lines ask."""

from __future__ import annotations

from collections.abc import Mapping

from bus.model.messages import Answer
from bus.model.result import ResultOutcome, Value
from schemas.records import decode_record
from schemas.resources import Resource


def result_outcomes(
    resource: Resource, answer: Answer, items: Mapping[int, tuple[str, ...]]
) -> tuple[ResultOutcome, ...]:
    """Return what became of each person under each line.

    Args:
        resource: What the answer is on.
        answer: An answer that was checked.
        items: The approved items by request line.
    """
    found = []
    for outcome in answer.outcomes:
        records: list[tuple[Value, ...]] = []
        for record in outcome.records:
            values = decode_record(resource, record)
            records.append(tuple(values.get(item) for item in items[outcome.line]))
        found.append(
            ResultOutcome(
                outcome.line, outcome.reference, outcome.outcome, outcome.code, tuple(records)
            )
        )
    return tuple(found)
