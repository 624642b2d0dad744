"""The report: quantiles that were measured, tables that stay between their markers."""

from __future__ import annotations

import bench_report
import pytest
from bench_report import write_into

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def test_quantiles_are_measured_values():
    spread = bench_report._spread([float(n) for n in range(1, 11)])

    assert spread == {"p50": 5.0, "p90": 9.0, "p99": 10.0, "max": 10.0}
    assert bench_report._spread([3.0]) == {"p50": 3.0, "p90": 3.0, "p99": 3.0, "max": 3.0}


def test_tables_replace_what_stood_between_the_markers(tmp_path):
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")

    write_into(document, "new")
    write_into(document, "newer")

    assert document.read_text("utf-8") == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"


def test_a_document_without_markers_is_left_alone(tmp_path):
    document = tmp_path / "performance.md"
    document.write_text("text", "utf-8")

    with pytest.raises(ValueError, match=document.name):
        write_into(document, "new")

    assert document.read_text("utf-8") == "text"
