"""The specification lists every test and every case, and no other."""

from __future__ import annotations

import os

import conformance_page


def test_the_page_lists_the_tests_and_cases_there_are():
    if os.environ.get("HEDUI_WRITE_DOCS"):
        conformance_page.write(conformance_page.section())
    assert conformance_page.written() == conformance_page.section(), (
        "docs/spec/conformance.md: run this test with HEDUI_WRITE_DOCS=1"
    )
