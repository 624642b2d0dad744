"""How the outcomes of a list rest until they are sent: as an `Answer` under the store key.

The context of the seal names the task, so that no row of the database can be put in another's
place.
"""

from __future__ import annotations

from adapters.contract import Record, SourcePendingError, SubjectOutcome
from adapters.template.read import FilledList
from bus.errors import DefectError, HeduiError
from bus.model.messages import Answer, PersonOutcome
from bus.model.returns import ReturnedAnswer, TaskKey
from bus.wire.bodies import from_avro, schema_of, to_avro
from schemas.loader import decode, encode
from schemas.records import decode_record, encode_record
from schemas.resources import Resource
from signer.envelope.kinds import Kind
from signer.storekey import StoreKey

_LABEL = b"hedui/returned/1"
_MOST = 1 << 20
"""Outcomes and records of one task, at most."""


def seal(store_key: StoreKey, key: TaskKey, resource: Resource, filled: FilledList) -> bytes:
    """Return the outcomes of a task as they rest.

    Raises:
        SchemaError: A record is not of the resource.
    """
    outcomes = tuple(_written(key.line, resource, one) for one in filled.outcomes)
    records = sum(len(one.records) for one in outcomes)
    answer = Answer(resource.schema.digest, filled.as_of, records, outcomes)
    return store_key.wrap(encode(schema_of(Kind.ANSWER), to_avro(answer)), _context(key))


def opened(
    store_key: StoreKey, kept: ReturnedAnswer, resource: Resource
) -> tuple[SubjectOutcome, ...]:
    """Return the outcomes of a task that rest.

    Raises:
        SourcePendingError: `RETURN_OF_OLDER_SCHEMA`: the resource has changed since.
        DefectError: `RETURN_DAMAGED`: they no longer open.
    """
    try:
        payload = decode(
            schema_of(Kind.ANSWER), store_key.unwrap(kept.sealed, _context(kept.key)), _MOST
        )
        body = from_avro(Kind.ANSWER, payload)
    except HeduiError as error:
        raise DefectError(
            "RETURN_DAMAGED",
            "已回收的结果无法打开",
            "what was taken back no longer opens",
            remedy_zh="请核对数据库与存储密钥，或重新导入",
            remedy_en="Check that database and store key belong together, or import it again",
            where=f"{kept.resource}: {error.code}",
        ) from None
    if not isinstance(body, Answer) or body.record_schema != resource.schema.digest:
        raise SourcePendingError(
            "RETURN_OF_OLDER_SCHEMA",
            "回收后信息资源的模式已更换",
            "the resource's schema has changed since it was taken back",
            remedy_zh="请重新发出清单",
            remedy_en="Hand the list out again",
            where=resource.name,
        )
    return tuple(_read(resource, one) for one in body.outcomes)


def _written(line: int, resource: Resource, outcome: SubjectOutcome) -> PersonOutcome:
    records = tuple(encode_record(resource, record) for record in outcome.records)
    return PersonOutcome(line, outcome.reference, outcome.kind, outcome.code, records)


def _read(resource: Resource, outcome: PersonOutcome) -> SubjectOutcome:
    records: list[Record] = [decode_record(resource, record) for record in outcome.records]
    return SubjectOutcome(outcome.reference, outcome.outcome, outcome.code, tuple(records))


def narrowed(outcome: SubjectOutcome, items: frozenset[str]) -> SubjectOutcome:
    """Return an outcome whose records hold these items only."""
    records = tuple(
        {name: value for name, value in record.items() if name in items}
        for record in outcome.records
    )
    return SubjectOutcome(outcome.reference, outcome.kind, outcome.code, records)


def _context(key: TaskKey) -> bytes:
    return _LABEL + key.order + key.part.to_bytes(4) + key.line.to_bytes(4)
