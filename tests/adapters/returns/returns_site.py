"""An adapter's centre on real files: keys of a real CA, a signed directory, orders in its store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from list_samples import Sheet

from adapters.host.answering import Answering
from adapters.host.desk import open_desk
from adapters.host.run import mapped_of
from adapters.host.setup import connector_of
from adapters.returns.hand_out import hand_out
from adapters.returns.take_back import take_back
from bus.config.load import load_config
from bus.errors import HeduiError
from bus.model.request import Person, Request, RequestLine, Roster
from bus.ports.broker import Record
from bus.ports.clock import MovedClock
from bus.ports.instants import cut
from bus.store.store import SqlStore
from bus.wire.bodies import schema_of, to_avro
from bus.wire.message import message_from
from schemas.loader import shipped
from schemas.resources import resources
from signer.ca.files import init_ca, issue
from signer.certificates import PathValidator, to_key
from signer.directory.records import HEAD_KEY, adopt, sign_entry, sign_head
from signer.directory.view import Offer, Participant
from signer.envelope.chain import Arrival
from signer.envelope.format import Order, OrderLine
from signer.envelope.open import Opener
from signer.envelope.seal import Content, Sealer
from signer.identity import inbox_topic, role_of
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing
from signer.medium.agency import make_keys
from signer.uuid7 import uuid7

NOW = cut(datetime.now(UTC))
"""The commands read the machine's clock, so the site stands in the present."""

ADAPTER = "320000.housing-fund"
PARENTS = {"hub": None, "370000": "hub", "320000": "hub", ADAPTER: "320000"}
TITLES = {"hub": "部中心", "370000": "山东省核对中心", "320000": "江苏省核对中心"}
RESOURCE = "housing-fund-withdrawal"
OTHER = "housing-fund-account"
SECRET = b"a passphrase for tests"
PEOPLE = (
    Person(1, "测试甲", "111", "990000196001010004", "低保审核"),
    Person(2, "=HYPERLINK(1)", "111", "990000196001010012", "低保审核"),
)

CONFIG = """
[participant]
id = "{adapter}"
[keys]
directory = "{home}/keys/{adapter}"
passphrase_file = "{home}/passphrase"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:1"
[store]
url = "sqlite+aiosqlite:///{folder}/adapter.db"
[source]
kind = "{kind}"
{keys}
[[resource]]
name = "housing-fund-withdrawal"
not_held = ["paid_to"]
"""


def items(resource=RESOURCE):
    return tuple(item.name for item in resources()[resource].items)


@dataclass
class Authorities:
    """Keys of everybody on the path, and what the hub says of them."""

    home: Path
    rings: dict[str, FileKeyRing]
    records: dict[str, bytes]
    root: Path

    @property
    def validator(self):
        certificates = read_certificates(self.root)
        return PathValidator(certificates[0], certificates[1:])

    @property
    def directory(self):
        return adopt(self.records, self.validator, None, NOW).directory


def make_authorities(home: Path) -> Authorities:
    """Issue keys as an installation does, and sign a directory; slow, once a session."""
    passphrase = home / "passphrase"
    passphrase.write_bytes(SECRET)
    passphrase.chmod(0o600)
    init_ca(home / "ca", SECRET, NOW, 20)
    rings, participants = {}, {}
    for name, parent in PARENTS.items():
        folder = home / "keys" / name
        issue(home / "ca", SECRET, name, folder, SECRET, now=NOW)
        rings[name] = FileKeyRing.load(folder, passphrase, NOW)
        offers = (Offer(RESOURCE, items(), 5), Offer(OTHER, items(OTHER), 5))
        participants[name] = Participant(
            id=name,
            role=role_of(name),
            parent=parent,
            title=TITLES.get(name, "江苏省住房公积金中心"),
            keys=tuple(to_key(certificate) for certificate in rings[name].current_certificates[1:]),
            offers=offers if name == ADAPTER else (),
        )
    entries = {name: sign_entry(rings["hub"], one) for name, one in participants.items()}
    head = sign_head(
        rings["hub"],
        version=1,
        prev=None,
        entries=entries,
        issued=NOW - timedelta(minutes=1),
        expires=NOW + timedelta(days=1),
        issuers=read_certificates(home / "keys/hub/chain.pem"),
    )
    root = home / "keys" / ADAPTER / "root.pem"
    return Authorities(home, rings, entries | {HEAD_KEY: head}, root)


@dataclass
class Site:
    """An adapter's configuration and store in a folder, the agency's keys beside it."""

    authorities: Authorities
    folder: Path
    kind: str = "template"

    def __post_init__(self):
        (self.folder / "out").mkdir()
        keys = ""
        if self.kind == "medium":
            self.passphrase = self.folder / "agency.passphrase"
            self.passphrase.write_bytes(SECRET)
            self.passphrase.chmod(0o600)
            self.keys = make_keys(self.folder / "agency", SECRET)
            keys = 'agency_keys = "agency/agency-medium.pub"'
        self.config.write_text(
            CONFIG.format(
                adapter=ADAPTER,
                home=self.authorities.home,
                folder=self.folder,
                kind=self.kind,
                keys=keys,
            ),
            encoding="utf-8",
        )

    @property
    def config(self) -> Path:
        return self.folder / "adapter.toml"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def desk(self, operator="王芳", after=timedelta()):
        """Open the adapter as an operator does, some time later."""
        config = load_config(self.config)
        return open_desk(config, self.config, operator, clock=MovedClock(NOW + after))

    @staticmethod
    async def begin(authorities: Authorities, file: Path) -> None:
        """Make a store that holds the directory, as when the daemon has read its topic."""
        store = SqlStore(f"sqlite+aiosqlite:///{file}")
        await store.open()
        try:
            async with store.transaction() as unit:
                for key, record in authorities.records.items():
                    await unit.put_directory(key, record)
        finally:
            await store.close()

    async def ordered(self, *lines, asked=None, part=1, people=PEOPLE, query=None):
        """Have an order come in, as the daemon's step takes it."""
        made = self.order(
            *(lines or (line(),)), ordered=asked, part=part, people=people, query=query
        )
        async with self.desk() as desk:
            await desk.participant.step.run([made.record])
        return made

    def order(self, *lines, ordered=None, part=1, people=PEOPLE, query=None):
        """Return the record of a roster part that hub and province have ordered."""
        rings, directory = self.authorities.rings, self.authorities.directory
        query = query or uuid7(NOW, secrets.token_bytes)
        readers = rings["370000"].encryption_keys[:1]
        request = Request(b"n" * 16, "subsistence-allowance", "核对申请家庭", 1, lines, readers)
        content = Content(
            kind="Roster",
            destination="hub",
            conversation=query,
            schema=schema_of("Roster"),
            payload=to_avro(Roster(request, part, people)),
            subject_count=len(people),
            roster_part=part,
        )
        due = NOW + timedelta(days=7)
        asked = tuple(OrderLine(x.line, x.resource, x.items, due) for x in ordered or lines)
        path = ("370000", "hub", "320000", ADAPTER)
        hub_key = directory.get("hub").encryption_key(NOW)
        sealed = self._sealer("370000").seal(content, "hub", [hub_key], NOW, 1)
        for sender, me, to in zip(path, path[1:], path[2:], strict=False):
            arrival = Arrival(me, sender, query.bytes, sealed.headers)
            opener = Opener(rings[me], shipped().get)
            message = message_from(opener.open(sealed.data, directory, NOW, arrival), NOW)
            key = directory.get(to).encryption_key(NOW)
            order = Order(b"\x0a" * 32, asked)
            sealed = self._sealer(me).endorse(
                message.opened, to, NOW, NOW, 1, order, key, message.secret
            )
        topic = inbox_topic(ADAPTER)
        record = Record(topic, 0, -1, query.bytes, sealed.data, sealed.headers)
        return SimpleNamespace(record=record, query=query, chain=sealed.chain)

    def _sealer(self, name):
        return Sealer(name, self.authorities.rings[name], "p256-aes256gcm/1", secrets.token_bytes)


def line(number=1, resource=RESOURCE, items_=None):
    return RequestLine(
        number, number, "320000", "housing-fund", resource, items_ or items(resource), None, None
    )


async def audit_of(desk, query: UUID):
    """Return the entries about a query: event, actor, detail."""
    async with desk.books.store.transaction() as unit:
        entries = await unit.audit(0, 1000, query=query)
    return [(e.event.event, e.event.actor, dict(e.event.detail)) for e in entries]


async def exported(site, **how):
    """Hand out what waits; returns the files."""
    async with site.desk(**how) as desk:
        done = await hand_out(desk, site.kind, site.out)
    return [one.file for one in done.exported]


def fill(data: bytes) -> Sheet:
    """Fill a list of the site's two people."""
    sheet = Sheet(data)
    sheet.sign(day=f"{NOW - timedelta(days=2):%Y-%m-%d}")
    sheet.put(3, 查询结果="查得", **{"提取金额（元）": 12, "提取日期": "2025-06-15"})
    sheet.put(4, 查询结果="未查得")
    return sheet


async def refusal(site, data, **how) -> str:
    """Return the code with which a file is refused."""
    async with site.desk(**how) as desk:
        with pytest.raises(HeduiError) as caught:
            await take_back(desk, site.kind, data)
    return caught.value.code


def answering_of(desk) -> Answering:
    """Return what answers in the daemon, on an opened adapter."""
    participant, setup = desk.participant, desk.setup
    return Answering(
        participant.office,
        participant.store,
        connector_of(setup),
        mapped_of(setup),
        participant.metrics,
        participant.log,
        participant.instance,
    )
