"""What must hold of all participants together: one tree under the hub, one owner a key."""

from __future__ import annotations

from collections.abc import Mapping

from signer.directory.view import Participant
from signer.errors import DirectoryError
from signer.identity import HUB, Role

MAX_NODES = 4
"""Nodes on the way from a participant to the hub, at most: province, city, county, and one more.

A Roster passes those above its requester, the hub, and those above an agency: nine of an envelope's
ten seals.
"""


def check_tree(participants: Mapping[str, Participant]) -> None:
    """Check that parents form a tree rooted at the hub.

    The hub alone has no parent (R003); a node's parent is the hub or a node; an adapter's is the
    centre that its id names. Messages move along these edges only, so nothing can be listed that
    would let two provinces exchange directly (R002).

    Raises:
        DirectoryError: `DIRECTORY_PARENT`, `DIRECTORY_CYCLE`, `DIRECTORY_TOO_DEEP`.
    """
    for participant in participants.values():
        if not _parent_fits(participant, participants):
            raise DirectoryError(
                "DIRECTORY_PARENT",
                "上级参与方不存在或不合规",
                "the parent is missing or may not be one",
                where=participant.id,
            )
    for name in participants:
        path: set[str] = set()
        at: str | None = name
        while at is not None:
            if at in path:
                raise DirectoryError(
                    "DIRECTORY_CYCLE",
                    "上下级关系成环",
                    "parents form a cycle",
                    where=name,
                )
            path.add(at)
            at = participants[at].parent
        if sum(participants[one].role is Role.NODE for one in path) > MAX_NODES:
            raise DirectoryError(
                "DIRECTORY_TOO_DEEP",
                f"部中心以下超过 {MAX_NODES} 级节点",
                f"more than {MAX_NODES} levels of nodes below the hub",
                where=name,
            )


def check_keys(participants: Mapping[str, Participant]) -> None:
    """Check that no key is listed twice.

    Raises:
        DirectoryError: `DIRECTORY_KEY_SHARED`.
    """
    owners: dict[bytes, str] = {}
    for participant in participants.values():
        for key in participant.keys:
            if key.id in owners:
                raise DirectoryError(
                    "DIRECTORY_KEY_SHARED",
                    "同一密钥登记了两次",
                    f"a key is listed twice, first for {owners[key.id]}",
                    where=participant.id,
                )
            owners[key.id] = participant.id


def _parent_fits(participant: Participant, participants: Mapping[str, Participant]) -> bool:
    if participant.id == HUB:
        return participant.parent is None
    parent = participants.get(participant.parent or "")
    if parent is None:
        return False
    if participant.role is Role.ADAPTER:
        return parent.id == participant.id.partition(".")[0]
    return parent.role is not Role.ADAPTER
