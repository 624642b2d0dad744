"""A template that LibreOffice has filled and saved is read as one that nobody else has touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date

import pytest
from upload_samples import AS_OF, csv_file, known, withdrawal, xlsx_file

from adapters.upload.load import check_file
from adapters.upload.read import open_table
from adapters.upload.validate import Expected

pytestmark = pytest.mark.nightly

EXPECTED = Expected(known(), (), AS_OF, None, date(2026, 7, 3))


@pytest.fixture
def saved(tmp_path):
    """Save a file anew by LibreOffice, in the form that is asked for."""
    soffice = shutil.which("soffice")
    if soffice is None:
        assert not os.environ.get("HEDUI_CI"), "LibreOffice is missing: apt-get install libreoffice"
        pytest.skip("LibreOffice is missing: apt-get install libreoffice-calc")

    def save(path, form, *options):
        out = tmp_path / "saved"
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        subprocess.run(  # noqa: S603 - a program of the machine, and our own files
            [soffice, profile, "--headless", *options, "--convert-to", form, "--outdir", out, path],
            check=True,
            capture_output=True,
            timeout=300,
        )
        return out / f"{path.stem}.{form.partition(':')[0]}"

    return save


@pytest.mark.requirement("R113")
def test_a_filled_template_survives_being_saved(folder, saved):
    path = xlsx_file(folder / "a.xlsx", [withdrawal(1), withdrawal(2, name="䶮𠮷")])

    again = saved(path, "xlsx")

    report = check_file(again, EXPECTED)
    assert (report.rows, report.good, report.listed) == (2, 2, [])
    file = open_table(again)
    assert file.mark == (known().name, known().schema.digest.hex())
    rows = [row for piece in file.pieces() for row in piece]
    file.close()
    assert rows[2][1][0] == "䶮𠮷"
    assert rows[1][1][3] == "000001"


def test_a_table_that_it_saved_as_csv_is_read(folder, saved):
    path = xlsx_file(folder / "a.xlsx", [withdrawal(1)])
    again = saved(path, "csv:Text - txt - csv (StarCalc):44,34,76,1")
    assert check_file(again, EXPECTED).good == 1


def test_a_csv_table_opened_without_care_has_lost_digits_and_is_refused(folder, saved):
    path = csv_file(folder / "a.csv", [withdrawal(1)])
    # As a double click opens it: commas, UTF-8, and what looks like a number becomes one.
    report = check_file(saved(path, "xlsx", "--infilter=CSV:44,34,76,1"), EXPECTED)
    assert "CELL_NOT_TEXT" in {one.fault.code for one in report.listed}
    assert not report.clean
