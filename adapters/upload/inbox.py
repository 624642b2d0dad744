"""Files that arrive in a folder are loaded by themselves (R115), with a report beside them.

A file is called `<resource>@<as-of date>.csv` or `.xlsx`, and is taken when it has not changed from
one look to the next. What was loaded is removed, since it now rests sealed in the store, and its
report goes to `done`; what was refused goes to `refused` with its report, for the department to
mend. A report holds places and codes, never a value.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from adapters.contract import Books
from adapters.upload.load import IN_USE, Order, UploadRefusedError, load
from adapters.upload.mapping import UploadMapping
from adapters.upload.render import loaded_text, refused_text
from bus.errors import HeduiError, InputError, UnavailableError
from bus.logs.setup import Logger
from bus.ports.store_errors import StoreUnavailable
from schemas.resources import Resource

DONE, REFUSED = "done", "refused"

_NAME = re.compile(r"([a-z0-9-]+)@([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?:csv|xlsx)", re.IGNORECASE)
_SUFFIXES = (".csv", ".xlsx")

State = tuple[int, int]
"""Size and time of change of a file."""


@dataclass
class Inbox:
    """The folder of one adapter.

    Attributes:
        folder: Where it is.
        books: The adapter's store and key.
        mapping: The mapping.
        resources: The catalogue's resources by name.
        log: Where it is told what became of a file, by code.
    """

    folder: Path
    books: Books
    mapping: UploadMapping
    resources: Mapping[str, Resource]
    log: Logger
    _seen: dict[str, State] = field(default_factory=dict)
    _settled: dict[str, State] = field(default_factory=dict)

    async def look(self, now: datetime) -> int:
        """Load the files that have arrived whole; returns how many were settled.

        Raises:
            StoreUnavailable: The store cannot be reached; the file stays for the next look.
        """
        try:
            arrived = await asyncio.to_thread(self._arrived)
        except OSError:
            self.log.warning("upload.inbox", code="INBOX_UNREADABLE")
            return 0
        settled = 0
        for path in arrived:
            try:
                settled += await self._settle(path, now)
            except OSError:
                # It cannot be moved: told once, and not tried again until it changes.
                self.log.warning("upload.inbox", code="INBOX_UNWRITABLE")
        return settled

    def _arrived(self) -> list[Path]:
        """Return files that are as they were at the last look, the oldest first."""
        found: dict[str, State] = {}
        for path in self.folder.iterdir():
            usable = path.suffix.lower() in _SUFFIXES and not path.name.startswith((".", "~"))
            if usable and path.is_file() and not path.is_symlink():
                found[path.name] = _state_of(path)
        still = [
            name
            for name, state in found.items()
            if self._seen.get(name) == state and self._settled.get(name) != state
        ]
        self._seen = found
        self._settled = {name: at for name, at in self._settled.items() if found.get(name) == at}
        return [self.folder / name for name in sorted(still, key=lambda name: found[name][1])]

    async def _settle(self, path: Path, now: datetime) -> bool:
        state = self._seen[path.name]
        try:
            order = self._order(path)
            version, report = await load(self.books, order, lambda: now)
        except StoreUnavailable:
            raise
        except UnavailableError as error:
            self.log.warning("upload.waits", code=error.code, where=error.where)
            return False
        except InputError as error:
            self._settled[path.name] = state
            if error.code == IN_USE:
                # Loaded before, and perhaps not removed, should the process have died in between.
                self.log.info("upload.again", code=error.code, where=error.where)
                await asyncio.to_thread(self._finish, path, state, _text_of(error), now)
                return True
            self.log.warning("upload.refused", code=error.code, where=error.where)
            await asyncio.to_thread(self._move, path, _text_of(error), now)
            return True
        except HeduiError as error:
            self._settled[path.name] = state
            self.log.warning("upload.failed", code=error.code, where=error.where)
            return False
        self._settled[path.name] = state
        self.log.info("upload.loaded", resource=version.resource, count=version.rows)
        await asyncio.to_thread(self._finish, path, state, loaded_text(version, report), now)
        return True

    def _order(self, path: Path) -> Order:
        found = _NAME.fullmatch(path.name)
        name = "" if found is None else found[1].lower()
        entry, resource = self.mapping.resource(name), self.resources.get(name)
        try:
            day = None if found is None else date.fromisoformat(found[2])
        except ValueError:
            day = None
        if entry is None or resource is None or day is None:
            listed = "、".join(one.name for one in self.mapping.resources)
            raise InputError(
                "FILE_NAME",
                "文件名不是“信息资源代码@截至日期.csv 或 .xlsx”",
                "the file is not called <resource>@<as-of date>.csv or .xlsx",
                remedy_zh=f"信息资源代码应为 {listed} 之一，如 {self.mapping.resources[0].name}"
                "@2026-10-31.xlsx",
                remedy_en=f"The resource is one of {listed}",
            )
        return Order(path, entry, resource, day, None, self.books.me)

    def _move(self, path: Path, text: str, now: datetime) -> None:
        place = self._room(REFUSED)
        stamped = f"{path.stem}.{now:%Y%m%dT%H%M%SZ}"
        (place / f"{stamped}.txt").write_text(text, encoding="utf-8")
        path.replace(place / f"{stamped}{path.suffix}")

    def _finish(self, path: Path, state: State, text: str, now: datetime) -> None:
        place = self._room(DONE)
        (place / f"{path.stem}.{now:%Y%m%dT%H%M%SZ}.txt").write_text(text, encoding="utf-8")
        # Another file may have come under the same name meanwhile: it is looked at by itself.
        if _state_of(path) == state:
            path.unlink()

    def _room(self, name: str) -> Path:
        place = self.folder / name
        place.mkdir(mode=0o700, exist_ok=True)
        return place


def _state_of(path: Path) -> State:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _text_of(error: InputError) -> str:
    return refused_text(error, error.report if isinstance(error, UploadRefusedError) else None)
