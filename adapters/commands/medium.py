"""`hedui medium`: lists of an agency without a network travel as sealed packages (R056, R066).

At the centre: `list`, `export`, `import`, with the adapter's configuration. At the agency, offline:
`keys`, `open`, `pack`, with nothing but its own keys and the root certificate.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.commands.lists import (
    AdapterFile,
    Again,
    Filled,
    OutFolder,
    export_lists,
    import_list,
    list_tasks,
)
from adapters.medium.agency import OpenedQuery, check_filled, open_query, pack
from adapters.returns.tasks import MEDIUM
from bus.cli.files import check_suffix, check_writable, read_file, write_file
from bus.cli.options import AsJson, Force, OperatorName, OutFile
from bus.cli.output import local, print_json, show, table
from bus.ports.clock import SystemClock
from bus.ports.instants import cut
from schemas import codes
from signer.certificates import PathValidator
from signer.keydirectory import read_certificates
from signer.keyfiles import HeldKeys
from signer.medium.agency import make_keys, read_keys
from signer.secretfiles import read_passphrase
from signer.uuid7 import uuid7

app = typer.Typer(
    help="介质方式：无网络机构的加密介质包 / Sealed packages for an agency without a network",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeysFolder = Annotated[
    Path, typer.Option("--keys", help="本机构的介质密钥目录 / The agency's medium keys")
]
Passphrase = Annotated[
    Path,
    typer.Option("--passphrase-file", help="介质密钥的口令文件（0600）/ Their passphrase"),
]
Root = Annotated[Path, typer.Option("--root", help="根证书（PEM）/ Root certificate, PEM")]
Package = Annotated[Path, typer.Argument(metavar="PACKAGE", help="查询包 / The query package")]


@app.command("list")
def tasks(config: AdapterFile, operator: OperatorName = "", as_json: AsJson = False) -> None:
    """核对中心：列出等待的任务 / At the centre: list the tasks that wait."""
    list_tasks(MEDIUM, config, operator, as_json=as_json)


@app.command("export")
def export(
    config: AdapterFile,
    out: OutFolder,
    again: Again = False,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """核对中心：导出加密签名的查询包（记入审计）/ At the centre: write sealed packages."""
    export_lists(MEDIUM, config, out, operator, again=again, as_json=as_json)


@app.command("import")
def take_in(
    config: AdapterFile, file: Filled, operator: OperatorName = "", as_json: AsJson = False
) -> None:
    """核对中心：导入返回包（记入审计）/ At the centre: take a return package back."""
    import_list(MEDIUM, config, file, operator, as_json=as_json)


@app.command("keys")
def keys(
    out: Annotated[Path, typer.Option("--out", help="存放密钥的新目录 / New directory for them")],
    passphrase_file: Passphrase,
    as_json: AsJson = False,
) -> None:
    """机构：生成介质密钥，公钥交核对中心 / At the agency: make its keys."""
    made = make_keys(out, read_passphrase(passphrase_file))
    if as_json:
        print_json({"directory": str(out), "fingerprint": made.fingerprint})
        return
    typer.echo(f"公钥指纹 fingerprint: {made.fingerprint}")
    typer.echo("请将 agency-medium.pub 交核对中心，并以电话核对指纹")
    typer.echo("Hand agency-medium.pub to the centre and compare the fingerprint by telephone")


@app.command("open")
def open_(
    package: Package,
    keys_folder: KeysFolder,
    passphrase_file: Passphrase,
    root: Root,
    out: OutFile,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """机构：离线核验授权并取出清单 / At the agency: verify a package, take its list out."""
    check_suffix(out, ".xlsx", "--out")
    check_writable(out, force=force)
    opened = _opened(package, _ring(keys_folder, passphrase_file), root, _now())
    write_file(out, opened.contents.workbook, force=force)
    if as_json:
        print_json({**_told(opened), "file": str(out)})
        return
    _tell(opened)
    typer.echo(f"清单已写入 the list is in: {out}")


@app.command("pack")
def pack_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="填写后的清单 / The filled list")],
    package: Annotated[
        Path, typer.Option("--package", help="它来自的查询包 / The package it came in")
    ],
    keys_folder: KeysFolder,
    passphrase_file: Passphrase,
    root: Root,
    out: OutFile,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """机构：检查填写后的清单并封成返回包 / At the agency: check the filled list and pack it."""
    check_suffix(out, ".hdm", "--out")
    check_writable(out, force=force)
    ring, now = _ring(keys_folder, passphrase_file), _now()
    opened = _opened(package, ring, root, now)
    workbook = read_file(file)
    check_filled(opened, workbook, now)
    package_id = uuid7(now, secrets.token_bytes)
    data = pack(opened, workbook, ring, now, package_id, secrets.token_bytes(32))
    write_file(out, data, force=force)
    if as_json:
        print_json({"file": str(out), "id": str(package_id)})
        return
    typer.echo(f"清单检查无误，返回包已写入 / Checked; the return package is in: {out}")


def _now() -> datetime:
    return cut(SystemClock().now())


def _ring(keys_folder: Path, passphrase_file: Path) -> HeldKeys:
    return read_keys(keys_folder, read_passphrase(passphrase_file))


def _opened(package: Path, ring: HeldKeys, root: Path, now: datetime) -> OpenedQuery:
    certificates = read_certificates(root)
    validator = PathValidator(certificates[0], certificates[1:])
    return open_query(read_file(package), ring, validator, now)


def _told(opened: OpenedQuery) -> dict[str, Any]:
    task, authority = opened.task, opened.authority
    return {
        "query": str(task.query),
        "requester": task.requester,
        "application": authority.application.hex(),
        "approved": authority.approved.isoformat(),
        "path": [
            {"from": step.sender, "to": step.to, "at": step.at.isoformat()}
            for step in authority.path
        ],
        "adapter": opened.header.adapter,
        "business": task.business,
        "purpose": task.purpose,
        "resource": task.resource,
        "items": list(task.items),
        "persons": len(task.persons),
        "due": task.due.isoformat(),
        "list": str(opened.header.id),
    }


def _tell(opened: OpenedQuery) -> None:
    task, authority = opened.task, opened.authority
    business = codes.business().get(task.business)
    made = table("项目 what", "内容")
    rows = [
        ("申请方 requester", _named(opened, task.requester)),
        ("批准 approved", f"部中心 {local(authority.approved)}"),
        ("批转 ordered", " → ".join([s.sender for s in authority.path] + [authority.path[-1].to])),
        ("业务 business", task.business if business is None else business.zh),
        ("用途 purpose", task.purpose),
        ("信息资源 resource", opened.resource.zh),
        ("内容项 items", "、".join(task.items)),
        ("人数 persons", str(len(task.persons))),
        ("期限 due", local(task.due)),
        ("申请书摘要 application", authority.application.hex()),
    ]
    for row in rows:
        made.add_row(*row)
    typer.echo("签名、证书与授权均已核验 / Signature, certificate and authority verified")
    show(made, "")


def _named(opened: OpenedQuery, participant: str) -> str:
    found = opened.authority.directory.get(participant)
    return participant if found is None else f"{found.title}（{participant}）"
