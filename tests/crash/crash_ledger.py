"""The account kept outside the daemons: what was asked must have ended, everywhere, once.

*Lost*: an application that was taken and not delivered, a person without an outcome of an agency
that must give one, a line that is missing in somebody's books. *Twice*: any of these two times, in
a result, a case or an audit chain, or as two messages on a topic; and any line that has no business
there, such as a refusal.

A participant whose store was set back does not know what it sent meanwhile. What it makes anew is
refused by whoever has the first, and that much is excused: a refusal has no effect but to be kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial

from crash_books import Books, due_lines, due_rows
from crash_load import OPERATOR, Asked, Load, holdings
from crash_site import PATIENCE, Site, wait_until
from crash_wire import Onlooker

from bus.model.audit import Event
from bus.model.case import CaseRole
from bus.ports.store import AuditEntry

_PAGE = 1000
_OF_REFUSALS = (Event.PROBLEM_SENT, Event.PROBLEM_RECEIVED)


@dataclass
class Account:
    """How it stands: what there was, and every fault in words.

    Attributes:
        copies: Records on the topics that repeated an earlier one.
        refused: Records that a participant refused and kept.
    """

    queries: int = 0
    persons: int = 0
    answers: int = 0
    copies: int = 0
    refused: int = 0
    chains: int = 0
    broken: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Every fault."""
        return [*self.lost, *self.twice, *(f"{name}: audit chain" for name in self.broken)]

    def compare(
        self, where: str, found: Mapping[Hashable, int], due: Mapping[Hashable, int]
    ) -> None:
        """Note what is missing and what is there too often."""
        found, due = Counter(found), Counter(due)
        self.lost += [f"{where}: {what}" for what in (due - found).elements()]
        self.twice += [f"{where}: {what}" for what in (found - due).elements()]


class Ledger:
    """Compares what was asked with what everybody's books, the results and the topics say."""

    def __init__(self, site: Site, load: Load, onlooker: Onlooker) -> None:
        self._site, self._load, self._onlooker = site, load, onlooker
        self._checked = 0
        self._copies = 0
        self._refused = 0

    def await_end(self, limit: float = PATIENCE) -> None:
        """Wait until every query has ended at everybody."""
        wait_until(self._load.all_delivered, "every query is delivered", limit)
        for name in self._site.daemons:
            wait_until(partial(self._ended, name), f"every query has ended at {name}", limit)

    def check(self, restored: str | None = None) -> Account:
        """Check what was asked since the last check; audit chains and topics as a whole.

        Args:
            restored: A participant whose store was set back since.
        """
        account = Account()
        self._onlooker.look()
        account.copies = self._onlooker.copies - self._copies
        self._copies = self._onlooker.copies
        account.twice += self._onlooker.twice(restored)
        fresh, self._checked = self._load.asked[self._checked :], len(self._load.asked)
        self._check_taken(account)
        for asked in fresh:
            self._check_result(account, asked)
        everybody = asyncio.run(self._read())
        for books in everybody:
            account.chains += books.whole
            account.broken += [] if books.whole else [books.name]
            for asked in fresh:
                _check_books(account, books, asked, restored)
        refused = sum(books.refused for books in everybody)
        account.refused, self._refused = max(0, refused - self._refused), refused
        if restored is None:
            account.twice += ["a record was refused"] * account.refused
        return account

    def _ended(self, name: str) -> bool:
        return asyncio.run(self._books(name, audit=False)).ended(len(self._load.asked))

    def _check_taken(self, account: Account) -> None:
        taken = {tag: len(queries) for tag, queries in self._load.taken().items()}
        due = {asked.tag: 1 for asked in self._load.asked}
        account.compare("taken", taken, due)

    def _check_result(self, account: Account, asked: Asked) -> None:
        account.queries += 1
        account.persons += asked.persons
        answers = self._load.result(asked.known)["answers"]
        account.answers += len(answers)
        found = Counter(
            (answer["provider"], answer["resource"], outcome["reference"])
            for answer in answers
            for outcome in answer["outcomes"]
        )
        references = range(1, asked.persons + 1)
        due = {(*held, reference): 1 for held in holdings() for reference in references}
        account.compare(f"result, {asked.tag}", found, due)

    async def _read(self, *, audit: bool = True) -> list[Books]:
        return [await self._books(name, audit=audit) for name in self._site.daemons]

    async def _books(self, name: str, *, audit: bool) -> Books:
        store = self._site.store(name)
        await store.open()
        try:
            async with store.transaction() as unit:
                tally = await unit.tally()
                cases = [case for role in CaseRole for case in await unit.cases(role)]
                entries: list[AuditEntry] = []
                while audit:
                    page = await unit.audit(entries[-1].number if entries else 0, _PAGE)
                    if not page:
                        break
                    entries += page
        finally:
            await store.close()
        return Books(name, cases, entries, tally.unsent + tally.held, tally.quarantined)


def _check_books(account: Account, books: Books, asked: Asked, restored: str | None) -> None:
    where = f"{books.name}, {asked.tag}"
    noted, due = books.noted(asked.known), due_lines(books.name, OPERATOR)
    if restored is not None:
        for line in [*noted]:
            if line[0] in _OF_REFUSALS:
                del noted[line]
    if restored == books.name:
        for line in [*due]:
            # It answered before it was set back; the receipt says so, its own chain cannot.
            if line[0] == Event.ANSWER_SENT and line not in noted:
                del due[line]
    account.compare(where, noted, due)
    account.compare(where, books.owed(asked.known), due_rows(books.name))
