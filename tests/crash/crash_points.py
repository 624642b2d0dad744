"""The places at which a daemon is killed: between two calls of its ports, named once.

| point | is |
|---|---|
| `opened` | the store is open, nothing else |
| `subscribed` | the topics are subscribed, no record is read yet |
| `step.polled` | records are read, their transaction has not begun |
| `step.uncommitted` | everything of the step is written, nothing committed |
| `step.committed` | committed; the broker has not been told the offsets |
| `submit.uncommitted` | an operator's application is written, not committed |
| `submit.committed` | committed, neither answered to the operator nor published |
| `lookup.done` | the agency's source has answered, nothing is written |
| `answer.uncommitted` | answer and closed row are written, not committed |
| `answer.committed` | committed, not published |
| `directory.uncommitted` | the hub's signed directory is written, not committed |
| `directory.committed` | committed, not published |
| `directory.published` | published, not marked as sent |
| `relay.read` | outbox rows are read, not published |
| `relay.half-published` | the first half of the rows is published |
| `relay.published` | all are published, their marking has not begun |
| `relay.unmarked` | the mark is written, not committed |
| `relay.marked` | the mark is committed |

Which transaction is open is told by the calls made on its unit, see `transaction_of`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

OPENED, SUBSCRIBED = "opened", "subscribed"
POLLED = "step.polled"
LOOKED_UP = "lookup.done"
HALF_PUBLISHED, PUBLISHED = "relay.half-published", "relay.published"
DIRECTORY_PUBLISHED = "directory.published"

STEP = ("step.polled", "step.uncommitted", "step.committed")
SUBMIT = ("submit.uncommitted", "submit.committed")
ANSWER = ("lookup.done", "answer.uncommitted", "answer.committed")
DIRECTORY = ("directory.uncommitted", "directory.committed", "directory.published")
RELAY = (
    "relay.read",
    "relay.half-published",
    "relay.published",
    "relay.unmarked",
    "relay.marked",
)
RECOVERY = (
    # What a first death must leave behind, so that the second start reaches the second point.
    ("step.uncommitted", "opened"),
    ("step.uncommitted", "subscribed"),
    ("step.uncommitted", "step.uncommitted"),
    ("step.committed", "relay.published"),
)
"""Killed at the first point, started again, and killed at the second before it has recovered."""

_UNCOMMITTED = {"relay": "unmarked"}
_COMMITTED = {"relay": "marked", "read": "read"}
_READ = "read"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction in which something happens that has a name."""

    name: str

    @property
    def before_commit(self) -> str | None:
        """The point just before its commit; None for one that only reads."""
        if self.name == _READ:
            return None
        return f"{self.name}.{_UNCOMMITTED.get(self.name, 'uncommitted')}"

    @property
    def after_commit(self) -> str:
        """The point just after its commit."""
        owner = "relay" if self.name == _READ else self.name
        return f"{owner}.{_COMMITTED.get(self.name, 'committed')}"


def transaction_of(calls: Collection[str]) -> Transaction | None:
    """Return which transaction it is, by the calls made on its unit; None for any other.

    | a call of | tells |
    |---|---|
    | `store_offset` | a step |
    | `mark_sent` | the relay's mark |
    | `unsent`, with rows to publish | the relay's reading |
    | `enqueue` to the directory's topic | the hub's directory |
    | `append_audit` of an answer sent, outside a step | an agency's answer |
    | `append_audit` of a query submitted | an operator's application |
    """
    for call, name in (
        ("store_offset", "step"),
        ("mark_sent", "relay"),
        ("unsent", _READ),
        ("enqueue directory", "directory"),
        ("append_audit answer.sent", "answer"),
        ("append_audit query.submitted", "submit"),
    ):
        if call in calls:
            return Transaction(name)
    return None
