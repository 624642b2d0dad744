"""The shape every error of the product has: coded, in two languages, saying what to do next.

It stands in the lowest room so that each room above can raise its own kind without a room of
shared odds and ends. Texts never hold personal data: a place (sheet, row, field name) yes, the
value found there no.
"""

from __future__ import annotations


class HeduiError(Exception):
    """An error with a stable code, a Chinese and an English text and a remedy.

    The subclass says what the catcher does next and whose fault it is.

    Args:
        code: Stable upper-case name, e.g. `KEY_FILE_READABLE`. Tests and operators rely on it.
        zh: What happened, for the operator, in Chinese.
        en: The same in English.
        remedy_zh: What to do about it, in Chinese. Empty where `zh` already says it.
        remedy_en: The same in English.
        where: The place at fault: a file, a field, a sheet and row. Never a personal value.
    """

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        remedy_zh: str = "",
        remedy_en: str = "",
        where: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.zh = zh
        self.en = en
        self.remedy_zh = remedy_zh
        self.remedy_en = remedy_en
        self.where = where

    def __str__(self) -> str:
        """One line: code, place, Chinese first, English beside it."""
        place = f" [{self.where}]" if self.where else ""
        zh = f"{self.zh}。{self.remedy_zh}" if self.remedy_zh else self.zh
        en = f"{self.en}. {self.remedy_en}" if self.remedy_en else self.en
        return f"{self.code}{place}: {zh} / {en}"


class InputError(HeduiError):
    """The caller gave something that cannot be used: the caller mends it and tries again."""


class ConfigError(HeduiError):
    """The process cannot start or go on as configured: the operator mends the configuration."""


class UnavailableError(HeduiError):
    """Something outside is down for now: try again later, nothing is lost."""


class DefectError(HeduiError):
    """The product broke a promise of its own: stop, report it, change nothing."""
