"""How far a query has come, in a line: 29 项已反馈、2 项待反馈、1 项拒绝 (★ R001, R029)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """How many things that were asked are answered, due still, or will have no answer."""

    answered: int
    due: int
    refused: int

    @property
    def complete(self) -> bool:
        """Whether nothing is due any more."""
        return not self.due

    @property
    def zh(self) -> str:
        """The account in Chinese."""
        return f"{self.answered} 项已反馈、{self.due} 项待反馈、{self.refused} 项拒绝"

    @property
    def en(self) -> str:
        """The account in English."""
        return f"{self.answered} answered, {self.due} due, {self.refused} refused"
