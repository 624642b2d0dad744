"""Puts a question, with its help and default, on a terminal or to a file of answers.

A wrong answer is asked again on a terminal; in a file it is an error that names its key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import typer

from bus.cli.output import print_error, printable
from bus.errors import HeduiError, InputError

NONE = "-"
"""The answer that says: there is none."""


def _as_written(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: Its key in a file of answers; dots part tables.
        zh: What is asked, in Chinese; `en` in English.
        default: The answer of whoever presses return.
        help_zh: What one has to know to answer; `help_en` in English.
        check: Returns the answer as it is used, or raises `InputError`.
    """

    key: str
    zh: str
    en: str
    default: str
    help_zh: str
    help_en: str
    check: Callable[[str], str] = _as_written


class Asking(Protocol):
    """Where answers come from."""

    def ask(self, question: Question) -> str:
        """Return the checked answer to a question."""
        ...

    def secret(self, zh: str, en: str) -> str:
        """Return a secret that is typed and never shown.

        Raises:
            InputError: `ANSWER_INVALID`: nobody is there to type it.
        """
        ...

    def again(self, error: HeduiError) -> None:
        """Say that answers given before do not do, so that they can be asked again.

        Raises:
            HeduiError: The error itself, where asking again gives the same answers.
        """
        ...

    def end(self) -> None:
        """Say that nothing more is asked.

        Raises:
            InputError: `ANSWER_UNKNOWN`: there are answers that nobody asked for.
        """
        ...


class Terminal:
    """A person who answers."""

    def ask(self, question: Question) -> str:
        """Return the checked answer to a question; a wrong one is asked again."""
        typer.echo(f"  {question.help_zh} / {question.help_en}")
        while True:
            shown = printable(f"{question.zh} / {question.en}")
            answer = str(typer.prompt(shown, default=question.default)).strip()
            try:
                return question.check(clean(answer))
            except InputError as error:
                print_error(error, as_json=False)

    def secret(self, zh: str, en: str) -> str:
        """Return a secret that is typed and never shown."""
        return str(typer.prompt(f"{zh} / {en}", hide_input=True))

    def again(self, error: HeduiError) -> None:
        """Show why it is asked again."""
        print_error(error, as_json=False)

    def end(self) -> None:
        """Nothing is left over on a terminal."""


class AnswersFile:
    """A TOML file of answers; what it does not answer has its default.

    Raises:
        InputError: `ANSWERS_UNREADABLE`: it cannot be read or is no TOML.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: set[str] = set()
        try:
            self._answers = dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise InputError(
                "ANSWERS_UNREADABLE",
                "答案文件无法读取，或不是 TOML",
                "the file of answers cannot be read or is no TOML",
                where=str(path),
            ) from None

    def ask(self, question: Question) -> str:
        """Return the checked answer to a question, its default where the file has none."""
        self._asked.add(question.key)
        answer = self._answers.get(question.key, question.default)
        try:
            if not isinstance(answer, str):
                raise invalid("须为带引号的文本", "a quoted text is needed")
            return question.check(clean(answer.strip()))
        except InputError as error:
            raise invalid(error.zh, error.en, where=f"{self._path}: {question.key}") from None

    def secret(self, zh: str, en: str) -> str:
        """Refuse: a secret stands in a file of its own."""
        raise invalid(f"{zh}：须先写入文件", f"{en}: write it to the file first", str(self._path))

    def again(self, error: HeduiError) -> None:
        """Raise the error: the file would give the same answers."""
        raise error

    def end(self) -> None:
        """Refuse answers that nobody asked for: one of them was meant for something."""
        left = sorted(self._answers.keys() - self._asked)
        if left:
            raise InputError(
                "ANSWER_UNKNOWN",
                f"答案文件中有未问及的键：{'、'.join(left)}",
                f"the file answers what was not asked: {', '.join(left)}",
                where=str(self._path),
            )


def clean(answer: str) -> str:
    """Return an answer that can stand in a file.

    Raises:
        InputError: `ANSWER_INVALID`: it holds control characters.
    """
    if answer and not answer.isprintable():
        raise invalid("不得含控制字符", "it must not hold control characters")
    return answer


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """Return a check that takes one of these."""

    def check(answer: str) -> str:
        if answer not in choices:
            listed = ", ".join(choices)
            raise invalid(f"须为下列之一：{listed}", f"one of these is needed: {listed}")
        return answer

    return check


def invalid(zh: str, en: str, where: str = "") -> InputError:
    """Return what a check raises."""
    return InputError("ANSWER_INVALID", zh, en, where=where)


def _flat(table: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in table.items():
        pairs += (
            _flat(value, f"{above}{key}.") if isinstance(value, dict) else [(above + key, value)]
        )
    return pairs
