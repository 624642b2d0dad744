"""Whether an opened answer is about what was asked, all of it and nothing else (R071-R073).

Silence and surplus are both faults: every person asked about has exactly one outcome under each
line answered, and no record holds an item that the line did not name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from bus.errors import InputError, RefusedError
from bus.model.messages import Answer, OutcomeKind, PersonOutcome
from bus.model.request import RequestLine
from schemas.records import decode_record
from schemas.resources import Resource

_SHAPES = {
    OutcomeKind.FOUND: (True, False),
    OutcomeKind.NOT_FOUND: (False, False),
    OutcomeKind.NOT_ANSWERABLE: (False, True),
}
"""Whether an outcome has records, and whether it has a code."""


def check_answer(
    query: UUID,
    answer: Answer,
    resource: Resource | None,
    lines: Iterable[RequestLine],
    references: frozenset[int],
) -> None:
    """Check one answer message.

    Args:
        query: The query, for the error's place.
        answer: The opened answer or fragment.
        resource: The resource its header names, or None when it is not known here.
        lines: The request's lines.
        references: The persons of the roster part.

    Raises:
        RefusedError: `ANSWER_SCHEMA`, `ANSWER_BEYOND_REQUEST`, `ANSWER_OUTCOME`,
            `ANSWER_RECORD`, `ANSWER_ITEMS`, `ANSWER_COUNT`.
    """
    if resource is None or answer.record_schema != resource.schema.digest:
        raise _refused(
            "ANSWER_SCHEMA", "记录模式与信息资源不符", "not the resource's schema", query
        )
    asked = {line.line: line for line in lines if line.resource == resource.name}
    for outcome in answer.outcomes:
        line = asked.get(outcome.line)
        if line is None or outcome.reference not in references:
            raise _refused(
                "ANSWER_BEYOND_REQUEST", "反馈了未查询的人员或事项", "not asked for", query
            )
        # R073: found means records, not answerable means a coded reason; nothing in between.
        found, coded = bool(outcome.records), outcome.code is not None
        if (found, coded) != _SHAPES[outcome.outcome]:
            raise _refused("ANSWER_OUTCOME", "结果与记录不符", "outcome and records differ", query)
        _check_records(query, outcome, resource, line)
    if sum(len(outcome.records) for outcome in answer.outcomes) != answer.record_count:
        raise _refused("ANSWER_COUNT", "记录数与所述不符", "the record count is wrong", query)


def check_whole(query: UUID, outcomes: Sequence[PersonOutcome], references: frozenset[int]) -> None:
    """Check that all fragments of an answer together leave nobody out and name nobody twice.

    Raises:
        RefusedError: `ANSWER_INCOMPLETE`, `ANSWER_PERSON_TWICE`.
    """
    given = Counter((outcome.line, outcome.reference) for outcome in outcomes)
    if any(count > 1 for count in given.values()):
        raise _refused("ANSWER_PERSON_TWICE", "同一人有两个结果", "a person stands twice", query)
    lines = {line for line, _ in given}
    if not lines or len(given) != len(lines) * len(references):
        raise _refused("ANSWER_INCOMPLETE", "有人没有结果", "somebody has no outcome", query)


def _check_records(
    query: UUID, outcome: PersonOutcome, resource: Resource, line: RequestLine
) -> None:
    for data in outcome.records:
        try:
            record = decode_record(resource, data)
        except InputError as error:
            raise _refused(
                "ANSWER_RECORD", "记录无法解析", "a record is not of its schema", query
            ) from error
        if any(value is not None and name not in line.items for name, value in record.items()):
            raise _refused("ANSWER_ITEMS", "记录含未批准的内容项", "items not approved", query)


def _refused(code: str, zh: str, en: str, query: UUID) -> RefusedError:
    return RefusedError(code, zh, en, where=str(query))
