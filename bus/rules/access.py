"""Who may do what at a centre: one table of acts and roles (R035, R076, R078).

★ The rules ask for control (R076) and a name to every act (R078) and list no roles. Ours keep apart
what must not be in one hand: who makes operators reads nobody's result, and who audits does
nothing that is audited. That nobody decides on his own application needs no rule here: it is
decided on by another participant than the one that submitted it, each with operators of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from bus.model.messages import Finding
from bus.model.operator import OperatorRole


class Deed(StrEnum):
    """Kinds of acts. Those after LOOK and CHAIN leave an entry in the audit chain."""

    LOOK = "look"
    """States, lists, catalogue: no personal data."""
    CHAIN = "chain"
    """The audit chain itself, and whether it holds."""
    SUBMIT = "submit"
    """Submit a query, and what the requester does with it afterwards."""
    READ_RESULT = "read-result"
    """Results, and proofs that disclose them (R035)."""
    EXPORT_PROOF = "export-proof"
    """Proofs that disclose nothing."""
    READ_APPLICATION = "read-application"
    """Applications at the hub or a superior centre, with their lists."""
    READ_EVIDENCE = "read-evidence"
    """Evidence about persons: archived at a requester, produced to the hub (R035)."""
    DECIDE = "decide"
    """Accept or refuse applications."""
    DELAY = "delay"
    """Give notice that rows are late (R030)."""
    OPERATE = "operate"
    """Run the centre: quarantine, calendar, tests."""
    ADMIT = "admit"
    """Admission of participants, and what is on file about them."""
    OPERATORS = "operators"
    """Make operators, give and take roles."""
    OWN_TOKEN = "own-token"  # noqa: S105 - the name of an act
    """Tokens: one's own, or as an administrator anybody's."""
    AUDIT = "audit"
    """Reports on who saw what, inspections."""


_R = OperatorRole
_ALL = frozenset(OperatorRole)

# R076
MAY: dict[Deed, frozenset[OperatorRole]] = {
    Deed.LOOK: _ALL,
    Deed.CHAIN: frozenset({_R.AUDITOR, _R.ADMINISTRATOR}),
    Deed.SUBMIT: frozenset({_R.SUBMITTER}),
    Deed.READ_RESULT: frozenset({_R.VIEWER, _R.SUBMITTER}),
    Deed.EXPORT_PROOF: frozenset({_R.VIEWER, _R.SUBMITTER, _R.AUDITOR}),
    Deed.READ_APPLICATION: frozenset({_R.REVIEWER}),
    Deed.READ_EVIDENCE: frozenset({_R.SUBMITTER, _R.REVIEWER}),
    Deed.DECIDE: frozenset({_R.REVIEWER}),
    Deed.DELAY: frozenset({_R.SUBMITTER, _R.REVIEWER}),
    Deed.OPERATE: frozenset({_R.ADMINISTRATOR}),
    Deed.ADMIT: frozenset({_R.ADMINISTRATOR}),
    Deed.OPERATORS: frozenset({_R.ADMINISTRATOR}),
    Deed.OWN_TOKEN: _ALL,
    Deed.AUDIT: frozenset({_R.AUDITOR}),
}
"""The roles of which an operator needs one."""

_ALONE = (_R.ADMINISTRATOR, _R.AUDITOR)
"""★ Roles that go with no other: each is what keeps the others in check."""


def may(roles: Collection[OperatorRole], deed: Deed) -> bool:
    """Whether somebody with these roles may do a kind of act."""
    return not MAY[deed].isdisjoint(roles)


def check_roles(roles: Iterable[OperatorRole]) -> tuple[Finding, ...]:
    """Return what speaks against one person having these roles together; nothing if they may.

    Returns:
        At most one of `ROLES_EMPTY`, `ROLES_TOGETHER`.
    """
    found = frozenset(roles)
    if not found:
        return (Finding("ROLES_EMPTY", "没有角色", "no role is given", "roles"),)
    for alone in _ALONE:
        if alone in found and len(found) > 1:
            return (
                Finding(
                    "ROLES_TOGETHER",
                    "管理员、审计员不得兼任其他角色",
                    "an administrator or auditor has no other role",
                    "roles",
                ),
            )
    return ()
