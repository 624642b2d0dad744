"""What people read, in Markdown: the report of one run, the circular over a period (通报, R016)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bus.flow.conformance.checks import BY_NUMBER
from bus.model.probe import PURPOSE_ZH, STATE_ZH, Run, RunPurpose, RunResult, RunState
from bus.rules.working_days import SHANGHAI
from signer.conformance import Report, ReportFigure

_FIGURE_ZH = {
    "largest": "最大数据",
    "cases": "情形数",
    "offset": "时钟偏差",
    "uncertainty": "误差",
    "persons": "人数",
    "messages": "消息数",
    "elapsed": "用时",
    "rate": "速率",
    "floor": "下限",
}
_MARK = {True: "合格", False: "不合格"}


@dataclass(frozen=True, slots=True)
class Circular:
    """What a circular tells.

    Attributes:
        since: First day of the period, in Asia/Shanghai.
        until: Last day of it.
        made: When the circular was made.
        runs: The runs that were opened in the period, oldest first.
        overdue: Connected participants that were not inspected for too long.
        expired: Connected participants without a valid pre-connection report.
        titles: Chinese names by participant.
    """

    since: date
    until: date
    made: datetime
    runs: tuple[Run, ...]
    overdue: tuple[str, ...]
    expired: tuple[str, ...]
    titles: Mapping[str, str]


def report_text(report: Report, title: str) -> str:
    """Return a report as people read it.

    Args:
        report: The report, whose signature was verified.
        title: The participant's Chinese name.
    """
    purpose = PURPOSE_ZH[RunPurpose(report.purpose)]
    lines = [
        f"# {purpose}报告",
        "",
        "| | |",
        "|---|---|",
        f"| 被测单位 participant | {_plain(title)}（{report.participant}） |",
        f"| 结论 result | **{_MARK[report.passed]}** |",
        f"| 检测编号 run | {report.run} |",
        f"| 检测开始 opened | {_local(report.opened)} |",
        f"| 报告时间 made | {_local(report.made)} |",
        f"| 有效期至 expires | {_local(report.expires)} |",
        f"| 被测产品 product | {report.product or '-'} |",
        f"| 遵循规范 specifications | {'、'.join(report.specs) or '-'} |",
        f"| 部中心产品 hub | {report.hub_product} |",
        f"| 目录版本 directory | {report.directory_version} |",
        "",
        "| 序号 | 检测项 test | 结果 | 原因 code | 数据 figures |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {test.test} | {test.zh} {test.name} | {_MARK[test.passed]} | {test.code or '-'} "
        f"| {_figures(test.figures)} |"
        for test in report.tests
    ]
    differing = [test for test in report.tests if test.details]
    for test in differing:
        lines += ["", f"## {test.zh}的不符之处 what differed", ""]
        lines += [f"- {detail}" for detail in test.details]
    return "\n".join([*lines, ""])


def circular_text(circular: Circular) -> str:
    """Return the circular as it goes to the participants."""
    runs = circular.runs
    failed = [run for run in runs if run.state is RunState.FAILED]
    states = Counter(run.state for run in runs)
    units = len({run.participant for run in runs})
    counts = "，".join(f"{STATE_ZH[state]} {states[state]} 次" for state in RunState)
    lines = [
        "# 检测与巡检情况通报",
        "",
        f"期间 period：{circular.since}至{circular.until}　制作 made：{_local(circular.made)}",
        "",
        f"期间共检测 {len(runs)} 次，涉及 {units} 个单位；{counts}。",
        f"{len(runs)} runs of {units} participants, {len(failed)} failed.",
        "",
        "## 结果 Results",
        "",
    ]
    lines += _results(circular) if runs else ["期间没有检测。 There were no runs."]
    lines += ["", "## 不合格情况 Failures", ""]
    lines += [
        f"- {_unit(circular, run.participant)}，{_local(run.opened)}："
        + "；".join(_failure(result) for result in run.results if not result.passed)
        for run in failed
    ] or ["无。 None."]
    lines += ["", "## 逾期 Overdue", ""]
    lines += _late(circular, "逾期未巡检 not inspected for too long", circular.overdue)
    lines += _late(circular, "没有有效的入网前检测报告 no valid report", circular.expired)
    return "\n".join([*lines, ""])


def _results(circular: Circular) -> list[str]:
    head = [
        "| 单位 participant | 种类 | 开始 opened | 结果 | 各项 tests | 数据 figures |",
        "|---|---|---|---|---|---|",
    ]
    return head + [
        f"| {_unit(circular, run.participant)} | {PURPOSE_ZH[run.purpose]} | {_local(run.opened)} "
        f"| {STATE_ZH[run.state]} | {_tests(run.results)} | {_of_all(run.results)} |"
        for run in circular.runs
    ]


def _tests(results: Iterable[RunResult]) -> str:
    told = (f"{BY_NUMBER[r.test].zh}{_MARK[r.passed]}" for r in results)
    return "、".join(told) or "-"


def _of_all(results: Iterable[RunResult]) -> str:
    figures = [ReportFigure(f.name, f.value, f.unit) for r in results for f in r.figures]
    return _figures(figures)


def _failure(result: RunResult) -> str:
    more = f"（{len(result.details)} 处不符）" if result.details else ""
    return f"{BY_NUMBER[result.test].zh} {result.code}{more}"


def _late(circular: Circular, what: str, names: Sequence[str]) -> list[str]:
    listed = "、".join(_unit(circular, name) for name in names)
    return [f"- {what}：{listed or '无 none'}"]


def _unit(circular: Circular, name: str) -> str:
    return f"{_plain(circular.titles.get(name, name))}（{name}）"


def _figures(figures: Sequence[ReportFigure]) -> str:
    told = (f"{_FIGURE_ZH.get(f.name, f.name)} {f.value} {f.unit}".rstrip() for f in figures)
    return "，".join(told) or "-"


def _plain(text: str) -> str:
    """Return a text that breaks no table."""
    return " ".join(text.replace("|", "／").split())


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
