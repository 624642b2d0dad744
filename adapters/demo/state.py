"""Everything a run needs on disk: keys, stores, tables, configurations, in one private folder.

| in the folder | is |
|---|---|
| `ca`, `ca.pass` | a CA of this run alone, and its passphrase |
| `participants.toml` | the hub's list of participants |
| `provision.toml`, `hub-admin/` | what makes topics and rights on a real Kafka |
| `<id>/` | a participant's keys, store, configuration, an agency's tables |
| `<id>.sock` | the operator's socket of a centre |
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.demo.agencies import CENTRES, Agency
from adapters.demo.csv_table import Table
from adapters.sql.sqlite_file import Content, table_name, write_sqlite
from signer.ca.authorities import authority_pem, suite_folder
from signer.ca.files import add_suite, init_ca, issue
from signer.ca.issue import ROOT_YEARS
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE, DIRECTORY_TOPIC, HUB, inbox_topic, outbox_topic
from signer.secretfiles import read_passphrase, write_new
from signer.suites.keys import P256

TERM_WORKING_DAYS = 5
"""Feedback term of every resource in the demo's catalogue (R029)."""

OPERATOR = "演示操作员"
"""In whose name the demo acts; stands in the audit chains."""

HOST = "127.0.0.1"
"""The registered address of everybody: the broker sees where a connection comes from."""

_SOCKET_BYTES = 100
"""A Unix socket's path has at most this many bytes everywhere."""

_LONGEST_SOCKET = "370000.sock"


@dataclass(frozen=True, slots=True)
class State:
    """The folder of one run, and who takes part: `centres` are ids with their titles.

    `suite` is the one they prefer for their messages; all hold keys of it and of the default.
    """

    folder: Path
    agencies: tuple[Agency, ...]
    centres: Mapping[str, str] = field(default_factory=lambda: CENTRES)
    suite: str = P256

    @property
    def participants(self) -> tuple[str, ...]:
        """Every participant's id, centres first."""
        return (*self.centres, *(agency.id for agency in self.agencies))

    @property
    def titles(self) -> Mapping[str, str]:
        """Every participant's title by id."""
        return {**self.centres, **{agency.id: agency.title for agency in self.agencies}}

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites that everybody holds keys of."""
        return tuple(dict.fromkeys((P256, self.suite)))

    def roots(self) -> bytes:
        """Return the root certificates of this run, as PEM."""
        return b"".join(authority_pem(suite_folder(self.ca, s), "root") for s in self.suites)

    @property
    def ca(self) -> Path:
        """The CA directory of this run."""
        return self.folder / "ca"

    @property
    def ca_passphrase(self) -> Path:
        """The file that opens the CA's keys."""
        return self.folder / "ca.pass"

    @property
    def broker_ready(self) -> Path:
        """The file that gets the broker's address."""
        return self.folder / "broker.ready"

    @property
    def provisioning(self) -> Path:
        """The configuration of `hedui hub provision`."""
        return self.folder / "provision.toml"

    def config(self, participant: str) -> Path:
        """Return a participant's configuration file."""
        return self.folder / participant / "config.toml"

    def socket(self, centre: str) -> Path:
        """Return a centre's operator socket."""
        return self.folder / f"{centre}.sock"

    def topics(self) -> tuple[str, ...]:
        """Return every topic of the run."""
        below = [p for p in self.participants if p != HUB]
        pairs = [name(p) for p in below for name in (inbox_topic, outbox_topic)]
        return (DIRECTORY_TOPIC, *pairs)


def make_folder() -> Path:
    """Make the private folder, mode 0700, in a place whose socket paths are short enough."""
    folder = Path(tempfile.mkdtemp(prefix="hedui-demo-"))
    if len(os.fsencode(folder / _LONGEST_SOCKET)) > _SOCKET_BYTES:
        shutil.rmtree(folder)
        folder = Path(tempfile.mkdtemp(prefix="hedui-demo-", dir="/tmp"))
    return folder


def make_ca(state: State, now: datetime) -> None:
    """Make a CA, and the key of the broker's administrator."""
    passphrase = _passphrase(state.ca_passphrase)
    init_ca(state.ca, passphrase, now, ROOT_YEARS)
    for suite in state.suites[1:]:
        add_suite(state.ca, passphrase, suite, now, ROOT_YEARS)
    admin = state.folder / ADMIN_SERVICE
    admin.mkdir(mode=0o700)
    secret = _passphrase(admin / "keys.pass")
    issue_service_keys(state.ca, passphrase, ADMIN_SERVICE, admin / "keys", secret, now=now)


def make_keys(state: State, now: datetime, between: Callable[[], None]) -> None:
    """Make every participant's keys, each under a random passphrase of its own.

    Args:
        state: Where.
        now: The instant of issue.
        between: Called between participants; raises to stop.
    """
    ca_passphrase = read_passphrase(state.ca_passphrase)
    for participant in state.participants:
        between()
        folder = state.folder / participant
        folder.mkdir(mode=0o700, exist_ok=True)
        issue(
            state.ca,
            ca_passphrase,
            participant,
            folder / "keys",
            _passphrase(folder / "keys.pass"),
            now=now,
            title=state.titles[participant],
            hosts=(HOST,),
            suites=state.suites,
        )


def write_tables(state: State) -> None:
    """Put each agency's tables into an SQLite file of its own."""
    for agency in state.agencies:
        write_table(state, agency)


def write_table(state: State, agency: Agency) -> None:
    """Put one agency's tables into an SQLite file."""
    write_sqlite(
        state.folder / agency.id / "source.db",
        [Content(table.resource, table.items, table.rows) for table in agency.tables],
    )


def write_configs(
    state: State,
    bootstrap: str,
    profile: str,
    nodes: int,
    mappings: Mapping[str, str] | None = None,
) -> None:
    """Write the hub's list of participants, everybody's configuration and the administrator's.

    Args:
        state: Where.
        bootstrap: Address of the broker.
        profile: What it is, as `[broker] profile` says.
        nodes: How many nodes it has.
        mappings: `[source]` and each `[[resource]]` of an agency, by its id; one that is not in it
            has its tables where `write_tables` puts them.
    """
    broker = {"bootstrap": bootstrap, "profile": profile}
    (state.folder / "participants.toml").write_text(participants_toml(state), "utf-8")
    for centre in state.centres:
        config = _common(state, centre, broker)
        config["http"]["socket"] = str(state.socket(centre))
        if centre == HUB:
            config["hub"] = {"participants": "../participants.toml", "review": "automatic"}
        state.config(centre).write_text(to_toml(config), "utf-8")
    for agency in state.agencies:
        mapping = (mappings or {}).get(agency.id) or mapping_toml(agency)
        text = f"{to_toml(_common(state, agency.id, broker))}\n{mapping}"
        state.config(agency.id).write_text(text, "utf-8")
    state.provisioning.write_text(to_toml(_provisioning(bootstrap, nodes)), "utf-8")


def participants_toml(state: State) -> str:
    """Return the hub's list of participants."""
    centres = [_participant_toml(centre, title, ()) for centre, title in state.centres.items()]
    below = [_participant_toml(one.id, one.title, one.tables) for one in state.agencies]
    return "".join(centres + below)


def mapping_toml(agency: Agency, url: str = "sqlite+aiosqlite:///source.db") -> str:
    """Return the mapping of an agency's tables, whose columns are named as the items."""
    source = to_toml({"source": {"kind": "sql", "url": url}})
    return source + "".join(map(_table_toml, agency.tables))


def _table_toml(table: Table) -> str:
    held = [item.name for item in table.items]
    name = table_name(table.resource)
    entry: dict[str, Any] = {"name": table.resource.name, "table": name, "id_number": "id_number"}
    if "id_type" in held:
        entry["id_type"] = "id_type"
    if "name" in held:
        entry["person_name"] = "name"
    entry["not_held"] = [item.name for item in table.resource.items if item.name not in held]
    columns = _pairs({item: item for item in held})
    return f"\n[[resource]]\n{_pairs(entry)}[resource.columns]\n{columns}"


def to_toml(sections: Mapping[str, Mapping[str, object]]) -> str:
    """Return sections of plain keys as TOML."""
    return "\n".join(f"[{name}]\n{_pairs(keys)}" for name, keys in sections.items())


def _provisioning(bootstrap: str, nodes: int) -> dict[str, dict[str, object]]:
    keys = {"directory": f"{ADMIN_SERVICE}/keys", "passphrase_file": f"{ADMIN_SERVICE}/keys.pass"}
    copies = {"replication_factor": nodes, "min_insync_replicas": max(1, nodes - 1)}
    return {
        "keys": {**keys},
        "broker": {"bootstrap": bootstrap},
        "hub": {"participants": "participants.toml"},
        "topics": {**copies},
    }


def _common(
    state: State, participant: str, broker: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    return {
        "participant": {"id": participant},
        "keys": {
            "directory": "keys",
            "passphrase_file": "keys.pass",
            "store_key": "store.key",
            "suite": state.suite,
        },
        "broker": dict(broker),
        "store": {"url": "sqlite+aiosqlite:///store.db"},
        # Port 0 takes a free one; the daemon's log says which.
        "http": {"listen": "127.0.0.1:0"},
    }


def _participant_toml(participant: str, title: str, tables: Sequence[Table]) -> str:
    certificates = f"ca/issued/{participant}"
    text = "[[participant]]\n"
    entry = {"id": participant, "title": title, "certificates": certificates, "hosts": [HOST]}
    text += _pairs(entry)
    for table in tables:
        offer = {"resource": table.resource.name, "term_working_days": TERM_WORKING_DAYS}
        text += f"[[participant.offer]]\n{_pairs(offer)}"
    return f"{text}\n"


def _pairs(keys: Mapping[str, object]) -> str:
    # A JSON string, number or list of strings is a TOML one too.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def _passphrase(file: Path) -> bytes:
    passphrase = secrets.token_hex(32).encode()
    write_new(file, passphrase)
    return passphrase
