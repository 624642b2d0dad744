"""One run: look, plan, change, and look again until the brokers show what was changed.

A controller answers when a change is on record; the brokers act by it a moment later. Whoever is
told "done" may start a participant at once, so a run waits for that moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bus.broker.provisioning.cluster import Cluster, Outcome, where_of
from bus.broker.provisioning.desired import Desired
from bus.broker.provisioning.plan import Change, Plan, plan
from bus.errors import HeduiError, UnavailableError

_AGAIN_SECONDS = 0.1
_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Provisioner:
    """Brings one cluster to what is wanted of it.

    Args:
        cluster: The brokers.
        wanted: What they must hold.
        accepted: Principals whose rights are left alone.
    """

    cluster: Cluster
    wanted: Desired
    accepted: frozenset[str]

    def plan(self) -> Plan:
        """Return what is to be changed, and what a person must decide.

        Raises:
            HeduiError: As `Cluster.look`.
        """
        return plan(self.wanted, self.cluster.look(self.wanted.closing), self.accepted)

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make changes; see `Cluster.apply`."""
        return self.cluster.apply(changes)

    def confirm(
        self,
        outcomes: Sequence[Outcome],
        wait: Callable[[float], None] = time.sleep,
        limit: float = _LIMIT_SECONDS,
    ) -> tuple[Outcome, ...]:
        """Wait until the brokers show what was changed.

        Args:
            outcomes: What `apply` gave.
            wait: Lets some seconds pass between two looks.
            limit: After how many seconds to give up.

        Returns:
            The outcomes, with the error `PROVISION_NOT_SEEN` where a change does not show, or the
            error of looking where that failed.
        """
        made = {_name(outcome.change) for outcome in outcomes if outcome.error is None}
        end = time.monotonic() + limit
        try:
            while (due := self._due(made)) and time.monotonic() < end:
                wait(_AGAIN_SECONDS)
        except HeduiError as error:
            return tuple(_failed(each, made, error) for each in outcomes)
        return tuple(_failed(each, due, _not_seen(each)) for each in outcomes)

    def _due(self, made: set[_Name]) -> set[_Name]:
        return made & {_name(change) for change in self.plan().changes} if made else set()


_Name = tuple[type[Change], str]


def _name(change: Change) -> _Name:
    return type(change), where_of(change)


def _failed(outcome: Outcome, names: set[_Name], error: HeduiError) -> Outcome:
    return Outcome(outcome.change, error) if _name(outcome.change) in names else outcome


def _not_seen(outcome: Outcome) -> HeduiError:
    return UnavailableError(
        "PROVISION_NOT_SEEN",
        "更改已被接受，但消息集群迟迟未生效",
        "The change was taken, but the brokers do not show it",
        remedy_zh="请检查集群状态后再次运行",
        remedy_en="Check the cluster, then run the command again",
        where=where_of(outcome.change),
    )
