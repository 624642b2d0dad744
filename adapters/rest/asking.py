"""What comes of one lookup: batches, pages, halves, and whose a record is."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.contract import Lookup, PersonFaultError, Subject
from adapters.judge import Row
from adapters.numbers import id_key, plain_number
from adapters.rest.client import Service
from adapters.rest.faults import BatchFaultError, invalid
from adapters.rest.mapping import RestResource
from adapters.rest.paths import ABSENT, ValuePath
from adapters.rest.reply import Reply
from adapters.rest.request import call_of
from adapters.rest.response import Answer, AnswerReader
from adapters.rows import Found
from adapters.values import instant_of

MOST_HALVINGS = 64
"""How often, in one lookup, a refused batch is asked again in halves to find out who is why."""

THREAD_BYTES = 262_144
"""A larger answer is read beside the event loop."""

_MASKED = re.compile(r"[*#•●×…?]|XXX")
"""What stands where a service hides a part of a number."""


@dataclass
class Asking:
    """One lookup under way."""

    entry: RestResource
    lookup: Lookup
    paths: Mapping[str, ValuePath | None]
    reader: AnswerReader
    service: Service
    found: Found = field(default_factory=Found)
    halvings: int = MOST_HALVINGS

    async def ask(self, persons: Sequence[Subject]) -> None:
        """Ask about some persons in one request, or in halves where that may do."""
        try:
            answer = await self._answer(persons)
            self._take(persons, answer)
        except BatchFaultError as fault:
            if not self._may_halve(persons, fault):
                self._fail(persons, fault)
                return
            half = len(persons) // 2
            await self.ask(persons[:half])
            await self.ask(persons[half:])
        except PersonFaultError as fault:
            self._fail(persons, fault)

    async def _answer(self, persons: Sequence[Subject]) -> Answer:
        """Return the whole answer, all pages of it."""
        paging = self.entry.paging
        if paging is None:
            answer, _ = await self._page(persons, None)
            if answer.count is not None and answer.count != len(answer.records):
                raise self._incomplete()
            return answer
        records: list[Mapping[str, object]] = []
        size, previous = 0, Answer((), None)
        for number in range(paging.most):
            page, length = await self._page(persons, paging.first + number)
            size += length
            same = page.records and page.records == previous.records
            moved = number and page.count != previous.count
            total = page.count or 0
            records += page.records
            # A service that pays no heed to the number sends the first page for ever.
            if same or moved or len(records) > total:
                raise self._incomplete()
            if len(records) == total:
                return Answer(records, total, page.as_of)
            if not page.records:
                raise self._incomplete()
            if size > self.service.max_answer_bytes:
                break
            previous = page
        raise BatchFaultError(
            "RECORDS_TOO_MANY",
            "数据源的应答页数过多",
            "the source's answer has too many pages",
            where=self.entry.place,
        )

    async def _page(self, persons: Sequence[Subject], page: int | None) -> tuple[Answer, int]:
        call = call_of(self.entry, self.lookup, persons, page)
        reply = await self.service.ask(call, self.entry.place)
        return await self._read(reply), len(reply.content)

    async def _read(self, reply: Reply) -> Answer:
        if len(reply.content) <= THREAD_BYTES:
            return self.reader.read(reply)
        return await asyncio.to_thread(self.reader.read, reply)

    def _take(self, persons: Sequence[Subject], answer: Answer) -> None:
        """Sort the records by person; all of them or, where one is of nobody, none."""
        asked = {plain_number(one.id_number): id_key(one.id_number) for one in persons}
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        failed: dict[str, str] = {}
        unasked = 0
        for record in answer.records:
            number = asked.get(self._number(record, persons))
            if number is None:
                unasked += 1
                continue
            missing = self._missing(record)
            if missing is None:
                rows[number].append(self._row(record, number))
            else:
                failed[number] = missing
        self._note(asked.values(), rows, failed, unasked)
        self._note_as_of(answer)

    def _note(
        self,
        numbers: Collection[str],
        rows: Mapping[str, list[Row]],
        failed: Mapping[str, str],
        unasked: int,
    ) -> None:
        found = self.found
        for number, own in rows.items():
            known = list(found.rows[number])
            # Asked again under another name or ID type, a service may repeat what it said.
            found.rows[number] += [row for row in own if row not in known]
        for number, column in failed.items():
            found.failed[number] = "COLUMN_MISSING"
            found.places[number] = f"{self.entry.place}.{column}"
        found.unasked += unasked
        if unasked and not self.entry.returns_others:
            # It did not answer this question: what it left out is not known not to be there.
            for number in numbers:
                if number not in rows and number not in failed:
                    found.failed[number] = "SOURCE_ANSWERS_OTHERS"

    def _note_as_of(self, answer: Answer) -> None:
        """Keep the oldest as-of time; one that cannot be read stays, and is refused (R072)."""
        told, known = answer.as_of, self.found.as_of
        if told is None or known == "":
            return
        try:
            moment = instant_of(told)
        except ValueError:
            self.found.as_of = ""
            return
        if known is None or moment < instant_of(known):
            self.found.as_of = moment

    def _number(self, record: Mapping[str, object], persons: Sequence[Subject]) -> str:
        path = self.paths[self.entry.id_number]
        if path is None:
            return plain_number(persons[0].id_number)
        number = plain_number(path.find(record))
        if not number or _MASKED.search(number):
            raise invalid(f"{self.entry.place}.{self.entry.id_number}")
        return number

    def _missing(self, record: Mapping[str, object]) -> str | None:
        """Return a column that a record has not: its value is not known to be none."""
        if self.entry.absent_is_null:
            return None
        for column, path in self.paths.items():
            if path is not None and path.find(record) is ABSENT:
                return column
        return None

    def _row(self, record: Mapping[str, object], number: str) -> Row:
        row: dict[str, object] = {}
        for column, path in self.paths.items():
            value = number if path is None else path.find(record)
            row[column] = None if value is ABSENT else value
        return row

    def _may_halve(self, persons: Sequence[Subject], fault: BatchFaultError) -> bool:
        if len(persons) == 1:
            return False
        if fault.code == "SOURCE_REFUSED":
            self.halvings -= 1
            return self.halvings >= 0
        return True

    def _fail(self, persons: Sequence[Subject], fault: PersonFaultError) -> None:
        for person in persons:
            number = id_key(person.id_number)
            self.found.failed[number] = fault.code
            self.found.places[number] = fault.where

    def _incomplete(self) -> PersonFaultError:
        return PersonFaultError(
            "SOURCE_ANSWER_INCOMPLETE",
            "数据源的应答不完整：记录数与其自报的总数不符",
            "the source's answer is incomplete: it counts other than it holds",
            where=f"{self.entry.place}.count",
        )
