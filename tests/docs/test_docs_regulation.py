"""Each statement of the rules is held by code and shown by a test, and the page says where."""

from __future__ import annotations

import os

import regulation_page as regulation

TEST = """
import pytest

pytestmark = pytest.mark.requirement("R003")
NAMED = pytest.mark.requirement("R004")

@pytest.mark.requirement("R001")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("R002"))])
def test_a(x): ...

class TestB:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=NAMED)])
    async def test_b(self): ...

def helper(): ...
"""


def test_every_statement_of_the_rules_is_listed_once_and_in_order():
    listed = regulation.statements()
    numbers = [one.number for one in listed]
    assert numbers == sorted(set(numbers))
    whole = [one.number for one in listed if one.source == "S1"]
    assert whole == [f"R{n:03d}" for n in regulation.WHOLE]
    assert {one.source for one in listed} == set(regulation.SOURCES)


def test_every_statement_has_code_and_a_test():
    lacking = regulation.missing(regulation.statements(), regulation.cited(), regulation.marked())
    assert lacking == []


def test_the_page_is_what_the_sources_say():
    text = regulation.page()
    if os.environ.get("HEDUI_WRITE_DOCS"):
        regulation.PAGE.write_text(text, "utf-8")
    assert regulation.PAGE.read_text("utf-8") == text, (
        "docs/regulation.md: run this test with HEDUI_WRITE_DOCS=1"
    )


def test_citations_and_marks_are_found_where_they_stand(tmp_path):
    (tmp_path / "bus").mkdir()
    (tmp_path / "tests").mkdir()
    for folder, name in (("resource", "b.v1.avsc"), ("codes", "c.toml"), ("message", "d.v1.avsc")):
        (tmp_path / "schemas" / folder).mkdir(parents=True)
        (tmp_path / "schemas" / folder / name).write_text("R107, R108", "utf-8")
    (tmp_path / "bus" / "a.py").write_text('"""Of R041-R043."""\n# R005\n', "utf-8")
    (tmp_path / "tests" / "test_a.py").write_text(TEST, "utf-8")
    cited = regulation.cited(tmp_path)
    data = {"schemas/resource/b.v1.avsc", "schemas/codes/c.toml"}
    code = {key: {"bus/a.py"} for key in ("R041", "R042", "R043", "R005")}
    assert dict(cited) == {**code, "R107": data, "R108": data}
    a, b = "tests/test_a.py::test_a", "tests/test_a.py::test_b"
    marked = regulation.marked(tmp_path)
    assert marked == {"R001": {a}, "R002": {a}, "R003": {a, b}, "R004": {b}}


def test_a_statement_without_code_or_test_is_named():
    one = regulation.Statement("R001", "", "", "")
    assert regulation.missing([one], {}, {}) == ["R001: no code", "R001: no test"]
    assert regulation.missing([one], {"R001": {"a"}}, {"R001": {"b"}}) == []
