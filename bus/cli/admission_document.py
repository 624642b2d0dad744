"""A filing record (备案, R008) for people: on the screen, and as a document to print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rich.console import Console
from rich.table import Table

from bus.api.admission import AdmissionDetail
from bus.cli.output import local, table
from bus.model.admission import ACT_ZH, ADMISSION_ZH

Section = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A heading, the titles of its columns, its rows."""

_RESPONSIBILITIES = {
    "security": "安全 security",
    "technical": "技术 technical",
    "maintenance": "运维 maintenance",
}

_STYLE = (
    "body{font-family:serif;margin:2em}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #888;padding:.3em .5em;text-align:left;vertical-align:top}"
    "td{overflow-wrap:anywhere}h1{text-align:center}"
)


def show_admission(out: Console, found: AdmissionDetail) -> None:
    """Print a filing record."""
    for heading, titles, rows in _sections(found):
        if rows:
            out.print(f"\n{heading}")
            out.print(_table(titles, rows))


def document(found: AdmissionDetail) -> str:
    """Return a filing record as one HTML page that needs nothing else, to print and to file."""
    title = f"核对总线入网备案表 {found.summary.participant}"
    parts = [
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{escape(title)}</h1>",
    ]
    for heading, titles, rows in _sections(found):
        parts.append(f"<h2>{escape(heading)}</h2>")
        if rows:
            parts += ["<table>", _row(titles, "th"), *(_row(r, "td") for r in rows), "</table>"]
        else:
            parts.append("<p>无 none</p>")
    return "\n".join([*parts, "</body>\n</html>\n"])


def _sections(found: AdmissionDetail) -> Iterable[Section]:
    summary, report = found.summary, found.report
    state = f"{summary.state} {ADMISSION_ZH[summary.state]}"
    yield (
        "参与方 participant",
        ("标识 id", "单位 unit", "上级 parent", "状态 state", "登记 opened"),
        [(summary.participant, summary.title, summary.parent, state, local(summary.opened))],
    )
    yield (
        "书面申请 applications",
        (
            "登记 filed",
            "批准 accepted",
            "代次 gen",
            "备案地址 hosts",
            "规范 standards",
            "摘要 digest",
        ),
        [
            (
                local(filing.filed),
                local(filing.accepted),
                str(filing.generation),
                "\n".join(filing.hosts),
                "\n".join(f"{s.name} {s.version}" for s in filing.standards),
                filing.digest,
            )
            for filing in found.filings
        ],
    )
    yield (
        "联系人 contacts",
        ("申请 filed", "责任 responsibility", "姓名 name", "电话 phone", "邮箱 email"),
        [
            (local(filing.filed), _RESPONSIBILITIES[c.responsibility], c.name, c.phone, c.email)
            for filing in found.filings
            for c in filing.contacts
        ],
    )
    yield (
        "信息资源 offers",
        ("申请 filed", "资源 resource", "内容项 items", "期限（工作日）term"),
        [
            (local(filing.filed), o.resource, ", ".join(o.items), str(o.term_working_days))
            for filing in found.filings
            for o in filing.offers
        ],
    )
    yield (
        "证书 certificates",
        ("代次 gen", "用途 use", "有效期 valid", "吊销 revoked", "密钥标识 key"),
        [
            (
                str(c.generation),
                c.use,
                f"{local(c.not_before)} – {local(c.not_after)}",
                local(c.revoked),
                c.key,
            )
            for c in found.certificates
        ],
    )
    yield (
        "检测报告 conformance report",
        ("检测 made", "有效至 expires", "结论 verdict"),
        []
        if report is None
        else [
            (
                local(report.made),
                local(report.expires),
                "合格 passed" if report.passed else "不合格 failed",
            )
        ],
    )
    yield (
        "办理记录 record",
        ("时间 at", "事项 act", "状态 state", "操作员 by", "理由 reason"),
        [
            (
                local(step.at),
                f"{step.act} {ACT_ZH[step.act]}",
                f"{step.to} {ADMISSION_ZH[step.to]}",
                step.by,
                step.reason,
            )
            for step in found.record
        ],
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    made = table(*titles)
    for row in rows:
        made.add_row(*row)
    return made


def _row(cells: Iterable[str], kind: str) -> str:
    made = "".join(f"<{kind}>{escape(c).replace(chr(10), '<br>')}</{kind}>" for c in cells)
    return f"<tr>{made}</tr>"
