"""A list that a real LibreOffice has opened and saved is taken back as one of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date
from decimal import Decimal

import pytest
from list_samples import NOW, TASK, WITHDRAWAL, Sheet, filled

from adapters.template.read import FilledWorkbook
from adapters.template.workbook import list_workbook
from bus.model.messages import OutcomeKind
from bus.workbook.faults import WorkbookFaults

SOFFICE = shutil.which("soffice") or "soffice"

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        shutil.which("soffice") is None and not os.environ.get("HEDUI_CI"),
        reason="LIBREOFFICE NOT TESTED: no soffice here (Debian package libreoffice-calc)",
    ),
]


@pytest.fixture
def resaved(tmp_path):
    """Have LibreOffice open a workbook and save it, as an .xlsx of its own making."""

    def run(data: bytes, form="xlsx") -> bytes:
        source, out = tmp_path / "list.xlsx", tmp_path / "saved"
        source.write_bytes(data)
        profile = (tmp_path / "profile").as_uri()
        subprocess.run(  # noqa: S603 - our own arguments
            [
                SOFFICE,
                f"-env:UserInstallation={profile}",
                *("--headless", "--norestore", "--convert-to", form, "--outdir", out, source),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return (out / f"list.{form}").read_bytes()

    return run


@pytest.mark.requirement("R117")
def test_a_filled_list_saved_by_libreoffice_is_taken_back(resaved):
    found = FilledWorkbook(resaved(filled().saved()), NOW).answers(TASK, WITHDRAWAL)
    first, second, third = found.outcomes
    assert [r["amount"] for r in first.records] == [Decimal("1200.50"), Decimal("80.00")]
    assert [r["withdrawn_on"] for r in first.records] == [date(2025, 6, 15), date(2025, 7, 1)]
    assert first.records[0]["account"] == "0012345678901234567"
    assert (second.kind, third.code) == (OutcomeKind.NOT_FOUND, "NAME_MISMATCH")


@pytest.mark.requirement("R066")
def test_libreoffice_computes_nothing_of_a_list_and_keeps_its_locks(resaved):
    sheet = Sheet(resaved(list_workbook(TASK, WITHDRAWAL)))
    assert sheet.cell(5, "姓名").value == "=HYPERLINK(1)"
    assert sheet.cell(5, "姓名").data_type == "s"
    assert sheet.list.protection.sheet
    assert sheet.cell(3, "姓名").protection.locked
    assert not sheet.cell(3, "查询结果").protection.locked
    rules = [rule.formula1 for rule in sheet.list.data_validations.dataValidation if rule.formula1]
    assert any("代码表" in rule for rule in rules)


@pytest.mark.requirement("R066")
def test_a_formula_that_libreoffice_computed_is_refused_with_its_kept_value(resaved):
    sheet = filled()
    sheet.put(3, **{"提取金额（元）": "=1200+0.5"})
    data = resaved(sheet.saved())
    with pytest.raises(WorkbookFaults) as caught:
        FilledWorkbook(data, NOW).answers(TASK, WITHDRAWAL)
    assert [(f.place, f.code) for f in caught.value.faults] == [("名单!I3", "CELL_FORMULA")]
