"""What is asked of the network, and what is measured meanwhile.

Times are the daemons' own, to the millisecond: a query is opened when the requester takes its
application and delivered when it has the last answer. All processes share one machine's clock.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from bench_network import REQUESTER, BenchNetwork, Stage
from bench_people import AGENCY, PROVINCE, Someone, application
from bench_usage import Usage, machine_busy

from bus.api.query import HopBody, QueryDetail, QuerySummary
from bus.cli.remote import Remote, upload
from bus.http.bodies import JSON
from bus.model.case import QueryState
from signer.envelope.kinds import Kind
from signer.identity import HUB

PURPOSE = "最低生活保障对象认定"
POLL_SECONDS = 0.1
LATENCY = "latency"
"""The workload whose queries go one at a time."""

LEGS = (
    "requester → hub",
    "hub, review → province",
    "province → agency, lookup",
    "agency → province",
    "province → hub",
    "hub → requester",
)


class WrongResultError(Exception):
    """A query ended otherwise than with everybody's account: the measurement is worth nothing."""


@dataclass(frozen=True, slots=True)
class Workload:
    """`queries` of `persons` each in a round, at most `in_flight` at a time."""

    name: str
    persons: int
    queries: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Query:
    """One query: from the call to the delivery, and what its hops took; seconds."""

    opened: datetime
    delivered: datetime
    latency: float
    legs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a workload's queries, run once.

    `before`, `after` and `stages` are by process. `others` is how many cores were busy with what is
    not this network, on average: the figure that says whether the machine was quiet. `result` is
    the last query's.
    """

    queries: tuple[Query, ...]
    before: Mapping[str, Usage]
    after: Mapping[str, Usage]
    stages: Mapping[str, Stage]
    others: float
    result: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """From the first query's opening to the last one's delivery."""
        first = min(query.opened for query in self.queries)
        return (max(query.delivered for query in self.queries) - first).total_seconds()


class Bench:
    """Runs workloads, one after the other, on a running network."""

    def __init__(self, network: BenchNetwork, everybody: Sequence[Someone]) -> None:
        self._network = network
        self._everybody = everybody
        self._asked = 0

    def run(self, workload: Workload) -> Round:
        """Run a workload and check its results."""
        network = self._network
        bodies = self._bodies(workload)
        stages = network.stages()
        network.forget_peaks()
        before, busy, began = network.usages(), machine_busy(), time.monotonic()
        with network.operator(REQUESTER) as node:
            called = self._ask(node, bodies, workload.in_flight)
            network.settle(self._asked)
            after = network.usages()
            ours = sum(now.cpu - before[name].cpu for name, now in after.items())
            others = (machine_busy() - busy - ours) / (time.monotonic() - began)
            spent = {role: _since(stages[role], found) for role, found in network.stages().items()}
            queries = tuple(_query(node, query, at) for query, at in called.items())
            last = tuple(called)[-1]
            result = node.get(f"queries/{last}/result", dict[str, Any], purpose=PURPOSE)
        asked = self._chosen(workload, workload.queries - 1)
        found = checked(result, asked)
        return Round(queries, before, after, spent, max(0.0, others), found)

    def idle(self, seconds: float) -> dict[str, float]:
        """Return CPU seconds each process uses in a second while nothing is asked."""
        before, began = self._network.usages(), time.monotonic()
        self._network.pause(seconds)
        after, span = self._network.usages(), time.monotonic() - began
        return {name: round((now.cpu - before[name].cpu) / span, 3) for name, now in after.items()}

    def _ask(self, node: Remote, bodies: Sequence[bytes], in_flight: int) -> dict[UUID, datetime]:
        """Submit everything, never more than `in_flight` at once; returns when each was called."""
        called: dict[UUID, datetime] = {}
        first, delivered = self._asked, 0
        for body in bodies:
            while len(called) - delivered >= in_flight:
                if in_flight == 1:
                    delivered += _is_delivered(node, tuple(called)[-1])
                else:
                    delivered = self._network.delivered(REQUESTER) - first
                if len(called) - delivered >= in_flight:
                    self._network.pause(POLL_SECONDS)
            at = datetime.now(UTC)
            called[node.send("POST", "queries", QuerySummary, **upload(body, JSON)).query] = at
            self._asked += 1
        return called

    def _bodies(self, workload: Workload) -> list[bytes]:
        return [application(self._chosen(workload, n)) for n in range(workload.queries)]

    def _chosen(self, workload: Workload, number: int) -> Sequence[Someone]:
        """Return whom a query asks about: as different people as there are."""
        start = number * workload.persons % (len(self._everybody) - workload.persons + 1)
        return self._everybody[start : start + workload.persons]


def checked(result: Mapping[str, Any], asked: Sequence[Someone]) -> dict[str, Any]:
    """Return a result without its ids and times, once it is everybody's account and no more.

    Raises:
        WrongResultError: It is not.
    """
    if result["unanswered"] or [p["id_number"] for p in result["persons"]] != [
        one.id_number for one in asked
    ]:
        raise WrongResultError(result["summary"])
    outcomes = {
        outcome["reference"]: outcome
        for answer in result["answers"]
        for outcome in answer["outcomes"]
    }
    for reference, one in enumerate(asked, 1):
        (record,) = outcomes[reference]["records"]
        found = (record["id_number"], record["balance"], record["account"], record["opened_on"])
        if found != (one.id_number, one.balance, one.account, one.opened_on):
            raise WrongResultError(reference)
    return {
        "persons": result["persons"],
        "lines": result["lines"],
        "outcomes": [outcomes[reference] for reference in sorted(outcomes)],
    }


def _since(before: Stage, now: Stage) -> Stage:
    """Return what was spent between two readings."""
    nothing = (0.0, 0)
    return {
        stage: (used - before.get(stage, nothing)[0], calls - before.get(stage, nothing)[1])
        for stage, (used, calls) in now.items()
    }


def _is_delivered(node: Remote, query: UUID) -> bool:
    detail = node.get(f"queries/{query}", QueryDetail)
    return detail.summary.state is QueryState.DELIVERED


def _query(node: Remote, query: UUID, called: datetime) -> Query:
    detail = node.get(f"queries/{query}", QueryDetail)
    opened, delivered = detail.summary.opened, detail.summary.delivered
    if delivered is None or detail.problems or any(row.code for row in detail.rows):
        raise WrongResultError(query)
    hops = node.get(f"queries/{query}/timeline", tuple[HopBody, ...])
    return Query(
        opened, delivered, (delivered - called).total_seconds(), _legs(opened, delivered, hops)
    )


def _legs(opened: datetime, delivered: datetime, hops: Sequence[HopBody]) -> tuple[float, ...]:
    """Return how long each leg took, by the signed times; of several parts the last."""

    def last(kind: Kind, sender: str) -> datetime:
        return max(hop.forwarded for hop in hops if (hop.kind, hop.sender) == (kind, sender))

    at = (
        opened,
        last(Kind.DECISION, HUB),
        last(Kind.DISPATCH, PROVINCE),
        last(Kind.ANSWER, AGENCY),
        last(Kind.ANSWER, PROVINCE),
        last(Kind.ANSWER, HUB),
        delivered,
    )
    return tuple((later - earlier).total_seconds() for earlier, later in pairwise(at))
