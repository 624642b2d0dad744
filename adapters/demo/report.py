"""What the demo hands over: the result as one object for programs, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from adapters.demo.agencies import Agency
from adapters.demo.journey import Delivered
from adapters.demo.network import Network
from adapters.demo.sources.source import Source
from adapters.demo.timeline import ORIGIN
from signer.envelope.kinds import Kind

_OUTCOMES = ("FOUND", "NOT_FOUND", "NOT_ANSWERABLE")


def to_json(
    delivered: Delivered, stages: dict[str, int], sources: Iterable[Source]
) -> dict[str, Any]:
    """Return the outcome of a run.

    Args:
        delivered: The query.
        stages: Milliseconds of each stage.
        sources: Each agency's data.

    Returns:
        Query, state, number of persons, resources asked for; `results` with one entry for each
        provider, request line and person; `unanswered` what nobody could answer; `connectors` the
        English name of each agency's.
    """
    result = delivered.result
    return {
        "query": result["query"],
        "state": result["state"],
        "persons": len(result["persons"]),
        "resources": list(dict.fromkeys(line["resource"] for line in result["lines"])),
        "results": [
            {"provider": answer["provider"], "resource": answer["resource"], **outcome}
            for answer in result["answers"]
            for outcome in answer["outcomes"]
        ],
        "unanswered": result["unanswered"],
        "connectors": {source.agency.id: source.title.en for source in sources},
        "stages": stages,
    }


def sources_table(sources: Iterable[Source]) -> Group:
    """Return how each agency's adapter gets at its data, for people."""
    table = Table("机构 agency", "", "数据来源 connector", "", pad_edge=False, show_edge=False)
    for source in sources:
        title = source.title
        table.add_row(source.agency.title, source.agency.id, title.zh, Text(title.en, style="dim"))
    return Group(Text(), table, Text())


def stages(delivered: Delivered, setup: float, start: float, total: float) -> dict[str, int]:
    """Return the milliseconds of each stage.

    Args:
        delivered: The query; its stages are those its own signed times tell.
        setup: Seconds it took until keys and configurations stood.
        start: Seconds it then took until every process was ready.
        total: Seconds of the whole run.
    """
    summary, decision = delivered.detail.summary, delivered.detail.decision
    sent = summary.opened
    decided = sent if decision is None else decision.at
    dispatched = _last_sent(delivered, Kind.DISPATCH) or decided
    answered = _last_arrival(delivered, Kind.ANSWER) or dispatched
    received = summary.delivered or answered
    return {
        "setup": round(setup * 1000),
        "start": round(start * 1000),
        "decision": _milliseconds(sent, decided),
        "dispatch": _milliseconds(decided, dispatched),
        "answers": _milliseconds(dispatched, answered),
        "delivered": _milliseconds(answered, received),
        "total": round(total * 1000),
    }


def stay_json(network: Network) -> dict[str, Any]:
    """Return where a network that stays up can be reached."""
    sockets = {p: network.state.socket(p) for p in network.state.participants}
    return {
        "bootstrap": network.bootstrap,
        "topics": list(network.state.topics()),
        "sockets": {p: str(path) for p, path in sockets.items() if path.exists()},
        "metrics": {p: f"{url}/metrics" for p, url in network.urls.items()},
    }


def summary_table(result: dict[str, Any]) -> Group:
    """Return what each provider answered on each resource, without persons."""
    codes: dict[tuple[str, str], set[str]] = {}
    for answer in result["answers"]:
        found = {outcome["code"] for outcome in answer["outcomes"] if outcome["code"]}
        codes.setdefault((answer["provider"], answer["resource"]), set()).update(found)
    table = Table(
        "信息提供方 provider",
        "信息资源 resource",
        "查得 found",
        "未查得 not found",
        "无法答复 not answerable",
        "记录 records",
        "原因 codes",
        pad_edge=False,
        show_edge=False,
    )
    for row in result["summary"]:
        table.add_row(
            f"{row['provider_title']} {row['provider']}",
            row["title"],
            *(str(row["outcomes"].get(kind, 0)) for kind in _OUTCOMES),
            str(row["records"]),
            " ".join(sorted(codes[row["provider"], row["resource"]])),
        )
    for gap in result["unanswered"]:
        table.add_row(
            gap["provider_title"] or "-", gap["resource"], "-", "-", "-", "-", gap["code"] or ""
        )
    persons = len(result["persons"])
    title = f"查询结果 Outcomes（每格为人次，共 {persons} 人 persons）"
    return Group(Text(), Text(title, style="bold"), table)


def offers(agencies: Iterable[Agency]) -> tuple[Text, ...]:
    """Return what the tables of a run offer, for an application that asks for something else."""
    holders: dict[str, list[str]] = {}
    for agency in agencies:
        for table in agency.tables:
            title = f"{table.resource.zh} {table.resource.name}"
            holders.setdefault(title, []).append(agency.id)
    return (
        Text(
            "申请的内容类别不在所给机构数据之内 / "
            "the application asks for a category that the tables given do not offer"
        ),
        Text("所给机构数据提供的信息资源 / they offer:"),
        *(Text(f"  {title}: {'、'.join(ids)}") for title, ids in holders.items()),
    )


def stay_table(places: dict[str, Any]) -> Group:
    """Return where a network that stays up can be reached, for people."""
    table = Table("参与方", "操作接口 socket", "指标 metrics", pad_edge=False, show_edge=False)
    for participant, url in places["metrics"].items():
        table.add_row(participant, places["sockets"].get(participant, "-"), url)
    return Group(Text(), table, Text(f"消息代理 broker: {places['bootstrap']}"))


def _last_sent(delivered: Delivered, kind: Kind) -> datetime | None:
    sent = (hop for hop in delivered.hops if hop.kind == kind and hop.role == ORIGIN)
    return max((hop.forwarded for hop in sent), default=None)


def _last_arrival(delivered: Delivered, kind: Kind) -> datetime | None:
    arrivals = (hop.arrived for hop in delivered.hops if hop.kind == kind)
    return max((at for at in arrivals if at is not None), default=None)


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))
