"""出口检查: what a connector found, held to what was approved before anything is sealed. Pure.

Whoever wrote the connector, what leaves is decided here, person by person: one whose outcome does
not hold is NOT_ANSWERABLE with a code, and the others go on. The checks:

1. The result is one, and its outcomes can be read; else `RESULT_MALFORMED` for everybody.
2. Its as-of time names an instant that is not in the future; else `AS_OF_INVALID` for everybody
   (R072).
3. An outcome is of a person asked about; else it is dropped and counted: `OUTCOME_UNASKED`.
4. Each person has one outcome: `OUTCOME_TWICE`, `OUTCOME_MISSING` (silence is no NOT_FOUND, R073).
5. Outcome, code and records agree: `OUTCOME_MALFORMED`, so FOUND without a record.
6. A code is a code: `CODE_UNSAFE`; it may carry no name or number (codes.py).
7. No item that was not asked for: `ITEM_UNASKED` (R052). The whole person is held back: what comes
   with too much cannot be trusted in the rest.
8. Each value is of its item's kind, and a code one of its table: `VALUE_INVALID`.
9. A record that says whom it is about says it of this person: `RECORD_OF_ANOTHER` where ID number
   or type differ, `NAME_MISMATCH` where the name does and the resource's stated policy is not to
   answer then (`name_mismatch`, not to answer unless it says so).
10. The record is encoded by its schema. One person's records that are too large for an answer are
    held back where answers are made (fragments.py): `TOO_MANY_RECORDS`.

A connector runs in this process and could do anything else that a program can; this is no cage for
it, but the one way by which data leave.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.contract import Lookup, LookupResult, Subject, SubjectOutcome
from adapters.host.codes import UNSAFE, safe_code
from adapters.judge import name_key
from adapters.numbers import id_key
from adapters.records import Reading, read_records, readings_of
from bus.model.messages import OutcomeKind, PersonOutcome
from schemas.records import encode_record
from schemas.resources import Resource

CODES = (
    *("RESULT_MALFORMED", "AS_OF_INVALID", "OUTCOME_UNASKED", "OUTCOME_TWICE", "OUTCOME_MISSING"),
    *("OUTCOME_MALFORMED", UNSAFE, "ITEM_UNASKED", "VALUE_INVALID", "RECORD_OF_ANOTHER"),
    "NAME_MISMATCH",
)
"""Why the gate holds something back."""

ANSWER = "answer"
"""The policy of a resource whose source's names may differ from the one asked about."""

_SKEW = timedelta(minutes=2)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What may leave: an outcome for each person, in their order, and the instant it is true as of.

    `held` counts by code what the gate has held back.
    """

    as_of: datetime
    outcomes: tuple[PersonOutcome, ...]
    held: Mapping[str, int]

    def count(self, kind: OutcomeKind) -> int:
        """Return how many persons have an outcome of a kind."""
        return sum(one.outcome is kind for one in self.outcomes)


class _HeldError(Exception):
    """Ends the checks of one person; never leaves this file."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def disclose(
    lookup: Lookup, line: int, resource: Resource, result: object, now: datetime, names: str
) -> Disclosed:
    """Hold a connector's result to its question; the numbers are those of this file's list.

    Args:
        lookup: The question.
        line: The request's line.
        resource: What the records are of.
        result: What the connector returned: a `LookupResult`, if it keeps its contract.
        now: The present instant, after the lookup.
        names: The resource's policy where a name differs: `answer`, or another.
    """
    outcomes = _outcomes(result)  # 1
    as_of = None if outcomes is None else _as_of(result, now)  # 2
    if outcomes is None or as_of is None:
        code = "RESULT_MALFORMED" if outcomes is None else "AS_OF_INVALID"
        return nobody(lookup, line, code, now, held=True)
    held: Counter[str] = Counter()
    asked = {person.reference for person in lookup.persons}
    of: defaultdict[int, list[SubjectOutcome]] = defaultdict(list)
    for outcome in outcomes:
        if _reference(outcome) in asked:
            of[outcome.reference].append(outcome)
        else:
            held["OUTCOME_UNASKED"] += 1  # 3
    made = []
    readings = readings_of(resource, lookup.items)
    for person in lookup.persons:
        try:
            found = of[person.reference]
            made.append(_person(line, resource, person, found, names, readings))
        except _HeldError as ending:
            held[ending.code] += 1
            made.append(_unanswered(line, person, ending.code))
    return Disclosed(as_of, tuple(made), held)


def nobody(lookup: Lookup, line: int, code: str, now: datetime, *, held: bool = False) -> Disclosed:
    """Return what leaves where nobody can be answered, for one reason.

    Args:
        lookup: The question.
        line: The request's line.
        code: Why.
        now: The present instant.
        held: Whether the gate holds it back.
    """
    outcomes = tuple(_unanswered(line, person, code) for person in lookup.persons)
    return Disclosed(now, outcomes, {code: len(outcomes)} if held else {})


def together(parts: Iterable[Disclosed]) -> Disclosed:
    """Return what several bites of one lookup disclose, true as of the oldest (R072)."""
    found = tuple(parts)
    held: Counter[str] = Counter()
    for part in found:
        held.update(part.held)
    outcomes = tuple(one for part in found for one in part.outcomes)
    return Disclosed(min(part.as_of for part in found), outcomes, held)


def _outcomes(result: object) -> list[SubjectOutcome] | None:
    # 1: read once, so that what is checked is what is sent.
    if not isinstance(result, LookupResult) or not isinstance(result.outcomes, Iterable):
        return None
    try:
        return list(result.outcomes)
    except Exception:  # noqa: BLE001 - whatever it is, it is no result
        return None


def _as_of(result: object, now: datetime) -> datetime | None:
    # 2
    as_of = getattr(result, "as_of", None)
    if not isinstance(as_of, datetime) or as_of.utcoffset() is None:
        return None
    if not _EARLIEST <= as_of <= now + _SKEW:
        return None
    return min(as_of.astimezone(UTC), now)


def _reference(outcome: object) -> int | None:
    # 3: True is 1 to Python.
    if not isinstance(outcome, SubjectOutcome) or type(outcome.reference) is not int:
        return None
    return outcome.reference


def _person(
    line: int,
    resource: Resource,
    person: Subject,
    found: list[SubjectOutcome],
    names: str,
    readings: Sequence[Reading],
) -> PersonOutcome:
    if len(found) != 1:  # 4
        raise _HeldError("OUTCOME_TWICE" if found else "OUTCOME_MISSING")
    (outcome,) = found
    records = _records(outcome)  # 5
    if outcome.kind is OutcomeKind.NOT_ANSWERABLE:
        code = safe_code(outcome.code)  # 6
        if code == UNSAFE:
            raise _HeldError(UNSAFE)
        return _unanswered(line, person, code)
    encoded = tuple(_record(resource, person, record, names, readings) for record in records)
    return PersonOutcome(line, person.reference, outcome.kind, None, encoded)


def _records(outcome: SubjectOutcome) -> list[dict[object, object]]:
    # 5
    try:
        records: list[dict[object, object]] = [dict(one.items()) for one in outcome.records]
    except Exception:  # noqa: BLE001 - as above
        raise _HeldError("OUTCOME_MALFORMED") from None
    kinds = {
        OutcomeKind.FOUND: (True, False),
        OutcomeKind.NOT_FOUND: (False, False),
        OutcomeKind.NOT_ANSWERABLE: (False, True),
    }
    stated = kinds.get(outcome.kind) if isinstance(outcome.kind, OutcomeKind) else None
    if stated != (bool(records), outcome.code is not None):
        raise _HeldError("OUTCOME_MALFORMED")
    return records


def _record(
    resource: Resource,
    person: Subject,
    record: Mapping[object, object],
    names: str,
    readings: Sequence[Reading],
) -> bytes:
    allowed = {one.name for one in readings}
    if any(not isinstance(name, str) or name not in allowed for name in record):  # 7
        raise _HeldError("ITEM_UNASKED")
    try:
        row = {one.key: record.get(one.key) for one in readings}
        (values,) = read_records(resource, readings, [row])  # 8
        _identity(person, values, names)  # 9
        return encode_record(resource, values)  # 10
    except _HeldError:
        raise
    except Exception:  # noqa: BLE001 - it cannot be encoded, or not even be looked at
        raise _HeldError("VALUE_INVALID") from None


def _identity(person: Subject, values: Mapping[str, object], names: str) -> None:
    # 9
    number, id_type, name = (values.get(item) for item in ("id_number", "id_type", "name"))
    if number is not None and id_key(number) != id_key(person.id_number):
        raise _HeldError("RECORD_OF_ANOTHER")
    if id_type is not None and id_type != person.id_type:
        raise _HeldError("RECORD_OF_ANOTHER")
    if name is not None and names != ANSWER and name_key(name) != name_key(person.name):
        raise _HeldError("NAME_MISMATCH")


def _unanswered(line: int, person: Subject, code: str) -> PersonOutcome:
    return PersonOutcome(line, person.reference, OutcomeKind.NOT_ANSWERABLE, code, ())
