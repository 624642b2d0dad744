"""An agency without a network: its lists travel as sealed packages, and a clerk searches (R066).

What an operator at the centre types is typed here: `hedui medium export` and `import`. What the
agency does on its own machine, offline, is done in a folder of its own: `open`, the clerk, `pack`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from adapters.demo.clerk import fill_list
from adapters.demo.sources.source import Run, Source, Title
from adapters.demo.state import OPERATOR, to_toml
from adapters.demo.timeline import Move, Phase
from adapters.values import CHINA
from signer.medium.agency import make_keys
from signer.secretfiles import write_new

_WAITING = "hedui_rows_waiting_for_people"
_LOOK_EVERY = timedelta(seconds=0.5)
_LOOK_AGAIN = timedelta(seconds=7)
"""After a list was taken back: the adapter asks about a row that waits every 5 s."""

_CLERK = "经办人（无网络）clerk, offline"


class MediumSource(Source):
    """An agency's tables in the hands of a clerk.

    Args: as `Source`.
    """

    title: ClassVar[Title] = Title(
        "介质方式（无网络，人工查询）", "sealed medium, by hand", "介质 medium"
    )

    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        self._moves: list[Move] = []
        self._look_at: datetime | None = None

    @property
    def moves(self) -> Sequence[Move]:
        """Each package on its way out and back."""
        return self._moves

    @property
    def _offline(self) -> Path:
        return self.folder / "offline"

    @property
    def _stick(self) -> Path:
        return self.folder / "medium"

    def prepare(self, run: Run) -> None:
        """Make the agency's keys on its own machine, and hand the public ones over."""
        del run
        self._offline.mkdir(mode=0o700)
        self._stick.mkdir(mode=0o700)
        passphrase = secrets.token_hex(32).encode()
        write_new(self._offline / "keys.pass", passphrase)
        make_keys(self._offline / "keys", passphrase)
        (self._offline / "root.pem").write_bytes(self.state.roots())

    def mapping(self) -> str:
        """Which resources the clerk answers, and the agency's public keys."""
        keys = "offline/keys/agency-medium.pub"
        text = to_toml({"source": {"kind": "medium", "agency_keys": keys}})
        for table in self.agency.tables:
            held = {item.name for item in table.items}
            left_out = [item.name for item in table.resource.items if item.name not in held]
            entry = {"name": table.resource.name, "not_held": left_out}
            text += f"\n{to_toml({'[resource]': entry})}"
        return text

    def tend(self, run: Run) -> None:
        """Where a row waits for a list, take the list to the clerk and back."""
        now = run.now()
        if self._look_at is not None and now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        if run.gauge(self.agency.id, _WAITING) > 0:
            for exported in self._at_centre(run, "export", "--out", str(self._stick))["exported"]:
                self._carry(run, Path(exported["file"]), exported["resource"])
            self._look_at = run.now() + _LOOK_AGAIN

    def _carry(self, run: Run, package: Path, resource: str) -> None:
        table = next(one for one in self.agency.tables if one.resource.name == resource)
        title = table.resource.zh
        self._tell(
            run, self.agency.id, _CLERK, ("导出加密签名的介质包", "sealed package exported"), title
        )
        asked, filled = self._offline / f"{package.stem}.xlsx", self._offline / "filled.xlsx"
        self._at_agency(run, "open", str(package), "--out", str(asked))
        filled.unlink(missing_ok=True)
        write_new(filled, fill_list(asked.read_bytes(), table, run.now().astimezone(CHINA).date()))
        back = self._stick / f"{package.stem}-back.hdm"
        self._at_agency(run, "pack", str(filled), "--package", str(package), "--out", str(back))
        words = ("离线核验授权、查询、填写，封成返回包", "verified offline, filled in, packed")
        self._tell(run, _CLERK, self.agency.id, words, title)
        # Of the instant before: the adapter's answer may leave while the command still ends.
        words, at = (
            ("导入返回包，再次核验授权", "package imported, authority verified again"),
            run.now(),
        )
        self._at_centre(run, "import", str(back))
        self._tell(run, _CLERK, self.agency.id, words, title, at)

    def _at_centre(self, run: Run, act: str, *more: str) -> Any:
        config = str(self.state.config(self.agency.id))
        who = ("--config", config, "--operator", OPERATOR, "--json")
        said = run.complete(f"{self.agency.id}.medium-{act}", ("medium", act, *more, *who))
        return json.loads(said)

    def _at_agency(self, run: Run, act: str, *more: str) -> None:
        keys = ("--keys", str(self._offline / "keys"))
        secret = ("--passphrase-file", str(self._offline / "keys.pass"))
        root = ("--root", str(self._offline / "root.pem"))
        what = ("medium", act, *more, *keys, *secret, *root, "--json")
        run.complete(f"{self.agency.id}.medium-{act}", what)

    def _tell(
        self,
        run: Run,
        sender: str,
        to: str,
        words: tuple[str, str],
        about: str,
        at: datetime | None = None,
    ) -> None:
        self._moves.append(Move(at or run.now(), Phase.ANSWER, sender, to, *words, about=about))
        run.step(f"{self.agency.title}：{words[0]}", words[1])
