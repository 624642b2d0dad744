"""`hedui hub admission`: review applications, certify, connect, suspend, withdraw, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bus.api.admission import (
    AdmissionDetail,
    AdmissionSummary,
    RenewalBody,
    RevocationBody,
)
from bus.cli.admission_document import document, show_admission
from bus.cli.files import check_suffix, check_writable, read_file, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    SocketPath,
)
from bus.cli.output import console, local, plain, print_json, show, table
from bus.cli.remote import connect, require_operator, upload
from bus.errors import InputError
from bus.model.admission import ADMISSION_ZH, Act

app = typer.Typer(
    help="入网备案：审查、发证、接入、暂停、退出 / Admission of participants",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_BINARY = "application/octet-stream"

Participant = Annotated[str, typer.Argument(metavar="ID", help="参与方标识 / Participant id")]
ApplicationFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="申请文件 / The .hedui-apply file")
]
Reason = Annotated[
    str,
    typer.Option("--reason", help="理由或文号，记入备案，不写个人信息 / Why; no personal data"),
]
OutFile = Annotated[Path, typer.Option("--out", help="写入的文件 / File to write")]


@app.command("list")
def list_(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="只看此状态，可重复 / Only this state")
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出入网备案 / List the admissions."""
    with connect(socket, config) as remote:
        found = remote.get("admissions", tuple[AdmissionSummary, ...], state=state or [])
    if as_json:
        print_json(plain(found))
        return
    made = table("参与方 id", "单位 unit", "上级 parent", "状态 state", "代次 gen", "更新 updated")
    for one in found:
        generation = "-" if one.generation is None else str(one.generation)
        made.add_row(
            one.participant,
            one.title,
            one.parent,
            f"{one.state} {ADMISSION_ZH[one.state]}",
            generation,
            local(one.updated),
        )
    show(made, "没有入网备案 / no admissions")


@app.command("show")
def show_(
    participant: Participant,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """查看备案全部内容（记入审计）/ Show the whole record (audited)."""
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.get(f"admissions/{participant}", AdmissionDetail)
    if as_json:
        print_json(plain(found))
    else:
        show_admission(console(), found)


@app.command("export")
def export(
    participant: Participant,
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出备案：.json 或可打印的 .html（记入审计）/ Export the record: .json, or .html to print."""
    form = ".json" if out.suffix.lower() == ".json" else ".html"
    check_suffix(out, form, "--out")
    check_writable(out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.get(f"admissions/{participant}", AdmissionDetail)
    data = found.model_dump_json(indent=2) if form == ".json" else document(found)
    write_file(out, data.encode(), force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已导出备案 / record exported: {out}")


@app.command("submit")
def submit(
    file: ApplicationFile,
    reason: Reason,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """登记书面申请，待批准 / File a written application."""
    _file("admissions", file, reason, socket, config, operator, as_json=as_json)


@app.command("amend")
def amend(
    file: ApplicationFile,
    reason: Reason,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """以新的申请文件变更备案 / File changed contacts, standards, addresses, offers."""
    _file("amendments", file, reason, socket, config, operator, as_json=as_json)


@app.command("certify")
def certify(
    participant: Participant,
    out: OutFile,
    reason: Reason,
    grant: Annotated[
        Path | None,
        typer.Option(
            "--grant", help="hedui ca certify 的结果；不给则在线签发 / Made offline; else online"
        ),
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """发证：登记离线签发结果或在线签发 / Certify, from an offline grant or online."""
    given = b"" if grant is None else read_file(grant)
    if grant is not None and not given:
        raise InputError("GRANT_MALFORMED", "文件为空", "the file is empty", where=str(grant))
    check_writable(out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"admissions/{participant}/certificates"
        options = upload(given, _BINARY) | {"params": {"reason": reason}}
        made = remote.exchange("POST", path, **options)
    write_file(out, made, force=force)
    if as_json:
        print_json({"participant": participant, "file": str(out)})
    else:
        typer.echo(f"已发证；将此文件交参与方导入 / certified; hand this file over: {out}")


@app.command("renewals")
def renewals(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出等待签发的换证请求 / List the renewals that wait for certificates."""
    with connect(socket, config) as remote:
        found = remote.get("renewals", tuple[RenewalBody, ...])
    if as_json:
        print_json(plain(found))
        return
    made = table("参与方 id", "代次 generation", "提出 asked", "地址 hosts")
    for one in found:
        made.add_row(one.participant, str(one.generation), local(one.at), "\n".join(one.hosts))
    show(made, "没有等待签发的换证请求 / no renewals wait")


@app.command("renewal")
def renewal(
    participant: Participant,
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """写出换证请求，供离线签发 / Write a renewal that waits, to be certified offline."""
    check_writable(out, force=force)
    with connect(socket, config) as remote:
        waiting = remote.get("renewals", tuple[RenewalBody, ...])
        data = remote.exchange("GET", f"renewals/{participant}")
    write_file(out, data, force=force)
    hosts = next((one.hosts for one in waiting if one.participant == participant), ())
    if as_json:
        print_json({"participant": participant, "file": str(out), "hosts": list(hosts)})
        return
    options = " ".join(f"--host {host}" for host in hosts)
    typer.echo(f"已写出 / written: {out}")
    typer.echo(f"hedui ca renew {out.name} --participant {participant} {options} …")


_ACTS = {
    Act.APPROVE: "批准申请：先与申请单位核对摘要 / Approve it; compare its digest first",
    Act.REFUSE: "不予批准 / Refuse an application",
    Act.CONNECT: "接入：须有有效的检测报告（R014）/ Connect it; needs a valid conformance report",
    Act.SUSPEND: "暂停：立即拒收其消息 / Suspend it: what it sends is refused at once",
    Act.RESUME: "恢复已暂停的参与方 / Resume a suspended participant",
    Act.RETEST: "退回检测：重新检测合格后再接入 / Take it back to the test",
    Act.WITHDRAW: "退出：收回权限，读完后删除主题 / It leaves: rights at once, topics once read",
}


def _acting(act: Act) -> Callable[..., None]:
    def command(
        participant: Participant,
        reason: Reason,
        socket: SocketPath = None,
        config: ConfigFile = None,
        operator: OperatorName = "",
        as_json: AsJson = False,
    ) -> None:
        with connect(socket, config, require_operator(operator)) as remote:
            path = f"admissions/{participant}/{act}"
            made = remote.send("POST", path, AdmissionSummary, json={"reason": reason})
        _said(made, as_json=as_json)

    return command


for _act, _help in _ACTS.items():
    app.command(str(_act), help=_help)(_acting(_act))


def revoke(
    participant: Participant,
    generation: Annotated[
        int, typer.Option("--generation", min=1, help="密钥代次 / Key generation")
    ],
    reason: Reason,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """吊销一代密钥，立即生效 / Revoke a key generation at once."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"participants/{participant}/revocations"
        asked = {"generation": generation, "reason": reason}
        made = remote.send("POST", path, RevocationBody, json=asked)
    if as_json:
        print_json(plain(made))
    else:
        typer.echo(f"已吊销 / revoked: {made.participant} g{made.generation} {local(made.at)}")


def _file(
    path: str,
    file: Path,
    reason: str,
    socket: Path | None,
    config: Path | None,
    operator: str,
    *,
    as_json: bool,
) -> None:
    data = read_file(file)
    with connect(socket, config, require_operator(operator)) as remote:
        options = upload(data, _BINARY) | {"params": {"reason": reason}}
        _said(remote.send("POST", path, AdmissionSummary, **options), as_json=as_json)


def _said(made: AdmissionSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(made))
    else:
        typer.echo(f"{made.participant} {made.state} {ADMISSION_ZH[made.state]}")
