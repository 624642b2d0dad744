"""The way of the query through the running network: submitted, followed, fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.demo.agencies import SHANDONG
from adapters.demo.network import Network
from adapters.demo.timeline import Move, moves
from bus.api.application import ApplicationDetail, ApplicationSummary
from bus.api.errors import FindingBody
from bus.api.office import AuditBody
from bus.api.query import HopBody, QueryDetail, QuerySummary
from bus.cli.query import XLSX
from bus.cli.remote import Remote, upload
from bus.cli.tables import progress_text, state_text
from bus.errors import UnavailableError
from bus.flow.lifecycle import ENDED
from bus.model.audit import Event
from bus.model.case import STATE_ZH, QueryState
from bus.model.messages import Finding
from signer.identity import HUB

PURPOSE = "最低生活保障对象认定"
"""What the sample applies for: a result is read for nothing else (R033)."""

_POLL_SECONDS = 0.1
_RECEIPT_SECONDS = 10.0
_PAGE = 1000


class NotDeliveredError(UnavailableError):
    """The query ended without a result, or waits for the hub; `findings` says why."""

    def __init__(self, code: str, zh: str, en: str, findings: Sequence[FindingBody]) -> None:
        super().__init__(code, zh, en, where=HUB)
        self.findings = tuple(Finding(f.code, f.zh, f.en, f.where) for f in findings)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivered query and all that the demo tells of it.

    `result` is the JSON result, `workbook` and `proof` are files' bytes.
    """

    detail: QueryDetail
    hops: tuple[HopBody, ...]
    timeline: tuple[Move, ...]
    result: dict[str, Any]
    workbook: bytes
    proof: bytes


def submit(network: Network, workbook: bytes) -> UUID:
    """Submit a workbook at the asking node.

    Raises:
        RemoteError: It has faults, or does not fit the catalogue.
    """
    with network.operator(SHANDONG) as node:
        found = node.send("POST", "queries", QuerySummary, **upload(workbook, XLSX))
    return found.query


def follow(network: Network, query: UUID) -> QueryDetail:
    """Show every change of a query until it is delivered.

    Raises:
        NotDeliveredError: `QUERY_REFUSED`, `QUERY_CANCELLED`, `QUERY_EXPIRED`, or `REVIEW_WAITS`
            where the hub's operator would have to decide.
        StoppedError, OverdueError, ProcessEndedError: The run ends.
    """
    shown: QueryState | None = None
    with network.remote(SHANDONG) as node, network.remote(HUB) as hub:
        while True:
            detail = node.get(f"queries/{query}", QueryDetail)
            state = detail.summary.state
            network.screen.status(
                f"{state_text(state)}，反馈 {progress_text(detail.summary)}", "answers"
            )
            if state is not shown:
                network.screen.step(*_step(state))
                shown = state
            if state is QueryState.DELIVERED:
                return detail
            if state is QueryState.REFUSED:
                zh, en = "部中心不予受理", "the hub refused the application"
                raise NotDeliveredError("QUERY_REFUSED", zh, en, detail.findings)
            if state in ENDED:
                zh, en = f"查询{STATE_ZH[state]}", f"the query is {state}"
                raise NotDeliveredError(f"QUERY_{state}", zh, en, detail.findings)
            if state is QueryState.SUBMITTED:
                _check_review(network, hub, query)
            network.tend()
            network.watch.pause(_POLL_SECONDS)
            network.check()


def fetch(network: Network, query: UUID, detail: QueryDetail) -> Delivered:
    """Fetch timeline, result and proof of a delivered query.

    Raises:
        RemoteError, UnavailableError: A daemon does not give them.
        StoppedError, OverdueError, ProcessEndedError: The run ends.
    """
    network.screen.status("取回结果与证明", "fetching result and proof")
    _await_receipt(network, query)
    audits = {centre: _audit(network, centre, query) for centre in network.state.centres}
    with network.operator(SHANDONG) as node:
        hops = node.get(f"queries/{query}/timeline", tuple[HopBody, ...])
        result = node.get(f"queries/{query}/result", dict[str, Any], purpose=PURPOSE)
        workbook = node.content("GET", f"queries/{query}/result.xlsx", purpose=PURPOSE)
        proof = node.content("GET", f"queries/{query}/proof")
    network.screen.step("结果与证明已取回", "result and proof fetched")
    titles = {line["resource"]: line["title"] for line in result["lines"]}
    return Delivered(
        detail=detail,
        hops=hops,
        timeline=moves(hops, audits, titles, network.acts, accepted=True),
        result=result,
        workbook=workbook,
        proof=proof,
    )


def _step(state: QueryState) -> tuple[str, str]:
    return {
        QueryState.SUBMITTED: ("山东已提交申请，等待部中心形式审查", "submitted, awaiting review"),
        QueryState.ACCEPTED: ("部中心已受理", "accepted by the hub"),
        QueryState.STARTED: ("查询指令已下达", "orders given"),
        QueryState.PARTLY_ANSWERED: ("机构陆续反馈", "answers arriving"),
        QueryState.ANSWERED: ("全部反馈", "all answers are here"),
        QueryState.DELIVERED: ("全部反馈已签收", "all answers received and receipted"),
    }.get(state, (state_text(state), ""))


def _check_review(network: Network, hub: Remote, query: UUID) -> None:
    """Notice an application that waits for an operator, of whom the demo has none."""
    waiting = hub.get("applications", tuple[ApplicationSummary, ...], state="UNDER_REVIEW")
    if any(one.query == query and one.findings for one in waiting):
        with network.operator(HUB) as reviewer:
            found = reviewer.get(f"applications/{query}", ApplicationDetail)
        zh, en = (
            "形式审查有意见，须由操作员决定",
            "the review has findings; an operator must decide",
        )
        raise NotDeliveredError("REVIEW_WAITS", zh, en, found.findings)


def _await_receipt(network: Network, query: UUID) -> None:
    """Wait until the receipt has reached the hub, so that its way is told too; not for ever."""
    end = network.watch.seconds + _RECEIPT_SECONDS
    while network.watch.seconds < end:
        events = [entry.event for entry in _audit(network, HUB, query)]
        if Event.QUERY_DELIVERED in events:
            return
        network.watch.pause(_POLL_SECONDS)
        network.check()


def _audit(network: Network, centre: str, query: UUID) -> list[AuditBody]:
    """Return a centre's audit entries about a query."""
    entries: list[AuditBody] = []
    with network.remote(centre) as remote:
        while True:
            after = entries[-1].number if entries else 0
            page = remote.get("audit", tuple[AuditBody, ...], after=after, limit=_PAGE)
            entries += page
            if len(page) < _PAGE:
                return [entry for entry in entries if entry.query == query]
