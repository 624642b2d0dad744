"""The country of the stories: four provinces' worth of participants, and what its people do."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Self
from uuid import UUID

from adapters.country.agreement import Held, disagreements, held
from adapters.country.books import audited
from adapters.country.country import Country, make_country, offers
from adapters.country.people import application, household
from adapters.country.source import SourceRow, TableConnector
from adapters.demo.stories.account import Account, Chain, Check, Entry, Holding
from bus.errors import DefectError, HeduiError
from bus.model.case import Case, CaseRole, QueryState
from bus.model.request import Draft, DraftLine, DraftPerson
from bus.rules.review_policy import ReviewPolicy
from bus.rules.working_days import SHANGHAI, local_date
from signer.directory.view import Standing
from signer.identity import HUB
from signer.proof.failures import CHECKS
from signer.proof.verify import verify

SHANDONG, JIANGSU, CHONGQING = "370000", "320000", "500000"
TAIZHOU = "321200"
MARRIAGE = "hub.marriage"
JIANGSU_FUND, CHONGQING_FUND = "320000.housing-fund", "500000.housing-fund"
TAIZHOU_HOUSING = "321200.housing-bureau"

TITLES = {
    HUB: "部中心",
    SHANDONG: "山东省核对中心",
    JIANGSU: "江苏省核对中心",
    CHONGQING: "重庆市核对中心",
    TAIZHOU: "泰州市核对中心",
    MARRIAGE: "部婚姻登记库",
    JIANGSU_FUND: "江苏住房公积金",
    CHONGQING_FUND: "重庆住房公积金",
    TAIZHOU_HOUSING: "泰州市住房保障部门",
}
"""Every participant, with its title."""

_PARENTS = {
    HUB: None,
    SHANDONG: HUB,
    JIANGSU: HUB,
    CHONGQING: HUB,
    MARRIAGE: HUB,
    TAIZHOU: JIANGSU,
    JIANGSU_FUND: JIANGSU,
    CHONGQING_FUND: CHONGQING,
    TAIZHOU_HOUSING: TAIZHOU,
}
_OFFERED = {
    MARRIAGE: offers(("marriage-registration",), 3),
    JIANGSU_FUND: offers(("housing-fund-account",), 5),
    CHONGQING_FUND: offers(("housing-fund-account",), 5),
    TAIZHOU_HOUSING: offers(("urban-housing-security",), 7),
}

OPERATOR = "王经办"
"""Who acts at the requesting node."""

PURPOSE = "最低生活保障对象认定"
"""What everything is asked for, and so what a result may be read for."""

REVIEWER = "李审查"
"""Who reviews at the hub."""

FUND_2025 = DraftLine(1, JIANGSU, "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31))
"""江苏 is asked for the housing-fund accounts of 2025."""

MARRIAGES = DraftLine(2, HUB, "marriage", (), None, None)
"""部中心 is asked for the latest marriage records."""


def at(day: str, hour: int = 9, minute: int = 0) -> datetime:
    """Return an instant by its local date, as ISO 8601, and time of day."""
    return datetime.combine(date.fromisoformat(day), time(hour, minute), SHANGHAI)


@dataclass
class Stage:
    """A country, and the account of what is done in it."""

    country: Country
    account: Account

    @classmethod
    async def open(
        cls, account: Account, begins: datetime, suite: str, policy: ReviewPolicy
    ) -> Self:
        """Put the country together and start it.

        Args:
            account: Where to tell what happens.
            begins: The instant the clock stands at first.
            suite: The suite of the messages.
            policy: How the hub reviews.
        """
        country = make_country(
            _PARENTS,
            _OFFERED,
            begins,
            titles=TITLES,
            policy=policy,
            suite=suite,
            log=io.StringIO(),
        )
        await country.start()
        return cls(country, account)

    async def close(self) -> None:
        """Stop the country."""
        await self.country.stop()

    @property
    def now(self) -> datetime:
        """The instant the clock stands at."""
        return self.country.clock.now()

    def tell(self, who: str, zh: str, en: str, *requirements: str, post: str = "") -> None:
        """Tell what somebody did, now.

        Args:
            who: A participant's id.
            zh: What, in Chinese.
            en: What, in English.
            requirements: The statements it follows.
            post: Who of its staff did it; empty where the system did by itself.
        """
        name = TITLES[who] + (f" {post}" if post else "")
        self.account.course.append(Entry(self.now, name, zh, en, requirements))

    async def until(self, instant: datetime) -> None:
        """Let time pass; every daemon does what falls due."""
        await self.country.advance(instant)

    async def settle(self) -> None:
        """Let everything that is on its way arrive."""
        await self.country.settle()

    async def stand(self, participant: str, standing: Standing) -> None:
        """Have the hub list a participant in another standing from now on."""
        await self.country.stand(participant, standing)
        await self.settle()

    def draft(self, households: Sequence[int], lines: Sequence[DraftLine], authority: str) -> Draft:
        """Return an application of today about invented households of three.

        Args:
            households: Their numbers.
            lines: What is asked of whom.
            authority: The authority that entrusted the check.
        """
        today = local_date(self.now)
        people = [p for n in households for p in household(n, 3, date(2026, 1, 5))]
        return application(people, lines, today, authority)

    def hold(self, agency: str, person: DraftPerson, balance: str) -> None:
        """Let an agency's table hold a housing-fund account of a person."""
        row: SourceRow = {
            "name": person.name,
            "id_type": person.id_type,
            "id_number": person.id_number,
            "status": "正常",
            "balance": Decimal(balance),
            "account": f"9900{person.id_number[-6:-1]}",
            "opened_on": date(2019, 6, 3),
            "monthly_deposit": Decimal("860.00"),
        }
        rows = self.source(agency).rows
        rows.setdefault(("housing-fund-account", person.id_number), []).append(row)

    def source(self, agency: str) -> TableConnector:
        """Return the table an agency answers from."""
        source = self.country[agency].connector
        if source is None:
            raise DefectError("NOT_AN_AGENCY", "不是提供机构", "not an agency", where=agency)
        return source

    async def submit(self, draft: Draft, name: str, node: str = SHANDONG) -> UUID:
        """Submit a draft in the operator's name, and let it travel as far as it gets by itself.

        Args:
            draft: The application.
            name: What the account calls the query.
            node: Who asks.

        Returns:
            The query's id.
        """
        case = await self.country[node].service.submit(draft, OPERATOR)
        self.account.queries[case.query] = name
        await self.settle()
        return case.query

    async def case(self, name: str, query: UUID, role: CaseRole) -> Case | None:
        """Return what a participant holds of a query in a capacity, or None."""
        async with self.country[name].store.transaction() as unit:
            return await unit.case(query, role)

    async def state(self, query: UUID, node: str = SHANDONG) -> QueryState | None:
        """Return how a query stands at whoever asked."""
        case = await self.case(node, query, CaseRole.REQUESTER)
        return None if case is None else case.state

    def check(self, zh: str, en: str, *, passed: bool, detail: Sequence[str] = ()) -> None:
        """Put a check of the story's own into the account."""
        self.account.checks.append(Check(zh, en, passed, tuple(detail)))

    async def conclude(self) -> None:
        """Write down what everybody holds and the audit says; check what is so of any story."""
        differing: list[str] = []
        for query in self.account.queries:
            cases = await held(self.country, query)
            self.account.holdings += [_holding(one) for one in cases]
            differing += [f"{one.zh} / {one.en}" for one in disagreements(query, cases)]
        self.check(
            "各方所持状态、应办事项与反馈一致",
            "all participants hold the same state, rows and answers",
            passed=not differing,
            detail=differing,
        )
        books = await audited(self.country, *self.account.queries)
        for book in books:
            walked = book.walked
            self.account.chains.append(
                Chain(
                    book.participant,
                    TITLES[book.participant],
                    0 if walked is None else walked.entries,
                    0 if walked is None else walked.heads,
                    book.whole,
                    dict(sorted(book.events.items())),
                )
            )
        broken = [TITLES[b.participant] + b.broken for b in books if not b.whole]
        self.check(
            "每一方的审计链完整，签名可追溯至根证书",
            "every audit chain is whole, its signatures trace to the root",
            passed=not broken,
            detail=broken,
        )
        unclear = [TITLES[b.participant] for b in books if not b.clear]
        self.check(
            "没有被隔离、滞留或未发出的消息",
            "nothing is quarantined, parked or unsent",
            passed=not unclear,
            detail=unclear,
        )
        await self._prove()

    async def _prove(self) -> None:
        """Export the proof of each query and verify it as anybody could, by the root alone.

        What the hub never decided has none: its province refused it, or it was withdrawn before.
        """
        for query, name in self.account.queries.items():
            asking = [h for h in self.account.holdings if h.query == query]
            node = next(h.participant for h in asking if h.role is CaseRole.REQUESTER)
            case = await self.case(node, query, CaseRole.REQUESTER)
            if case is None or case.decision is None:
                continue
            detail: tuple[str, ...] = ()
            try:
                proof = await self.country[node].service.proof(query, OPERATOR)
                verify(proof, self.country.validator())
            except HeduiError as error:
                detail = (f"{error.code} {error.zh} / {error.en}",)
            self.check(
                f"{name}的证明通过全部 {len(CHECKS)} 项核验",
                f"its proof passes all {len(CHECKS)} checks",
                passed=not detail,
                detail=detail,
            )


def _holding(one: Held) -> Holding:
    case = one.case
    counts: dict[str, int] = {}
    for row in case.rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    codes = [row.code for row in case.rows if row.code]
    codes += [finding.code for finding in case.findings]
    return Holding(
        case.query,
        one.participant,
        TITLES[one.participant],
        case.role,
        case.state,
        counts,
        tuple(dict.fromkeys(codes)),
    )
