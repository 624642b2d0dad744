"""Does a known request come to the known result?

The participant writes the application of the known people, splits their list, reviews the whole as
a hub does, and turns an agency's answer, which comes in the probe, into the rows of a result: with
the rules, the coding and the checks it works with. The hub does the same and compares.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bus.catalog.catalogue import Catalogue
from bus.catalog.versions import Cited
from bus.errors import HeduiError, RefusedError
from bus.flow import review
from bus.flow.answer_check import check_answer, check_whole
from bus.flow.application import Part, compose_application, compose_request, split
from bus.flow.conformance import known_people as known
from bus.flow.conformance.check import Asking, Challenge, ExamRules, Said, differences, result
from bus.flow.result_rows import result_outcomes
from bus.model.messages import Answer, OutcomeKind, PersonOutcome
from bus.model.probe import Figure, Probe, Run, RunResult
from bus.model.request import Application, PartDigest, RequestLine
from bus.wire.bodies import Body, from_avro, schema_of, to_avro
from schemas.loader import SchemaError, decode, encode
from schemas.records import encode_record
from schemas.resources import resources
from signer.envelope.kinds import Kind

NONCE_SIZE = 16
_QUERY = UUID(int=0)
_READERS = (bytes(32),)


@dataclass(frozen=True, slots=True)
class _Written:
    """The known request as it was written: the form, its list in parts, and its lines."""

    application: Application
    parts: tuple[Part, ...]

    @property
    def lines(self) -> tuple[RequestLine, ...]:
        return self.application.request.lines


def ask(asking: Asking) -> Sequence[Challenge]:
    """Return the one challenge: a nonce for the request, and the agency's answer."""
    nonce = asking.entropy(NONCE_SIZE)
    data = nonce + _encoded(Kind.ANSWER, known_answer(_write(nonce)))
    return [Challenge(data, b"", tuple(_work_out(data)))]


def answer(probe: Probe, _verdicts: tuple[str, ...]) -> Said:
    """Answer with what the known request comes to here, or the code of what went wrong."""
    try:
        return Said(b"", tuple(_work_out(probe.data)))
    except HeduiError as error:
        return Said(b"", (error.code,))


def judge(run: Run, _rules: ExamRules) -> RunResult:
    """Digests, counts, findings and rows are the known ones."""
    figures = [Figure("persons", len(known.PERSONS), "")]
    return result(run, "RESULT_DIFFERS", differences(run), figures)


def known_answer(written: _Written) -> Answer:
    """Return what the known agency answers to the known request."""
    resource = resources()[known.ACCOUNT]
    line = next(line for line in written.lines if line.resource == known.ACCOUNT)
    outcomes = []
    for reference in range(1, len(known.PERSONS) + 1):
        records = tuple(encode_record(resource, r) for r in known.RECORDS.get(reference, ()))
        kind, code = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND, None
        if reference == known.UNANSWERABLE:
            kind, code = OutcomeKind.NOT_ANSWERABLE, "ID_NUMBER_INVALID"
        outcomes.append(PersonOutcome(line.line, reference, kind, code, records))
    count = sum(len(outcome.records) for outcome in outcomes)
    return Answer(resource.schema.digest, known.NOW, count, tuple(outcomes))


def _work_out(data: bytes) -> list[str]:
    """Return in words what the known request comes to.

    Raises:
        HeduiError: The answer in the data is not what it should be, or the rules do not take it.
    """
    written = _write(data[:NONCE_SIZE])
    said = [_named("application", _encoded(Kind.APPLICATION, written.application))]
    for part in written.parts:
        said.append(_named("roster", _encoded(Kind.ROSTER, part.roster)))
        said.append(_named("consent", _encoded(Kind.CONSENT, part.consent)))
    said.append(f"persons={sum(len(part.roster.persons) for part in written.parts)}")
    said.append(f"lines={len(written.lines)}")
    said += _findings(written)
    return said + _rows(written, _read_answer(data[NONCE_SIZE:]))


def _write(nonce: bytes) -> _Written:
    catalogue = Catalogue.from_directory(known.DIRECTORY, resources())
    request = compose_request(known.DRAFT, catalogue, _READERS, nonce)
    parts = split(known.DRAFT, request)
    listed = []
    for part in parts:
        for kind, body in ((Kind.ROSTER, part.roster), (Kind.CONSENT, part.consent)):
            named = hashlib.sha256(_encoded(kind, body)).digest()
            listed.append(PartDigest(kind, body.part, named, len(part.roster.persons)))
    return _Written(compose_application(known.DRAFT, request, tuple(listed)), parts)


def _findings(written: _Written) -> list[str]:
    reviewed = review.judge(
        known.PROVINCE,
        written.application,
        [part.roster for part in written.parts],
        [part.consent for part in written.parts],
        Cited(known.DIRECTORY.version, Catalogue.from_directory(known.DIRECTORY, resources())),
        known.DIRECTORY,
        known.NOW,
    )
    counts = Counter(f.code for f in (*reviewed.blocking, *reviewed.doubtful))
    return [f"finding {code}={count}" for code, count in sorted(counts.items())]


def _read_answer(data: bytes) -> Answer:
    try:
        body = from_avro(Kind.ANSWER, decode(schema_of(Kind.ANSWER), data))
    except SchemaError:
        body = None
    if not isinstance(body, Answer):
        raise RefusedError("PROBE_DATA", "检测数据有误", "the data of the test is malformed")
    return body


def _rows(written: _Written, answer: Answer) -> list[str]:
    resource = resources()[known.ACCOUNT]
    everybody = frozenset(range(1, len(known.PERSONS) + 1))
    check_answer(_QUERY, answer, resource, written.lines, everybody)
    check_whole(_QUERY, answer.outcomes, everybody)
    items = {line.line: line.items for line in written.lines}
    outcomes = result_outcomes(resource, answer, items)
    counts = Counter(outcome.outcome for outcome in outcomes)
    rows = [
        "|".join([str(o.line), str(o.reference), o.outcome, o.code or "", *map(str, record)])
        for o in outcomes
        for record in (o.records or ((),))
    ]
    return [f"{kind}={counts[kind]}" for kind in OutcomeKind] + [
        f"rows={len(rows)}",
        _named("result", "\n".join(rows).encode()),
    ]


def _encoded(kind: Kind, body: Body) -> bytes:
    return encode(schema_of(kind), to_avro(body))


def _named(name: str, data: bytes) -> str:
    return f"{name}={hashlib.sha256(data).hexdigest()}"
