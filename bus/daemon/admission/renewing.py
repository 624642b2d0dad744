"""A participant renews its own certificates: asks in time, finds them listed, puts them in place.

1. Some days before the first of the current certificates ends, keys of the next generation are made
   beside the key directory (`<directory>.pending`), and their requests go to the hub, signed with
   the current key. It is asked again each day until it is answered, and after a restart.
2. The hub lists the new certificates beside the old ones. That directory is the answer: it is
   signed, and nothing else would make the new keys usable.
3. The key directory is renewed in one rename; the earlier one stays as `<directory>.g<N>`, and its
   encryption keys go on opening.
4. The process ends with `RENEWED` and exit code 75, for its supervisor to start it again: the
   connection to the brokers, and every key in use, are of the process. What is under way is
   finished first, and whoever starts again before its rights are there waits for them.

A participant that holds keys of several suites is renewed by hand: requests are for P-256 keys.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bus.daemon.assemble import Participant
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.work import Work
from bus.flow.outcome import Send
from bus.logs.setup import Logger
from bus.model.audit import Event
from bus.model.messages import Renewal
from bus.ports.store import Store
from signer.admission.grant import Grant, write_grant
from signer.admission.importing import import_grant
from signer.admission.pending import PendingKeys, make_pending, read_pending
from signer.admission.renewal import make_renewal
from signer.ca.reading import public_key_id
from signer.directory.view import Key, KeyUse
from signer.envelope.kinds import Kind
from signer.identity import HUB
from signer.keyfiles import FileKeyRing
from signer.keystore import KeyStore
from signer.uuid7 import uuid7

LOOK_EVERY = timedelta(minutes=1)
ASK_AGAIN = timedelta(days=1)

LEASE = "renewal"

LEASE_FOR = timedelta(days=2)
"""Until another instance renews for one that is gone."""

RENEWED_EXIT = 75
"""Exit code of a process that has renewed its keys: start it again (EX_TEMPFAIL)."""


@dataclass
class Renewing:
    """Renews the certificates of one participant.

    Attributes:
        current: The current certificates, one of each use.
        directory: The key directory.
        before: How long before the first of them ends the next ones are asked for; zero: never.
        issuers: Returns the authorities (DER) of the directory in force.
        restart: Ends the process once the new keys are in place.
        holder: This instance, as holder of the lease.
        token: Where signing and encryption keys are, if not in files.
        renewed: Whether the new keys are in place, so that the process is to start again.
    """

    office: Office
    store: Store
    outbox: OutboxRelay
    ring: FileKeyRing
    current: tuple[Key, ...]
    directory: Path
    before: timedelta
    issuers: Callable[[], tuple[bytes, ...]]
    restart: Callable[[], None]
    log: Logger
    holder: str
    token: KeyStore | None = None
    renewed: bool = False
    _asked: datetime | None = None

    @property
    def pending(self) -> Path:
        """Where the keys of the next generation are until they are certified."""
        return self.directory.with_name(f"{self.directory.name}.pending")

    async def look(self) -> None:
        """Ask, or put the new certificates in place, when it is time.

        Raises:
            HeduiError: Key files cannot be read or written, or the request cannot be sent now.
        """
        now = self.office.clock.now()
        serving = self.office.ready and not self.office.paused
        if not (serving and self._due(now) and await self._mine(now)):
            return
        keys = await asyncio.to_thread(self._keys)
        certificates = self._listed(keys)
        if certificates is not None:
            await asyncio.to_thread(self._import, keys, certificates, now)
            self.log.warning("keys.renewed", code="RENEWED", count=keys.generation)
            self.renewed = True
            self.restart()
        elif self._asked is None or not self._asked <= now < self._asked + ASK_AGAIN:
            await self._ask(keys, now)
            self._asked = now

    def _due(self, now: datetime) -> bool:
        # Requests are of one suite; a directory with keys of several would lose the others.
        if not self.before or len(self.ring.signing_keys) > 1:
            return False
        return now >= min(key.not_after for key in self.current) - self.before

    async def _mine(self, now: datetime) -> bool:
        """Whether this instance renews: two would ask for different keys of one generation."""
        async with self.store.transaction() as unit:
            return await unit.lease(LEASE, self.holder, now, now + LEASE_FOR)

    def _keys(self) -> PendingKeys:
        mine = self.office.directory.get(self.office.me)
        listed = () if mine is None else mine.keys
        if self.pending.is_dir() and any(self.pending.iterdir()):
            found = read_pending(self.pending, self.ring.passphrase, self.token)
            ours = _ids(found).values()
            given = any(k.generation >= found.generation and k.id not in ours for k in listed)
            if found.generation > self.ring.generation and not given:
                return found
            # Imported before, and not removed in a crash; or their generation was given to others.
            shutil.rmtree(self.pending)
        return make_pending(
            self.pending,
            self.ring.passphrase,
            participant=self.office.me,
            generation=max((self.ring.generation, *(key.generation for key in listed))) + 1,
            store=self.token,
        )

    def _listed(self, keys: PendingKeys) -> dict[KeyUse, bytes] | None:
        """Return the certificates of the pending keys, once the directory lists all of them."""
        found: dict[KeyUse, bytes] = {}
        for use, key in _ids(keys).items():
            listed = self.office.directory.key(key)
            if listed is None or listed[0].id != self.office.me:
                return None
            found[use] = listed[1].certificate
        return found

    def _import(self, keys: PendingKeys, certificates: dict[KeyUse, bytes], now: datetime) -> None:
        roots = self.ring.roots
        grant = Grant(self.office.me, keys.generation, certificates, self.issuers(), roots)
        import_grant(
            self.pending,
            self.directory,
            write_grant(grant),
            self.ring.passphrase,
            roots=roots,
            now=now,
            store=self.token,
        )

    async def _ask(self, keys: PendingKeys, now: datetime) -> None:
        request = make_renewal(self.office.me, keys.generation, keys.requests)
        conversation = uuid7(now, self.office.entropy)
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, now)
            send = Send(Kind.RENEWAL, HUB, Renewal(keys.generation, request), (HUB,))
            await work.send(conversation, send)
            work.note(conversation, Event.RENEWAL_ASKED, generation=keys.generation)
            await work.finish()
        self.outbox.wake.set()


def _ids(keys: PendingKeys) -> dict[KeyUse, bytes]:
    return {use: public_key_id(key.public_key()) for use, key in keys.private_keys.items()}


def renewing_of(participant: Participant) -> Renewing:
    """Return what renews the certificates of a participant that was put together."""
    keeper, keys = participant.keeper, participant.config.keys

    def issuers() -> tuple[bytes, ...]:
        return participant.ring.issuers if keeper.current is None else keeper.current.issuers

    return Renewing(
        participant.office,
        participant.store,
        participant.loops.outbox,
        participant.ring,
        tuple(participant.certificates.keys),
        keys.directory.resolve(),
        timedelta(days=keys.renew_before_days),
        issuers,
        participant.loops.stopping.set,
        participant.log,
        participant.instance,
        participant.token,
    )
