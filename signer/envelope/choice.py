"""Which suite a message is made in (spec §3): the preferred one, where all it concerns have it.

A message concerns who must verify it, everybody on its way, and who may read it. Who lists keys of
a suite can verify and open what is made in it; nobody negotiates. So a participant that gets keys
of another suite goes on with everybody as before, and uses it as soon as the others have it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from signer.directory.view import Directory, KeyUse, Participant
from signer.keyring import KeyRing


def choose_suite(
    directory: Directory, ring: KeyRing, parties: Iterable[str], at: datetime, preferred: str
) -> str:
    """Return the suite to make a message in.

    Args:
        directory: The directory in force.
        ring: The sender's keys.
        parties: Ids of those whom the message concerns.
        at: The present instant.
        preferred: The suite to use where everybody has it.

    Returns:
        The preferred suite where the sender's key of it and valid keys of every party are listed,
        else the suite of the ring's first key.
    """
    if _is_listed(directory, ring, preferred, at) and all(
        _holds(directory.get(party), preferred, at) for party in parties
    ):
        return preferred
    return ring.signing_suite


def endorsing_suite(directory: Directory, ring: KeyRing, message: str, at: datetime) -> str:
    """Return the suite to endorse a message in: the message's own where our key of it is listed.

    Whoever verifies the message has its suite; so nobody needs another one because of us.

    Args:
        directory: The directory in force.
        ring: The relay's keys.
        message: The suite of the message's body.
        at: The present instant.
    """
    return message if _is_listed(directory, ring, message, at) else ring.signing_suite


def parties(
    directory: Directory,
    source: str,
    destination: str,
    readers: Iterable[str] = (),
    resources: Collection[str] = (),
) -> frozenset[str]:
    """Return the ids of those whom a message concerns.

    Args:
        directory: The directory in force.
        source: Who makes it.
        destination: To whom it is addressed.
        readers: Who else may read it.
        resources: What a roster asks for: it is passed on, under orders, to whoever offers these.
    """
    ends = {source, destination, *readers}
    ends |= {
        participant.id
        for participant in directory.participants.values()
        if any(offer.resource in resources for offer in participant.offers)
    }
    ways = [directory.path_up(end) for end in ends]
    # From each up to where all ways meet; above that, nobody sees it.
    shared = set.intersection(*map(set, ways))
    top = max(shared, key=lambda one: len(directory.path_up(one)), default=None)
    return frozenset(ends | {one for way in ways for one in way if one == top or one not in shared})


def _holds(participant: Participant | None, suite: str, at: datetime) -> bool:
    if participant is None:
        return False
    uses = {k.use for k in participant.keys if k.suite == suite and k.valid_at(at)}
    return {KeyUse.SIGNING, KeyUse.ENCRYPTION} <= uses


def _is_listed(directory: Directory, ring: KeyRing, suite: str, at: datetime) -> bool:
    key = ring.signing_keys.get(suite)
    found = None if key is None else directory.key(key)
    return found is not None and found[1].valid_at(at)
