"""Checks 1 to 10: everything that can be checked in clear, without any private key (spec §10).

Anybody who holds the directory of the time can repeat them; a proof does exactly that. What the
caller still owes: opening (open.py), deduplication, and the case check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from signer.directory.view import Directory, Key, KeyUse, Participant, Standing
from signer.envelope import cloudevents, labels, merkle
from signer.envelope.caches import VerifiedHeads
from signer.envelope.format import Envelope, Header, Recipient, Seal, Statement
from signer.envelope.kinds import KINDS, KindRule, Travel
from signer.envelope.orders import narrows
from signer.envelope.parse import known_suite, parse
from signer.envelope.verdict import HeldEnvelope, Opened, RefusedEnvelope
from signer.envelope.wrapping import EPOCH_LIFETIME
from signer.identity import HUB, role_of
from signer.suites import Suite, SuiteError, suite

SKEW = timedelta(minutes=2)
FUTURE_LIMIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and how the bytes arrived: what only a live receiver knows.

    Attributes:
        me: The receiver's participant id.
        peer: The participant that may write the topic.
        key: The Kafka key.
        headers: The Kafka headers.
    """

    me: str
    peer: str
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]


def verify(
    data: bytes,
    directory: Directory,
    now: datetime,
    arrival: Arrival | None,
    heads: VerifiedHeads | None = None,
) -> Opened:
    """Run checks 1 to 10.

    Args:
        data: The envelope's bytes.
        directory: The directory to judge by.
        now: The present instant; for an archived message, the instant it was received.
        arrival: How it arrived, or None for an archived message, whose topic is not at hand.
        heads: Batches whose signature need not be verified again; None where none are remembered.

    Returns:
        The parsed message with its digests.

    Raises:
        RefusedEnvelope: A check failed.
        HeldEnvelope: Something is still to come.
    """
    envelope, header, statements = parse(data)  # 1, 2
    h = known_suite(header, envelope, statements)  # 3
    rule = _kind(header, arrival)  # 4
    _hops(header, rule, statements, directory, arrival)  # 5
    _times(header, rule, statements, now)  # 6
    keys = _signers(envelope, statements, directory, now)  # 7
    digest, chain = _signatures(h, envelope, statements, keys, heads)  # 8
    _orders(rule, statements, directory)  # 9
    _readers(header, rule, statements, directory)  # 10
    return Opened(envelope, header, statements, digest, chain)


def _kind(header: Header, arrival: Arrival | None) -> KindRule:
    # 4: the kind exists and fits origin, destination, compression; Kafka key and headers agree.
    rule = KINDS.get(header.kind)
    if rule is None:
        raise RefusedEnvelope("KIND_UNKNOWN")
    if role_of(header.source) not in rule.origins:
        raise RefusedEnvelope("KIND_ORIGIN")
    if role_of(header.destination) not in rule.destinations or header.source == header.destination:
        raise RefusedEnvelope("KIND_DESTINATION")
    if rule.with_hub and HUB not in {header.source, header.destination}:
        raise RefusedEnvelope("KIND_DESTINATION")
    if header.compression != "none" and not rule.compressible:
        raise RefusedEnvelope("KIND_COMPRESSION")
    if arrival is not None:
        if arrival.key != header.conversation.bytes:
            raise RefusedEnvelope("KEY_MISMATCH")
        if not cloudevents.agree(header, arrival.headers):
            raise RefusedEnvelope("CE_HEADER_MISMATCH")
    return rule


def _hops(
    header: Header,
    rule: KindRule,
    statements: Sequence[Statement],
    directory: Directory,
    arrival: Arrival | None,
) -> None:
    # 5: roles, source, contiguity, tree edges, direction, the writing peer, the next hop, standing.
    roles = [s.role for s in statements]
    if roles != ["origin"] + ["relay"] * (len(statements) - 1):
        raise RefusedEnvelope("CHAIN_ROLE")
    if statements[0].sender != header.source:
        raise RefusedEnvelope("CHAIN_BROKEN")
    if any(a.to != b.sender for a, b in pairwise(statements)):
        raise RefusedEnvelope("CHAIN_BROKEN")
    if arrival is not None:
        if statements[-1].sender != arrival.peer:
            raise RefusedEnvelope("WRONG_PEER")
        if statements[-1].to != arrival.me:
            raise RefusedEnvelope("WRONG_HOP")
    if any(s.directory_version > directory.version for s in statements):
        raise HeldEnvelope("DIRECTORY_BEHIND")
    _direction(header, rule, statements, directory)
    if arrival is not None:
        _standing(rule, arrival.peer, directory)


def _standing(rule: KindRule, peer: str, directory: Directory) -> None:
    """R007, R014: who is not connected exchanges nothing, whatever it was before.

    Each hop judges its neighbour, and an archived message was judged when it arrived.
    """
    neighbour = directory.get(peer)
    if neighbour is None or neighbour.standing in rule.standings:
        return  # who is not listed has failed already, at the edge
    suspended = neighbour.standing is Standing.SUSPENDED
    raise RefusedEnvelope("PEER_SUSPENDED" if suspended else "PEER_NOT_CONNECTED")


def _direction(
    header: Header, rule: KindRule, statements: Sequence[Statement], directory: Directory
) -> None:
    ups = [goes_up(s, directory) for s in statements]
    turned_up = any(not a and b for a, b in pairwise(ups))
    wrong_way = (rule.travel is Travel.UP and not all(ups)) or (
        rule.travel is Travel.DOWN and any(ups)
    )
    # An ordered kind turns down at its destination only: no centre below the hub may start an
    # order of its own on a request that the hub has not seen.
    turn = next((s.sender for s, up in zip(statements, ups, strict=True) if not up), None)
    turned_early = rule.ordered_downwards and turn not in {None, header.destination}
    if turned_up or wrong_way or turned_early:
        raise RefusedEnvelope("CHAIN_DIRECTION")


def goes_up(statement: Statement, directory: Directory) -> bool:
    """Whether a statement moves its message up the tree.

    Raises:
        RefusedEnvelope: `CHAIN_EDGE` when the step is no edge of the tree.
    """
    if directory.get(statement.sender) and directory.get(statement.to):
        if directory.parent(statement.sender) == statement.to:
            return True
        if directory.parent(statement.to) == statement.sender:
            return False
    raise RefusedEnvelope("CHAIN_EDGE")


def _times(header: Header, rule: KindRule, statements: Sequence[Statement], now: datetime) -> None:
    # 6: lifetime, expiry, the order of times, nothing from the future.
    if not timedelta(0) < header.expires - header.created <= rule.lifetime:
        raise RefusedEnvelope("LIFETIME")
    # Times of the sender are only ever subtracted from one another: near the calendar's ends
    # adding the skew to one would overflow.
    if now - SKEW >= header.expires:
        raise RefusedEnvelope("EXPIRED")
    if any(s.received > s.forwarded for s in statements):
        raise RefusedEnvelope("TIME_ORDER")
    previous = header.created
    for statement in statements:
        if previous - statement.received > SKEW:
            raise RefusedEnvelope("TIME_ORDER")
        previous = statement.forwarded
    latest = max(header.created, *(s.forwarded for s in statements))
    if latest > now + FUTURE_LIMIT:
        raise RefusedEnvelope("FROM_FUTURE")
    if latest > now + SKEW:
        raise HeldEnvelope("NOT_YET_VALID")


def _signers(
    envelope: Envelope, statements: Sequence[Statement], directory: Directory, now: datetime
) -> list[Key]:
    # 7: each signing key is listed, the signer's own, for signing, of the named suite, valid.
    keys = []
    for seal, statement in zip(envelope.seals, statements, strict=True):
        found = directory.key(statement.signer)
        if found is None:
            raise RefusedEnvelope("SIGNER_UNKNOWN")
        participant, key = found
        if participant.id != statement.sender:
            raise RefusedEnvelope("SIGNER_MISMATCH")
        if key.use is not KeyUse.SIGNING:
            raise RefusedEnvelope("KEY_USE")
        if key.suite != seal.signature.suite:
            raise RefusedEnvelope("SUITE_MISMATCH")
        # A signer states its own time, so a key revoked since cannot vouch for when it signed.
        if key.revoked is not None and key.revoked <= now:
            raise RefusedEnvelope("KEY_REVOKED")
        if not key.valid_at(statement.forwarded):
            raise RefusedEnvelope("KEY_EXPIRED")
        keys.append(key)
    return keys


def _signatures(
    h: Suite,
    envelope: Envelope,
    statements: Sequence[Statement],
    keys: Sequence[Key],
    heads: VerifiedHeads | None,
) -> tuple[bytes, bytes]:
    # 8: the digests chain, and each head is signed; the origin's before any other is remembered.
    chain = labels.body_digest(h, envelope.protected, envelope.ciphertext)
    for seal, statement, key in zip(envelope.seals, statements, keys, strict=True):
        if statement.prev != chain:
            raise RefusedEnvelope("CHAIN_DIGEST")
        _signature(seal, statement, key, heads)
        chain = labels.chain_digest(h, chain, seal.statement)
    return h.hash(envelope.seals[0].statement), chain


def _signature(seal: Seal, statement: Statement, key: Key, heads: VerifiedHeads | None) -> None:
    signing_suite = suite(key.suite)
    if signing_suite is None:
        raise RefusedEnvelope("SUITE_UNKNOWN")
    root: bytes | None = labels.leaf(signing_suite, seal.statement)
    value, proof = seal.signature.value, seal.signature.proof
    size = 1 if proof is None else proof.size
    if proof is not None and root is not None:
        root = merkle.root_from_proof(signing_suite, root, proof)
    if root is None:
        raise RefusedEnvelope("PROOF_INVALID")
    head = labels.head(signing_suite.name, statement.signer, size, root)
    batch = None if proof is None else heads
    if batch is not None and batch.known(statement.sender, head, value):
        return
    try:
        signing_suite.verify(key.public_key, value, head)
    except SuiteError as error:
        raise RefusedEnvelope(error.code) from None
    if batch is not None:
        batch.remember(statement.sender, head, value)


def _orders(rule: KindRule, statements: Sequence[Statement], directory: Directory) -> None:
    # 9: orders stand exactly where a Roster moves down, and only narrow.
    orders = []
    for statement in statements:
        needed = rule.ordered_downwards and not goes_up(statement, directory)
        if needed and statement.order is None:
            raise RefusedEnvelope("ORDER_MISSING")
        if not needed and statement.order is not None:
            raise RefusedEnvelope("ORDER_NOT_ALLOWED")
        if statement.order is not None:
            orders.append(statement.order)
    # The first order is compared with the request once the Roster is open (check 16).
    if orders and not narrows(orders[0], orders[0]):
        raise RefusedEnvelope("ORDER_WIDENED")
    if any(not narrows(earlier, later) for earlier, later in pairwise(orders)):
        raise RefusedEnvelope("ORDER_WIDENED")


def _readers(
    header: Header, rule: KindRule, statements: Sequence[Statement], directory: Directory
) -> None:
    # 10: each reader was added by who may add it, under a key that is listed for reading.
    named: set[bytes] = set()
    ancestors = set(directory.path_up(header.source)[1:])
    for number, statement in enumerate(statements):
        if number and len(statement.recipients) > int(rule.relay_adds_reader):
            raise RefusedEnvelope("RECIPIENT_NOT_ORDERED")
        for recipient in statement.recipients:
            owner = _reader(recipient, statement, directory)
            if recipient.key in named:
                raise RefusedEnvelope("RECIPIENT_TWICE")
            named.add(recipient.key)
            allowed = {statement.to} if number else ancestors
            if rule.relay_adds_reader and owner.id not in allowed:
                raise RefusedEnvelope("RECIPIENT_NOT_ORDERED")


def _reader(recipient: Recipient, statement: Statement, directory: Directory) -> Participant:
    found = directory.key(recipient.key)
    if found is None:
        raise RefusedEnvelope("RECIPIENT_MISMATCH")
    owner, key = found
    if key.use is not KeyUse.ENCRYPTION or key.suite != recipient.suite:
        raise RefusedEnvelope("RECIPIENT_MISMATCH")
    age = statement.forwarded - recipient.epoch_start
    if not -SKEW <= age <= EPOCH_LIFETIME + SKEW:
        raise RefusedEnvelope("EPOCH_AGE")
    return owner
