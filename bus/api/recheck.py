"""What an operator asks to check again (复核, R032)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered, Asked
from bus.api.query import QuerySummary, Titles
from bus.model.case import Case


class RecheckBody(Asked):
    """Why a result is disputed, and which lines and persons of it; none named: all."""

    reason: Annotated[
        str, Field(min_length=1, max_length=40, description="复核理由代码 / Code of the reason")
    ]
    lines: Annotated[
        tuple[int, ...],
        Field(max_length=1000, description="查询内容序号，空为全部 / Request lines, none: all"),
    ] = ()
    persons: Annotated[
        tuple[int, ...],
        Field(max_length=100_000, description="人员序号，空为全部 / Persons, none: all"),
    ] = ()


class RecheckedBody(Answered):
    """The new query that checks a result again."""

    summary: QuerySummary
    rechecks: Annotated[UUID | None, Field(description="所复核的查询 / The query it checks again")]

    @classmethod
    def of(cls, case: Case, titles: Titles) -> RecheckedBody:
        """Return the body of the new query's case."""
        named = case.rechecks
        return cls(
            summary=QuerySummary.of(case, titles),
            rechecks=None if named is None else UUID(bytes=named.query),
        )
