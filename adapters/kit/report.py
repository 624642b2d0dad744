"""What became of each case: the result model of the kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a case ended.

    NOT_SHOWN: it needs something that was not given, such as known people; the text says what.
    NOT_APPLICABLE: the source or the mapping is of a kind that the case says nothing about.
    """

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_SHOWN = "NOT_SHOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class Result:
    """How one case ended, and why, in both languages; `code` is set where it failed.

    Texts hold counts, codes, and names of columns and items; never a value of the source.
    """

    verdict: Verdict
    zh: str = ""
    en: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One case on one resource; `resource` is empty where it is about the whole connector."""

    number: str
    zh: str
    en: str
    resource: str
    result: Result
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """All of them, in the order in which they ran."""

    lines: Sequence[Line]

    def count(self, verdict: Verdict) -> int:
        """Return how many lines ended so."""
        return sum(line.result.verdict is verdict for line in self.lines)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing failed; with `strict`, whether nothing was left unshown either."""
        unshown = self.count(Verdict.NOT_SHOWN) if strict else 0
        return self.count(Verdict.FAILED) + unshown == 0

    def plain(self) -> list[dict[str, Any]]:
        """Return the lines in plain JSON types."""
        return [
            {
                "case": line.number,
                "zh": line.zh,
                "en": line.en,
                "resource": line.resource or None,
                "verdict": line.result.verdict.value,
                "code": line.result.code or None,
                "detail_zh": line.result.zh,
                "detail_en": line.result.en,
                "seconds": round(line.seconds, 3),
            }
            for line in self.lines
        ]


def passed(zh: str = "", en: str = "") -> Result:
    """Return that a case passed."""
    return Result(Verdict.PASSED, zh, en)


def failed(code: str, zh: str, en: str) -> Result:
    """Return that a case failed, with a stable code."""
    return Result(Verdict.FAILED, zh, en, code)


def not_shown(zh: str, en: str) -> Result:
    """Return that a case could not be shown, and what it needs."""
    return Result(Verdict.NOT_SHOWN, zh, en)


def not_applicable(zh: str, en: str) -> Result:
    """Return that a case says nothing about this source, and why."""
    return Result(Verdict.NOT_APPLICABLE, zh, en)
