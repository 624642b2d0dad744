"""A right (ACL) as brokers hold it, and which rights are of this product's making.

Values are Kafka's own names, so that what a person reads here is what Kafka's tools print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from signer.identity import DIRECTORY_TOPIC, IdentityError, principal, role_of

TOPIC_PREFIX = "hedui."
"""What every topic and consumer group of the product begins with."""

_PRINCIPAL = re.compile(r"User:(?P<id>.+)\.g[1-9][0-9]*")
_BOX = re.compile(r"hedui\.(?P<id>.+)\.(inbox|outbox)")
_GROUP = re.compile(r"hedui\.(?P<id>.+)")


class Resource(StrEnum):
    """What a right is about."""

    UNKNOWN = "UNKNOWN"
    TOPIC = "TOPIC"
    GROUP = "GROUP"
    CLUSTER = "CLUSTER"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class Pattern(StrEnum):
    """How a right names its resource; this product writes `LITERAL` only."""

    UNKNOWN = "UNKNOWN"
    LITERAL = "LITERAL"
    PREFIXED = "PREFIXED"


class Operation(StrEnum):
    """What may be done."""

    UNKNOWN = "UNKNOWN"
    ALL = "ALL"
    READ = "READ"
    WRITE = "WRITE"
    CREATE = "CREATE"
    DELETE = "DELETE"
    ALTER = "ALTER"
    DESCRIBE = "DESCRIBE"
    CLUSTER_ACTION = "CLUSTER_ACTION"
    DESCRIBE_CONFIGS = "DESCRIBE_CONFIGS"
    ALTER_CONFIGS = "ALTER_CONFIGS"
    IDEMPOTENT_WRITE = "IDEMPOTENT_WRITE"


class Permission(StrEnum):
    """Whether a right gives or takes."""

    UNKNOWN = "UNKNOWN"
    ALLOW = "ALLOW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One right: this principal, from this address, may do this with that resource."""

    resource: Resource
    name: str
    principal: str
    host: str
    operation: Operation
    pattern: Pattern = Pattern.LITERAL
    permission: Permission = Permission.ALLOW

    def __str__(self) -> str:
        """One line with everything that tells it from others."""
        return (
            f"{self.permission} {self.operation} {self.resource} {self.pattern}:{self.name} "
            f"{self.principal}@{self.host}"
        )


_WRITTEN = frozenset({Operation.READ, Operation.WRITE, Operation.DESCRIBE})


def kafka_principal(participant: str, generation: int) -> str:
    """Return the principal that brokers see for a participant's TLS key, `User:370000.g1`."""
    return f"User:{principal(participant, generation)}"


def is_participant(name: str) -> bool:
    """Whether a principal is one generation of a participant."""
    return _names_participant(_PRINCIPAL.fullmatch(name))


def made_here(right: Right) -> bool:
    """Whether this product could have written a right, now or for an earlier directory.

    Such a right is taken away when the directory does not ask for it. Everything else on our
    resources was written by somebody, who is asked instead.
    """
    return (
        right.pattern is Pattern.LITERAL
        and right.permission is Permission.ALLOW
        and right.operation in _WRITTEN
        and is_participant(right.principal)
        and _is_ours(right.resource, right.name)
    )


def _is_ours(resource: Resource, name: str) -> bool:
    if resource is Resource.TOPIC:
        return name == DIRECTORY_TOPIC or _names_participant(_BOX.fullmatch(name))
    return resource is Resource.GROUP and _names_participant(_GROUP.fullmatch(name))


def _names_participant(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    try:
        role_of(found["id"])
    except IdentityError:
        return False
    return True
