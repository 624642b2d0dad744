"""Named operators of one centre, their roles and tokens, and who a call comes from (R076, R078)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class OperatorRole(StrEnum):
    """What an operator is trusted with; which act needs which stands in `bus.rules.access`."""

    VIEWER = "viewer"
    SUBMITTER = "submitter"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


ROLE_ZH = {
    OperatorRole.VIEWER: "查看员",
    OperatorRole.SUBMITTER: "提交员",
    OperatorRole.REVIEWER: "审查员",
    OperatorRole.ADMINISTRATOR: "管理员",
    OperatorRole.AUDITOR: "审计员",
}
"""What people read."""

Roles = tuple[OperatorRole, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """A named member of staff.

    `unit` is the entrusting unit (委托单位) as applications name it, empty for the centre's own
    staff (R034). `enabled` is taken away and never the row, so that the books can be read for ever.
    """

    name: str
    roles: Roles
    unit: str
    enabled: bool
    made: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Token:
    """What an operator shows instead of a password: `<id>.<secret>`.

    The secret is kept as its HMAC under the store key alone. `used` is when it last served, to the
    hour.
    """

    id: str
    operator: str
    mac: bytes
    made: datetime
    expires: datetime
    revoked: datetime | None = None
    used: datetime | None = None

    def serves(self, now: datetime) -> bool:
        """Whether it may be used at an instant."""
        return self.revoked is None and self.made <= now < self.expires

    def at_use(self, now: datetime) -> Token:
        """Return the token as it is kept once it has served at an instant."""
        return replace(self, used=now)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call. `roles` is None where the centre has registered no operator yet.

    `uid` is the user at the other end of the Unix socket, None over TLS.
    """

    name: str
    roles: frozenset[OperatorRole] | None
    unit: str = ""
    uid: int | None = None

    @property
    def registered(self) -> bool:
        """Whether a registered operator calls, known by its token."""
        return self.roles is not None
