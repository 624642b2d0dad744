"""Everything that is done to the network, in order: the long form, and the tests' short one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from crash_deeds import Ordeal, Outcome
from crash_points import ANSWER, DIRECTORY, RECOVERY, RELAY, STEP, SUBMIT

from adapters.demo.agencies import SHANDONG
from signer.identity import HUB, inbox_topic, outbox_topic

PROVIDER = "320000"
AGENCY = "320000.housing-fund"
ROLES = (HUB, SHANDONG, PROVIDER, AGENCY)

ROLE_NAMES = {
    HUB: "hub",
    SHANDONG: "node that asks",
    PROVIDER: "node that provides",
    AGENCY: "adapter",
    "broker": "Kafka",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do.

    Attributes:
        name: What is done, and to whom.
    """

    name: str
    do: Callable[[], Outcome]


def long_form(ordeal: Ordeal) -> Iterator[Deed]:
    """Yield every deed for a network on one node of Kafka."""
    for role in ROLES:
        own = {HUB: DIRECTORY, SHANDONG: SUBMIT, AGENCY: ANSWER}.get(role, ())
        points = [(point,) for point in (*STEP, *own, *RELAY)]
        for places in (*points, *RECOVERY):
            yield Deed(f"kill {role} {places}", partial(ordeal.kill_at, role, *places))
        yield Deed(f"kill {role}", partial(ordeal.kill_outright, role))
        yield Deed(f"freeze {role}", partial(ordeal.freeze, role))
        yield Deed(f"restore {role}", partial(ordeal.restore, role))
    yield Deed("kill broker", ordeal.kill_broker)


def three_nodes(ordeal: Ordeal) -> Iterator[Deed]:
    """Yield the deeds for a network on three nodes of Kafka."""
    for topic in (outbox_topic(SHANDONG), inbox_topic(PROVIDER)):
        yield Deed(f"kill leader of {topic}", partial(ordeal.kill_broker, topic))


SHORT = (
    (HUB, "step.uncommitted"),
    (HUB, "directory.published"),
    (SHANDONG, "submit.committed"),
    (PROVIDER, "step.committed", "relay.published"),
    (PROVIDER, "relay.half-published"),
    (AGENCY, "lookup.done"),
    (AGENCY, "answer.uncommitted"),
)
"""What a test run has time for."""
