"""The page that shows each statement of the rules with the code that holds it and its tests.

Code is what cites the number in a comment or docstring, tests are those marked with it. Both are
read from the sources, so the page cannot claim what is not there.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "regulation.md"
STATEMENTS = Path(__file__).with_name("regulation_statements.toml")
ROOMS = ("schemas", "signer", "bus", "adapters")
CITING = (
    *(f"{room}/**/*.py" for room in ROOMS),
    "schemas/resource/*.avsc",
    "schemas/codes/*.toml",
)
"""The files that cite: code, and the data that holds a statement as much as code does."""

SOURCES = {
    "S0": "《民政部 住房和城乡建设部关于做好社会救助家庭住房公积金、住房保障、住房买卖等"
    "信息核对工作的通知》（民发〔2016〕238号）",
    "S1": "《居民家庭经济状况信息部省联网查询办法（试行）》（民办发〔2018〕32号）",
    "S2": "《江苏省住房城乡建设厅关于推广泰州市市区住房保障诚信管理经验做法的通知》（2017）",
    "S3": "《城口县人民政府办公室关于建立低收入居民家庭经济状况核对机制的通知》"
    "（城府办发〔2013〕274号）",
    "S4": "《庆阳市城乡居民家庭经济状况核对试点工作实施方案》（庆政办发〔2015〕42号）",
}
"""The documents whose statements are listed, by the short names of the page."""

WHOLE = range(1, 54)
"""The numbers of S1, of which every statement is held; of the others those are listed that are."""

_CITED = re.compile(r"R([01]\d\d)(?:\s*(?:-|–|to)\s*R([01]\d\d))?")
_MOST_TESTS = 6
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Statement:
    """One statement: of which source, and `own` where it is our reading of a general clause."""

    number: str
    place: str
    zh: str
    en: str
    own: bool = False
    source: str = "S1"


def statements() -> list[Statement]:
    """Return the statements in order."""
    found = tomllib.loads(STATEMENTS.read_text("utf-8"))["statement"]
    return [Statement(**one) for one in found]


def cited(root: Path = ROOT) -> Mapping[str, set[str]]:
    """Return the files of the product that cite each number."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted(f for pattern in CITING for f in root.glob(pattern)):
        for number in _numbers(file.read_text("utf-8")):
            found[number].add(file.relative_to(root).as_posix())
    return found


def marked(root: Path = ROOT) -> Mapping[str, set[str]]:
    """Return the tests that are marked with each number, as `file::name`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted((root / "tests").rglob("test_*.py")):
        text = file.read_text("utf-8")
        if "requirement" in text:
            name = file.relative_to(root).as_posix()
            for test, number in _marks(ast.parse(text)):
                found[number].add(f"{name}::{test}")
    return found


def missing(
    wanted: Iterable[Statement], code: Mapping[str, set[str]], tests: Mapping[str, set[str]]
) -> list[str]:
    """Return what each statement lacks."""
    return [
        f"{one.number}: no {what}"
        for one in wanted
        for what, found in (("code", code), ("test", tests))
        if not found.get(one.number)
    ]


def page() -> str:
    """Return the text of the page."""
    code, tests = cited(), marked()
    lines = [
        "# The regulation, statement by statement",
        "",
        "Each statement, the code or data that holds it, and the tests that show it. Made from",
        "citations and marks by `tests/docs/test_docs_regulation.py`. A statement without code or",
        "test fails the build, and so does one without a test that passed. ★: our reading of a",
        "general clause. Where the sources are silent:",
        "[decision 0008](decisions/0008-gaps-in-the-sources.md).",
        "",
        "Sources: of S1 every statement is listed, of the others those that are held by now.",
        "",
        *(f"- **{short}** {title}" for short, title in SOURCES.items()),
        "",
        "| no. | place | what must hold | code | tests |",
        "|---|---|---|---|---|",
    ]
    for one in statements():
        star = " ★" if one.own else ""
        shown = _cells(code.get(one.number, set()), tests.get(one.number, set()))
        place = f"{one.source} {one.place}"
        lines.append(f"| {one.number}{star} | {place} | {one.zh}。 {one.en}. | {shown} |")
    return "\n".join([*lines, ""])


def _cells(code: set[str], tests: set[str]) -> str:
    files = "<br>".join(f"[{file}](../{file})" for file in sorted(code))
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted(tests):
        file, _, name = test.partition("::")
        by_file[file].append(name)
    shown = [f"[{Path(file).stem}](../{file}): {_listed(names)}" for file, names in by_file.items()]
    return f"{files} | {'<br>'.join(shown)}"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_TESTS
    listed = ", ".join(f"`{name.removeprefix('test_')}`" for name in names[:_MOST_TESTS])
    return f"{listed} and {more} more" if more > 0 else listed


def _numbers(text: str) -> Iterator[str]:
    for first, last in _CITED.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"R{number:03d}"


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each test with each number it is marked with, its module's and class's included.

    A mark may have been given a name in the module first.
    """
    named = {
        target.id: tuple(_given([node.value], {}))
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for scope, held in _scopes(tree, (), named):
        for node in scope.body:
            if isinstance(node, _FUNCTIONS) and node.name.startswith("test_"):
                for number in {*held, *_given(node.decorator_list, named)}:
                    yield node.name, number


def _scopes(
    scope: ast.Module | ast.ClassDef, held: tuple[str, ...], names: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[ast.Module | ast.ClassDef, tuple[str, ...]]]:
    named = [
        node.value
        for node in scope.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
    ]
    own = scope.decorator_list if isinstance(scope, ast.ClassDef) else []
    held = (*held, *_given([*named, *own], names))
    yield scope, held
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _scopes(node, held, names)


def _given(nodes: Iterable[ast.AST], names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for node in (inner for one in nodes for inner in ast.walk(one)):
        if isinstance(node, ast.Name):
            yield from names.get(node.id, ())
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "requirement"
        ):
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))
