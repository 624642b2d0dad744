"""Which store key a store is sealed under: made at the very first start, and held to ever after.

A store without its key can never be read again, and two instances on one store must have the same.
So the first entry of the audit chain names the key; a key is made only while there is no entry,
that is, before anything can have been stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigError
from bus.model.audit import Event
from bus.ports.clock import Clock
from bus.ports.store import AuditEvent, Store
from signer.storekey import StoreKey


@dataclass(frozen=True)
class StoreKeyFile:
    """The store key of a participant, and the file it is in, or will be.

    Attributes:
        key: From the file, or new where there is none.
        saved: Whether it is from the file.
    """

    path: Path
    passphrase: bytes
    key: StoreKey
    saved: bool

    @classmethod
    def read(cls, path: Path, passphrase: bytes) -> StoreKeyFile:
        """Read the file, or draw a new key where there is none; writes nothing.

        Raises:
            KeyFileError: As `StoreKey.load`, but for a missing file.
        """
        if path.exists():
            return cls(path, passphrase, StoreKey.load(path, passphrase), saved=True)
        return cls(path, passphrase, StoreKey.ephemeral(), saved=False)

    async def bind(self, store: Store, me: str, clock: Clock) -> StoreKey:
        """Write the file of a new key for an empty store; hold the key to a store that is not.

        Of two instances that are both started for the first time, the one that comes second finds
        the file of the first, and takes its key.

        Args:
            store: Open, and not used yet.
            me: The participant.
            clock: The clock.

        Returns:
            The key the store is sealed under.

        Raises:
            KeyFileError: `KEY_FILE_MISSING`: the store is not empty and there is no file.
                `KEY_FILE_UNWRITABLE`.
            ConfigError: `STORE_KEY_DIFFERS`: the store is sealed under another key.
            StoreUnavailable, StoreCorrupt: As `Store.transaction`.
        """
        async with store.transaction() as unit:
            first = await unit.audit(0, 1)
            if not first:
                # The file first: a key that is on the disk and not in the store does no harm.
                if not self.saved:
                    self.key.save(self.path, self.passphrase)
                detail = {"key": self.key.fingerprint()}
                event = AuditEvent(clock.now(), Event.STORE_KEY_BOUND, me, None, detail)
                await unit.append_audit(event)
                return self.key
        key = self.key if self.saved else StoreKey.load(self.path, self.passphrase)
        event = first[0].event
        # A store from before keys were named begins with another entry.
        if event.event == Event.STORE_KEY_BOUND and event.detail != {"key": key.fingerprint()}:
            raise _differs(self.path)
        return key


def _differs(path: Path) -> ConfigError:
    return ConfigError(
        "STORE_KEY_DIFFERS",
        "存储密钥与数据库不配套：数据库中的数据由另一把密钥封存",
        "the store key is not this database's: what is stored is sealed under another one",
        remedy_zh="请核对 [keys] store_key 与 [store] url；同一数据库的各实例须使用同一存储密钥文件"
        "及其口令",
        remedy_en="check [keys] store_key and [store] url; all instances on one database use the"
        " same store key file, with its passphrase",
        where=str(path),
    )
