"""What a query package holds, as bytes and back: the task, the list, the authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from adapters.template.task import ListTask, Token
from bus.model.request import Person
from bus.model.returns import TaskKey
from schemas.loader import SchemaError, decode, encode, load
from signer.medium.failures import MediumError

_TASK = load("medium/task.v1")
_QUERY = load("medium/query.v1")
_RETURN = load("medium/return.v1")


@dataclass(frozen=True, slots=True)
class QueryContents:
    """The contents of a QUERY; `received` is when the adapter received the envelope, UTC."""

    task: ListTask
    workbook: bytes
    envelope: bytes
    received: datetime
    directory: Mapping[str, bytes]


def query_bytes(contents: QueryContents) -> bytes:
    """Return the contents of a QUERY as bytes."""
    ordered = sorted(contents.directory.items(), key=lambda item: item[0].encode())
    return encode(
        _QUERY,
        {
            "task": encode(_TASK, _task_datum(contents.task)),
            "workbook": contents.workbook,
            "envelope": contents.envelope,
            "received": contents.received,
            "directory": [{"key": key, "record": record} for key, record in ordered],
        },
    )


def read_query(data: bytes, list_id: UUID) -> QueryContents:
    """Read the contents of a QUERY.

    Args:
        data: The bytes.
        list_id: The package's id, which is the list's.

    Raises:
        MediumError: `MEDIUM_MALFORMED`.
    """
    datum = _decoded(_QUERY, data)
    task = _task(_decoded(_TASK, datum["task"]), list_id)
    directory = MappingProxyType({x["key"]: x["record"] for x in datum["directory"]})
    return QueryContents(task, datum["workbook"], datum["envelope"], datum["received"], directory)


def return_bytes(workbook: bytes) -> bytes:
    """Return the contents of a RETURN as bytes."""
    return encode(_RETURN, {"workbook": workbook})


def read_return(data: bytes) -> bytes:
    """Return the filled workbook of a RETURN's contents.

    Raises:
        MediumError: `MEDIUM_MALFORMED`.
    """
    workbook: bytes = _decoded(_RETURN, data)["workbook"]
    return workbook


def _task_datum(task: ListTask) -> dict[str, Any]:
    key = task.token.key
    return {
        "query": task.query.bytes,
        "order": key.order,
        "part": key.part,
        "line": key.line,
        "requester": task.requester,
        "requester_title": task.requester_title,
        "provider": task.provider,
        "provider_title": task.provider_title,
        "business": task.business,
        "purpose": task.purpose,
        "resource": task.resource,
        "items": list(task.items),
        "time_from": task.time_from,
        "time_to": task.time_to,
        "due": task.due,
        "issued": task.issued,
        "persons": [asdict(person) for person in task.persons],
    }


def _task(datum: Any, list_id: UUID) -> ListTask:
    key = TaskKey(datum["order"], datum["part"], datum["line"])
    return ListTask(
        token=Token(key, list_id),
        query=UUID(bytes=datum["query"]),
        requester=datum["requester"],
        requester_title=datum["requester_title"],
        provider=datum["provider"],
        provider_title=datum["provider_title"],
        business=datum["business"],
        purpose=datum["purpose"],
        resource=datum["resource"],
        items=tuple(datum["items"]),
        time_from=datum["time_from"],
        time_to=datum["time_to"],
        due=datum["due"],
        issued=datum["issued"],
        persons=tuple(Person(**person) for person in datum["persons"]),
    )


def _decoded(schema: Any, data: bytes) -> Any:
    try:
        return decode(schema, data)
    except SchemaError:
        raise MediumError("MEDIUM_MALFORMED") from None
