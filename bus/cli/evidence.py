"""`hedui evidence`: archive and send at a node, call up and judge at the hub."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from bus.api.application import ApplicationSummary
from bus.api.evidence import CallBody, CallDetail, DocumentBody
from bus.api.office import StandingBody
from bus.api.query import QuerySummary
from bus.cli.evidence_files import check_evidence, streamed
from bus.cli.evidence_tables import calls_table, documents_table, show_call
from bus.cli.files import check_writable, write_file, write_pieces
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    QueryId,
    SocketPath,
)
from bus.cli.output import console, plain, print_json, show
from bus.cli.remote import Remote, connect, require_operator
from bus.errors import DefectError, InputError
from bus.flow.evidence import kind_code
from bus.rules.evidence_file import own_name
from signer.identity import HUB

app = typer.Typer(
    help="证明材料：存档、调阅、提交、审核 / Evidence: archive, call up, send, judge",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Person = Annotated[int, typer.Option("--person", min=1, help="人员序号 / Number in the query")]
Persons = Annotated[
    list[int] | None, typer.Option("--person", min=1, help="人员序号，可重复 / Numbers")
]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", help="材料种类：身份证明、授权书、委托书 / Kinds")
]
CallId = Annotated[
    str, typer.Argument(metavar="CALL", help="调阅编号，或其开头至少 8 位 / Call id or ≥ 8 digits")
]
INDEX = "index.json"
_PREFIX = 8


@app.command("add")
def add(
    query: QueryId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PDF、JPEG 或 PNG，≤ 100 MB")],
    person: Person,
    kind: Annotated[
        str, typer.Option("--kind", help="材料种类：身份证明、授权书、委托书 / Kind")
    ] = "授权书",
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """存入一份材料，按查询与人员归档（R023）/ Archive a document about a person."""
    check_evidence(file, file.name)
    with connect(socket, config, require_operator(operator)) as remote:
        asked = {"query": str(_query(remote, query)), "person": person, "kind": kind}
        found = remote.send(
            "POST",
            "evidence/documents",
            DocumentBody,
            params=asked | {"name": file.name},
            **streamed(file),
        )
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"已存档 / archived: {found.document} ({found.size} B, {found.sha256})")


@app.command("list")
def list_(
    query: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """一个查询的材料，按人员（记入审计）/ A query's documents by person (audited)."""
    with connect(socket, config, require_operator(operator)) as remote:
        found = _documents(remote, _query(remote, query))
    if as_json:
        print_json(plain(found))
    else:
        show(documents_table(found), "没有材料 / no documents")


@app.command("export")
def export(
    query: QueryId,
    out: Annotated[Path, typer.Option("--out", help="写入的目录 / Folder to write into")],
    purpose: Annotated[
        str, typer.Option("--purpose", help="用途，记入审计（R035）/ What it is read for")
    ],
    person: Persons = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出一个查询的材料及索引（每份记入审计）/ Export a query's documents with their index."""
    _check_folder(out)
    check_writable(out / INDEX, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        listed = _documents(remote, _query(remote, query))
        chosen = [one for one in listed if not person or one.person in person]
        whole = [one for one in chosen if not one.missing]
        entries = [_export(remote, one, out, name, purpose, force) for one, name in _names(whole)]
    text = json.dumps(entries, ensure_ascii=False, indent=2) + "\n"
    write_file(out / INDEX, text.encode(), force=force)
    if as_json:
        print_json(entries)
        return
    typer.echo(f"已导出 {len(entries)} 份 / {len(entries)} document(s) written: {out}")
    if len(whole) < len(chosen):
        typer.echo(f"未收齐 {len(chosen) - len(whole)} 份，未导出 / not all here, left out")


@app.command("calls")
def calls(
    pending: Annotated[bool, typer.Option("--open", help="只看未办结的 / Not closed")] = False,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出调阅及期限 / List calls and their terms."""
    with connect(socket, config) as remote:
        found = _calls(remote, pending=pending)
    if as_json:
        print_json(plain(found))
    else:
        show(calls_table(found), "没有调阅 / no calls")


@app.command("show")
def show_(
    call: CallId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """调阅各项、已有材料与缺少的分块（记入审计）/ A call's items, documents, missing chunks."""
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.get(f"evidence/calls/{_call(remote, call)}", CallDetail)
    if as_json:
        print_json(plain(found))
    else:
        show_call(console(), found)


@app.command("request")
def request(
    query: QueryId,
    reason: Annotated[str, typer.Option("--reason", help="调阅原因代码（R026）/ Code of it")],
    person: Persons = None,
    kind: Kinds = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """部中心：调阅被查询人的材料，五个工作日内提交（R024）/ Hub: call up evidence."""
    if not person or not kind:
        raise InputError(
            "EVIDENCE_REQUEST_INCOMPLETE",
            "没有说明人员或材料种类",
            "persons or kinds are not given",
            remedy_zh="请加 --person 人员序号 与 --kind 材料种类，均可重复",
            remedy_en="Add --person N and --kind KIND; both may be repeated",
            where="--person --kind",
        )
    with connect(socket, config, require_operator(operator)) as remote:
        asked: dict[str, Any] = {
            "query": str(_query(remote, query)),
            "persons": person,
            "kinds": kind,
            "reason": reason,
        }
        found = remote.send("POST", "evidence/calls", CallBody, json=asked)
    _told(found, as_json=as_json)


@app.command("send")
def send(
    call: CallId,
    again: Annotated[
        bool, typer.Option("--again", help="重新提交已提交而未收到的 / Send anew what was sent")
    ] = False,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """节点：把调阅所要的存档材料发往部中心 / Node: send what a call asks for to the hub."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"evidence/calls/{_call(remote, call)}/send"
        found = remote.send("POST", path, CallBody, json={"again": again})
    _told(found, as_json=as_json)


@app.command("accept")
def accept(
    call: CallId,
    person: Persons = None,
    kind: Kinds = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """部中心：认可已收齐的各项 / Hub: accept items that are here."""
    with connect(socket, config, require_operator(operator)) as remote:
        path, items = _chosen(remote, call, person, kind)
        found = remote.send("POST", f"{path}/accept", CallBody, json={"items": items})
    _told(found, as_json=as_json)


@app.command("reject")
def reject(
    call: CallId,
    reason: Annotated[str, typer.Option("--reason", help="退回原因代码 / Code of the reason")],
    person: Persons = None,
    kind: Kinds = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """部中心：以代码化理由退回，申请方重新提交 / Hub: send items back with a coded reason."""
    with connect(socket, config, require_operator(operator)) as remote:
        path, items = _chosen(remote, call, person, kind)
        asked = {"items": items, "reason": reason}
        found = remote.send("POST", f"{path}/reject", CallBody, json=asked)
    _told(found, as_json=as_json)


def _told(call: CallBody, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(call))
    else:
        console().print(calls_table([call]))


def _query(remote: Remote, given: str) -> UUID:
    """A query's id; the beginning of one is looked for where this centre lists its queries."""
    try:
        return UUID(given)
    except ValueError:
        if remote.get("standing", StandingBody).participant == HUB:
            return remote.query_id(given, "applications", tuple[ApplicationSummary, ...])
        return remote.query_id(given, "queries", tuple[QuerySummary, ...])


def _calls(remote: Remote, *, pending: bool = False) -> tuple[CallBody, ...]:
    return remote.get("evidence/calls", tuple[CallBody, ...], pending=pending)


def _call(remote: Remote, given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        start = given.strip().lower().replace("-", "")
    found = [one.call for one in _calls(remote) if one.call.hex.startswith(start)]
    if len(start) < _PREFIX or len(found) != 1:
        raise InputError(
            "EVIDENCE_CALL_ID",
            "不是调阅编号，或其开头不唯一",
            "not a call's id, nor a beginning that only one has",
            remedy_zh="请用 hedui evidence calls 查看编号",
            remedy_en="hedui evidence calls lists them",
            where="CALL",
        )
    return found[0]


def _chosen(
    remote: Remote, call: str, persons: list[int] | None, kinds: list[str] | None
) -> tuple[str, list[dict[str, Any]]]:
    """Return the call's path and the items that the options name; none where they name none."""
    number = _call(remote, call)
    if not persons and not kinds:
        return f"evidence/calls/{number}", []
    found = next(one for one in _calls(remote) if one.call == number)
    wanted = {kind_code(kind) for kind in kinds or ()}
    return f"evidence/calls/{number}", [
        {"person": item.person, "kind": item.kind}
        for item in found.items
        if (not persons or item.person in persons) and (not wanted or item.kind in wanted)
    ]


def _documents(remote: Remote, query: UUID) -> tuple[DocumentBody, ...]:
    return remote.get("evidence/documents", tuple[DocumentBody, ...], query=str(query))


def _names(documents: list[DocumentBody]) -> Iterator[tuple[DocumentBody, str]]:
    counts: Counter[tuple[int, str]] = Counter()
    for one in documents:
        counts[one.person, one.kind] += 1
        number = counts[one.person, one.kind]
        yield one, own_name(one.person, one.kind, number, one.media_type)


def _export(
    remote: Remote, one: DocumentBody, out: Path, name: str, purpose: str, force: bool
) -> dict[str, Any]:
    path, seen = out / name, hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for piece in remote.pieces(f"evidence/documents/{one.document}", purpose=purpose):
            seen.update(piece)
            yield piece
        if seen.hexdigest() != one.sha256:
            raise DefectError(
                "EVIDENCE_CONTENT",
                "取出的内容与索引的摘要不符",
                "what was read is not what the index says",
                where=str(one.document),
            )

    write_pieces(path, pieces(), force=force)
    return {"file": name} | one.model_dump(mode="json")


def _check_folder(path: Path) -> None:
    if path.is_dir():
        return
    raise InputError(
        "FOLDER_MISSING",
        "没有此目录",
        "there is no such folder",
        remedy_zh="请先建立目录",
        remedy_en="Make it first",
        where=str(path),
    )
