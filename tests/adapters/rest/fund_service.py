"""A fund centre's service as the tests have it: its mapping, what it holds, and moved time."""

from __future__ import annotations

from typing import Any

from rest_site import Asked, reply

WITHDRAWALS: dict[str, Any] = {
    "name": "housing-fund-withdrawal",
    "path": "withdrawals/query",
    "batch": 100,
    "body": {"persons": "{persons}", "from": "{time_from}", "to": "{time_to}"},
    "person": {"zjhm": "{id_number}"},
    "records": "$.data[*]",
    "count": "$.total",
    "ok": {"path": "$.code", "equals": 0},
    "id_number": "zjhm",
    "id_type": "zjlx",
    "person_name": "xm",
    "columns": {
        "name": "xm",
        "id_type": "zjlx",
        "id_number": "zjhm",
        "account": "zh",
        "amount": "$.tq.je",
        "withdrawn_on": "$.tq.rq",
        "reason": "$['tq']['yy']",
    },
    "not_held": ["paid_to"],
}

SINGLE: dict[str, Any] = {
    "batch": 1,
    "body": {"zjhm": "{id_number}"},
    "person": None,
}
"""Changes that make it one request for each person."""


class Fund:
    """What the service holds: records by number, answered as the mapping expects."""

    def __init__(self, service) -> None:
        self.service = service
        self.held: dict[str, list[dict[str, Any]]] = {}
        service.answer = self.answer

    def add(self, number: str, **values: Any) -> dict[str, Any]:
        withdrawal = {"je": "1200.50", "rq": "2024-06-15", "yy": "购房"}
        withdrawal |= {key: values.pop(key) for key in tuple(values) if key in withdrawal}
        record = {"zjhm": number, "zjlx": "111", "xm": "测试1", "zh": "001", "tq": withdrawal}
        record |= values
        self.held.setdefault(number, []).append(record)
        return record

    def records_for(self, asked: Asked) -> list[dict[str, Any]]:
        document = asked.json
        people = document.get("persons") or [document]
        return [record for one in people for record in self.held.get(one["zjhm"], [])]

    def answer(self, asked: Asked):
        records = self.records_for(asked)
        return reply({"code": 0, "total": len(records), "data": records})


class Waits:
    """Stands in for sleeping: keeps how long was slept, and moves the clock."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
