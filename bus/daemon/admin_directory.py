"""The directory as the administrator of the brokers reads it: verified to the root, like everybody.

It has no store. What it adopted last is kept in one file, so that nobody can offer it an older
directory, or another one of the same version, after a restart.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bus.errors import ConfigError, UnavailableError
from bus.ports.broker import Broker, Record, Subscription
from bus.ports.clock import Clock
from signer.certificates import PathValidator
from signer.directory.records import Adopted, adopt
from signer.directory.view import Directory
from signer.errors import DirectoryError
from signer.identity import DIRECTORY_TOPIC
from signer.secretfiles import replace_file

BATCH = 200


@dataclass
class AdminDirectory:
    """Reads the directory's topic and adopts what verifies.

    Attributes:
        state: The file of what was adopted last.
        current: The directory in force; None until one was adopted.
        refusal: Why what the topic holds was not adopted; None when it was.
    """

    broker: Broker
    validator: PathValidator
    clock: Clock
    state: Path
    current: Adopted | None = None
    refusal: DirectoryError | None = None
    _records: dict[str, bytes] = field(default_factory=dict)
    _subscription: Subscription | None = None
    _behind: bool = True

    @property
    def directory(self) -> Directory:
        """The directory in force.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`; `DIRECTORY_LAPSED` past its grace: rights are
                then left as they are.
        """
        if self.current is None:
            raise UnavailableError(
                "DIRECTORY_NOT_READ",
                "尚未读到有效的参与方目录",
                "no valid directory has been read yet",
                remedy_zh="请检查部中心是否在运行、根证书是否正确；首次请先按清单文件建立",
                remedy_en="Check that the hub runs and the root is right; the first time, provision"
                " from the list",
                where="" if self.refusal is None else self.refusal.code,
            )
        if self.current.lapsed(self.clock.now()):
            raise UnavailableError(
                "DIRECTORY_LAPSED",
                "参与方目录已过期且超出宽限期",
                "the directory has expired beyond its grace",
                remedy_zh="请检查部中心的运行状况",
                remedy_en="Check the hub",
            )
        return self.current.directory

    async def load(self) -> None:
        """Start from what was adopted last, if there is something.

        Raises:
            ConfigError: `STATE_UNREADABLE`: the file is damaged.
        """
        if not self.state.exists():
            return
        try:
            kept = json.loads(self.state.read_text(encoding="utf-8"))
            records = {str(k): b64decode(v, validate=True) for k, v in kept.items()}
        except (OSError, ValueError, AttributeError, TypeError, NotBase64):
            raise ConfigError(
                "STATE_UNREADABLE",
                "所记目录的文件无法读取",
                "the file of the last directory cannot be read",
                remedy_zh="请确认文件未被改动；确需放弃时删除该文件，下次从主题重新读取",
                remedy_en="Make sure that nobody changed it; to give it up, delete it",
                where=str(self.state),
            ) from None
        await self._adopt(records)

    async def round(self, wait: float) -> bool:
        """Read what is new; returns whether another directory was adopted.

        Args:
            wait: Longest wait for records, seconds.

        Raises:
            HeduiError: The cluster cannot be reached, or the topic refuses; it is read anew.
        """
        try:
            return await self._round(wait)
        except BaseException:
            await self.close()
            raise

    async def read_to_end(self, wait: float, limit: float) -> Directory:
        """Read the topic to its end once and return the directory.

        Args:
            wait: Longest wait for records in one round, seconds.
            limit: How long to look for a directory, seconds.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`, `DIRECTORY_LAPSED`.
            HeduiError: The cluster cannot be reached, or the topic refuses.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while self._behind or self.current is None:
                    await self.round(wait)
        return self.directory

    async def close(self) -> None:
        """Close what is open; the next round starts from the beginning."""
        self._behind = True
        if self._subscription is not None:
            await self._subscription.close()
            self._subscription = None

    @property
    def caught_up(self) -> bool:
        """Whether the topic was read to its end: before that, what is there may be old."""
        return not self._behind

    async def _round(self, wait: float) -> bool:
        if self._subscription is None:
            self._records = {}
            self._subscription = await self.broker.follow(DIRECTORY_TOPIC)
        records = await self._subscription.poll(timedelta(seconds=wait), BATCH)
        self._take(records)
        self._behind = self._behind and bool(records)
        return await self._adopt(dict(self._records)) if records else False

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None:
                continue
            key = record.key.decode("ascii", "replace")
            if record.value is None:
                self._records.pop(key, None)
            else:
                self._records[key] = record.value

    async def _adopt(self, records: dict[str, bytes]) -> bool:
        now = self.clock.now()
        try:
            adopted = await asyncio.to_thread(adopt, records, self.validator, self.current, now)
        except DirectoryError as error:
            self.refusal = error
            return False
        self.refusal = None
        if self.current is not None and adopted.head_digest == self.current.head_digest:
            return False
        self.current = adopted
        kept = {key: b64encode(value).decode() for key, value in sorted(records.items())}
        await asyncio.to_thread(replace_file, self.state, json.dumps(kept).encode())
        return True
