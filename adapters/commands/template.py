"""`hedui template`: lists that an agency searches by hand go out and come back (R117)."""

from __future__ import annotations

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
from adapters.returns.tasks import TEMPLATE
from bus.cli.options import AsJson, OperatorName

app = typer.Typer(
    help="模板查询：导出清单，填写后导入 / Lists that an agency searches by hand",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def show(config: AdapterFile, operator: OperatorName = "", as_json: AsJson = False) -> None:
    """列出等待人工查询的任务 / List the tasks that wait."""
    list_tasks(TEMPLATE, config, operator, as_json=as_json)


@app.command("export")
def export(
    config: AdapterFile,
    out: OutFolder,
    again: Again = False,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """导出尚未发出的清单，每个任务一个工作簿（记入审计）/ Write a workbook for each task."""
    export_lists(TEMPLATE, config, out, operator, again=again, as_json=as_json)


@app.command("import")
def take_in(
    config: AdapterFile, file: Filled, operator: OperatorName = "", as_json: AsJson = False
) -> None:
    """导入填写后的清单（记入审计）/ Take a filled workbook back."""
    import_list(TEMPLATE, config, file, operator, as_json=as_json)
