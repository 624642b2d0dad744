"""What `hedui hub provision` reports: each change, what came of it, and what a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bus.api.body import Answered
from bus.api.errors import ErrorBody, FindingBody, error_body
from bus.broker.provisioning.cluster import Outcome
from bus.broker.provisioning.plan import (
    AddRight,
    Change,
    CreateTopic,
    DeleteTopic,
    RemoveRight,
    SetSettings,
)
from bus.broker.provisioning.rights import Right


class RightBody(Answered):
    """One right (ACL), always literal."""

    resource: str
    name: str
    principal: str
    host: str
    operation: str

    @classmethod
    def of(cls, right: Right) -> RightBody:
        """Return the body of a right."""
        return cls(
            resource=right.resource,
            name=right.name,
            principal=right.principal,
            host=right.host,
            operation=right.operation,
        )


class ChangeBody(Answered):
    """One change. `done` is null in a dry run."""

    act: Annotated[
        str, Field(description="create-topic, set, add-right, remove-right, delete-topic")
    ]
    topic: str | None = None
    partitions: int | None = None
    replication_factor: int | None = None
    settings: Mapping[str, str] | None = None
    found: Mapping[str, str] | None = None
    right: RightBody | None = None
    done: bool | None = None
    error: ErrorBody | None = None

    @classmethod
    def of(cls, change: Change, outcome: Outcome | None = None) -> ChangeBody:
        """Return the body of a change, with what came of it if it was made."""
        body = cls._described(change)
        if outcome is None:
            return body
        error = None if outcome.error is None else error_body(outcome.error)
        return body.model_copy(update={"done": error is None, "error": error})

    @classmethod
    def _described(cls, change: Change) -> ChangeBody:
        match change:
            case CreateTopic(topic):
                return cls(
                    act="create-topic",
                    topic=topic.name,
                    partitions=topic.partitions,
                    replication_factor=topic.replication_factor,
                    settings=topic.settings,
                )
            case SetSettings(name, wanted, found):
                return cls(act="set", topic=name, settings=wanted, found=found)
            case AddRight(right):
                return cls(act="add-right", right=RightBody.of(right))
            case RemoveRight(right):
                return cls(act="remove-right", right=RightBody.of(right))
            case DeleteTopic(name):
                return cls(act="delete-topic", topic=name)


class ProvisionBody(Answered):
    """A whole run: its changes in their order, and the drift that needs a person."""

    dry_run: bool
    changes: tuple[ChangeBody, ...]
    drift: tuple[FindingBody, ...]
