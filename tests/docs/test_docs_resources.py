"""Each resource has a page, an example of a mapping and sample rows, and a department."""

from __future__ import annotations

import os
import re

import pytest
import resource_pages

from schemas.resources import resources


def test_the_pages_are_what_the_schemas_say():
    wanted = resource_pages.pages()
    if os.environ.get("HEDUI_WRITE_DOCS"):
        for name, text in wanted.items():
            (resource_pages.FOLDER / name).write_text(text, "utf-8")
    written = {file.name: file.read_text("utf-8") for file in resource_pages.FOLDER.glob("*.md")}
    assert written == wanted, "docs/resources: run this test with HEDUI_WRITE_DOCS=1"


def test_every_resource_has_an_example_and_nothing_else_has():
    files = {file.name for file in resource_pages.EXAMPLES.iterdir()}
    assert files == {f"{name}.{end}" for name in resources() for end in ("toml", "csv")}


def test_examples_carry_their_name_in_both_languages():
    for name, resource in resources().items():
        first, second, *_ = (
            (resource_pages.EXAMPLES / f"{name}.toml").read_text("utf-8").split("\n")
        )
        assert first.startswith(f"# {resource.zh}")
        assert re.match(r"# An example of a mapping", second)


@pytest.mark.requirement("R085")
@pytest.mark.requirement("R126")
@pytest.mark.requirement("R127")
@pytest.mark.requirement("R128")
@pytest.mark.requirement("R129")
@pytest.mark.requirement("R130")
@pytest.mark.parametrize(
    "department",
    ["民政", "公安", "人力资源社会保障", "房管", "公积金", "工商", "国税", "地税", "交通", "银行",
     "财政", "国土房管", "金融办"],
)  # fmt: skip
def test_each_department_that_the_rules_name_supplies_something(department):
    naming = [
        one
        for one in resource_pages.suppliers()
        if department in one["zh"] or department in one.get("then", "")
    ]
    assert naming
    assert all(one["resources"] for one in naming)


def test_every_resource_has_one_department():
    listed = [name for one in resource_pages.suppliers() for name in one["resources"]]
    assert sorted(listed) == sorted(resources())
