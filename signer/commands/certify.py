"""`hedui ca certify`: review a written application and issue for it, by files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from signer.admission.application import MAX_SIZE, read_application
from signer.admission.contents import AdmissionApplication, Responsibility
from signer.admission.grant import ENDING, write_grant
from signer.ca.certify_requests import certify_requests
from signer.commands.options import CaDirectory, CaPassphrase
from signer.errors import AdmissionError
from signer.secretfiles import read_passphrase, read_public, write_new

_RESPONSIBILITIES = {
    Responsibility.SECURITY: "安全 security",
    Responsibility.TECHNICAL: "技术 technical",
    Responsibility.MAINTENANCE: "运维 maintenance",
}


def certify_command(
    file: Annotated[
        Path, typer.Argument(metavar="APPLICATION", help="申请文件 / The .hedui-apply file")
    ],
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="签发结果，默认 <标识>.g<代次>.hedui-grant / Grant to write"),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="申请单位另行告知的摘要 / Digest the applicant told you"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / Do not ask")] = False,
) -> None:
    """审核书面申请并签发证书 / Review a written application and issue for it."""
    application = read_application(read_public(file)[: MAX_SIZE + 1])
    if digest is not None and digest.strip().lower() != application.digest.hex():
        raise AdmissionError(
            "APPLICATION_DIGEST",
            "申请文件的摘要与申请单位告知的不符",
            "the digest is not the one the applicant told",
            remedy_zh="请勿签发；请申请单位重新发送并核对",
            remedy_en="Do not issue; have it sent again and compare",
            where=str(file),
        )
    Console(highlight=False, markup=False, emoji=False).print(_review(application))
    typer.echo(f"摘要 digest: {application.digest.hex()}")
    if not yes:
        typer.confirm("同意签发 / Issue", abort=True)
    grant = certify_requests(
        directory,
        read_passphrase(passphrase_file),
        application.keys,
        hosts=application.answers.hosts,
        now=datetime.now(UTC),
    )
    place = out or Path(f"{grant.participant}.g{grant.generation}{ENDING}")
    write_new(place, write_grant(grant))
    typer.echo(f"已签发第 {grant.generation} 代 / Issued generation {grant.generation}: {place}")


def _review(application: AdmissionApplication) -> Table:
    """What the operator judges. It shows contacts, which is what it is for."""
    answers = application.answers
    made = Table("项目 field", "内容 value", pad_edge=False, show_edge=False)
    for column in made.columns:
        column.overflow = "fold"
    made.add_row("标识 id", answers.participant)
    made.add_row("单位 unit", answers.title)
    made.add_row("上级 parent", answers.parent)
    made.add_row("密钥代次 generation", str(application.keys.generation))
    made.add_row("编制时间 made", f"{application.made:%Y-%m-%d %H:%M} UTC")
    made.add_row("备案地址 hosts", "\n".join(answers.hosts))
    for contact in answers.contacts:
        label = _RESPONSIBILITIES[contact.responsibility]
        made.add_row(label, f"{contact.name}  {contact.phone}  {contact.email}")
    for standard in answers.standards:
        made.add_row("规范 standard", f"{standard.name}  {standard.version}")
    for offer in answers.offers:
        items = ", ".join(offer.items)
        made.add_row("资源 offer", f"{offer.resource}  {offer.term_working_days} 工作日  {items}")
    return made
