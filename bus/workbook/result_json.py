"""The result as JSON: the workbook's content with codes and types kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bus.model.account import Account
from bus.model.result import (
    ResultAnswer,
    ResultGap,
    ResultItem,
    ResultLine,
    ResultOutcome,
    ResultPerson,
    ResultView,
    Value,
)
from bus.workbook.result_tables import NOT_ASKED, NOT_ASKED_ZH, tallies, text_of, titles


def result_json(view: ResultView) -> dict[str, Any]:
    """Return the result in plain JSON types.

    Decimals are texts with their two decimals, since JSON numbers are binary fractions to most
    readers; dates are `YYYY-MM-DD`, instants ISO 8601 in UTC. A line's `row` is its number in 附表
    (附表序号), counted from 1 over the rows filled in: not the row of a spreadsheet.

    Args:
        view: The result.
    """
    lines = {line.line: line for line in view.lines}
    facts = view.application
    return {
        "query": str(view.query),
        "state": view.state.value,
        "account": _account(view.account),
        "application": {
            "requester": facts.requester,
            "operator": facts.operator,
            "submitted": value_json(facts.submitted),
            "authority": facts.authority,
            "business_text": facts.business_text,
            "purpose": facts.purpose,
            "query_text": facts.query_text,
            "person_count": facts.person_count,
            "applied_on": value_json(facts.applied_on),
        },
        "lines": [_line(line) for line in view.lines],
        "persons": [person_json(person) for person in view.persons],
        "withdrawn": [
            person_json(person) | {"code": NOT_ASKED, "zh": NOT_ASKED_ZH}
            for person in view.withdrawn
        ],
        "rechecks": None if view.rechecks is None else str(view.rechecks),
        "summary": _summary(view),
        "answers": [_answer(answer, lines) for answer in view.answers],
        "unanswered": [_gap(gap) for gap in view.gaps],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "answered": account.answered,
        "due": account.due,
        "refused": account.refused,
        "complete": account.complete,
        "zh": account.zh,
        "en": account.en,
    }


def _line(line: ResultLine) -> dict[str, Any]:
    return {
        "line": line.line,
        "row": line.row,
        "provider": line.provider,
        "resource": line.resource,
        "title": line.title,
        "items": [{"name": item.name, "zh": item.zh} for item in line.items],
        "time_from": value_json(line.time_from),
        "time_to": value_json(line.time_to),
    }


def person_json(person: ResultPerson) -> dict[str, Any]:
    """Return a person in plain JSON types."""
    return {
        "reference": person.reference,
        "household": person.household,
        "relation": person.relation,
        "name": person.name,
        "id_type": person.id_type,
        "id_number": person.id_number,
    }


def _summary(view: ResultView) -> list[dict[str, Any]]:
    names = titles(view)
    return [
        {
            "provider": provider,
            "provider_title": tally.provider_title,
            "resource": resource,
            "title": names.get(resource, resource),
            "asked": tally.asked,
            "outcomes": {kind.value: number for kind, number in tally.outcomes.items()},
            "records": tally.records,
            "as_of": value_json(min(tally.as_of)),
            "late": tally.late,
        }
        for (provider, resource), tally in tallies(view).items()
    ]


def _answer(answer: ResultAnswer, lines: dict[int, ResultLine]) -> dict[str, Any]:
    return {
        "provider": answer.provider,
        "provider_title": answer.provider_title,
        "resource": answer.resource,
        "part": answer.part,
        "as_of": value_json(answer.as_of),
        "received": value_json(answer.received),
        "due": value_json(answer.due),
        "late": answer.late,
        "outcomes": [_outcome(outcome, lines[outcome.line].items) for outcome in answer.outcomes],
    }


def _outcome(outcome: ResultOutcome, items: tuple[ResultItem, ...]) -> dict[str, Any]:
    return {
        "line": outcome.line,
        "reference": outcome.reference,
        "outcome": outcome.outcome.value,
        "code": outcome.code,
        "records": [
            {item.name: value_json(value) for item, value in zip(items, record, strict=True)}
            for record in outcome.records
        ],
    }


def _gap(gap: ResultGap) -> dict[str, Any]:
    return {
        "provider": gap.provider,
        "provider_title": gap.provider_title,
        "resource": gap.resource,
        "part": gap.part,
        "due": value_json(gap.due),
        "code": gap.code,
    }


def value_json(value: Value) -> str | int | bool | None:
    """Return a value in a plain JSON type."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return text_of(value)
        case _:
            return value
