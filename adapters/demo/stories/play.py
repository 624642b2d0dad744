"""Plays a story by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from adapters.demo.stories import cancelled, city, evidence, late, rechecked, refused
from adapters.demo.stories.account import Account
from adapters.demo.stories.stage import Stage
from bus.rules.review_policy import ReviewPolicy
from signer.suites.keys import require_suite


class StoryChoice(StrEnum):
    """The stories there are, and all of them."""

    REFUSED = "refused"
    LATE = "late"
    CANCELLED = "cancelled"
    RECHECKED = "rechecked"
    EVIDENCE = "evidence"
    CITY = "city"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Story:
    """One story: its title, when it begins, how the hub reviews, and what happens."""

    zh: str
    en: str
    begins: datetime
    policy: ReviewPolicy
    play: Callable[[Stage], Awaitable[None]]


STORIES: Mapping[StoryChoice, Story] = MappingProxyType(
    {
        StoryChoice.REFUSED: Story(
            refused.ZH, refused.EN, refused.BEGINS, refused.POLICY, refused.play
        ),
        StoryChoice.LATE: Story(late.ZH, late.EN, late.BEGINS, late.POLICY, late.play),
        StoryChoice.CANCELLED: Story(
            cancelled.ZH, cancelled.EN, cancelled.BEGINS, cancelled.POLICY, cancelled.play
        ),
        StoryChoice.RECHECKED: Story(
            rechecked.ZH, rechecked.EN, rechecked.BEGINS, rechecked.POLICY, rechecked.play
        ),
        StoryChoice.EVIDENCE: Story(
            evidence.ZH, evidence.EN, evidence.BEGINS, evidence.POLICY, evidence.play
        ),
        StoryChoice.CITY: Story(city.ZH, city.EN, city.BEGINS, city.POLICY, city.play),
    }
)
"""In the order they are told."""


def chosen(choice: StoryChoice) -> tuple[StoryChoice, ...]:
    """Return the stories that a choice names."""
    return tuple(STORIES) if choice is StoryChoice.ALL else (choice,)


def play(choice: StoryChoice, suite: str) -> Account:
    """Play one story to its end.

    Args:
        choice: Which one; not all of them.
        suite: The suite of the messages.

    Raises:
        ConfigError: `SUITE_NAME`, `GM_NOT_INSTALLED`.
        HeduiError: The story cannot go on; its account would be no account.
    """
    require_suite(suite, "--suite")
    return asyncio.run(_play(choice, suite))


async def _play(choice: StoryChoice, suite: str) -> Account:
    story = STORIES[choice]
    account = Account(choice, story.zh, story.en)
    stage = await Stage.open(account, story.begins, suite, story.policy)
    try:
        await story.play(stage)
    finally:
        await stage.close()
    return account
