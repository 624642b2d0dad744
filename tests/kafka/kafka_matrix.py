"""Gathers the authorisation matrix on a real cluster: every principal, every subject, every act."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from kafka_country import HOSTS, TOPICS, Country, Run
from kafka_probe import ON_CLUSTER, ON_TOPICS, connect, join, may
from kafka_site import make_ca, tls_files

from bus.broker.tls import handshake_fault, tls_context
from signer.ca.files import issue
from signer.identity import ADMIN_SERVICE, consumer_group

GROUPS = tuple(consumer_group(name) for name in HOSTS)
CLUSTER = "cluster"
STRANGE_ADDRESS = "127.0.9.9"
_SOON = timedelta(seconds=5)

Allowed = frozenset[tuple[str, str]]
"""What one principal may: subject (a topic, a group, the cluster) and act."""


@dataclass
class Matrix:
    """What was found.

    `before` is with every topic there and no right; `after` with the rights of the list. Of
    370000: `strange` from an address that is not registered; `renewed` its second generation, and
    `old` its first on the connection it had, once only the second is listed. `each` is how many
    requests a principal made at each stage.
    """

    before: Mapping[str, Allowed] = field(default_factory=dict)
    after: Mapping[str, Allowed] = field(default_factory=dict)
    strange: Allowed = frozenset()
    old: Allowed = frozenset()
    renewed: Allowed = frozenset()
    each: int = len(TOPICS) * len(ON_TOPICS) + len(GROUPS) + len(ON_CLUSTER)
    runs: list[Run] = field(default_factory=list)
    other_root: str = ""
    no_certificate: str = ""
    plain: str = ""


async def gather(country: Country) -> Matrix:
    """Probe everything, with `hedui hub provision` between the stages."""
    found = Matrix()
    country.empty()
    country.list_(hosts=dict.fromkeys(HOSTS, ()))
    found.runs.append(await asyncio.to_thread(country.provision))
    async with AsyncExitStack() as stack:

        async def connected(name: str, address: str, generation: int = 1) -> AIOKafkaConnection:
            context = tls_context(country.site.keys(name, generation))
            made = await connect(country.site.cluster.bootstrap, context, address)
            stack.callback(made.close)
            return made

        admin = await connected(ADMIN_SERVICE, "127.0.0.1")
        open_ = {name: await connected(name, host) for name, host in HOSTS.items()}
        open_[ADMIN_SERVICE] = admin

        async def all_of(connections: Mapping[str, AIOKafkaConnection]) -> dict[str, Allowed]:
            return {name: await allowed(each) for name, each in connections.items()}

        found.before = await all_of(open_)

        country.list_()
        found.runs.append(await asyncio.to_thread(country.provision))
        found.after = await all_of(open_)
        found.strange = await allowed(await connected("370000", STRANGE_ADDRESS))

        country.site.keys("370000", generation=2)
        country.list_(generations={"370000": "g2"})
        found.runs.append(await asyncio.to_thread(country.provision))
        found.old = await allowed(open_["370000"])
        found.renewed = await allowed(await connected("370000", HOSTS["370000"], generation=2))
    await _unwelcome(country, found)
    return found


async def allowed(connection: AIOKafkaConnection) -> Allowed:
    """Return everything the principal of a connection may."""
    asked: dict[tuple[str, str], Awaitable[bool]] = {}
    for topic in TOPICS:
        for act, probe in ON_TOPICS.items():
            asked[topic, act] = may(probe, connection, topic)
    asked |= {(group, "join"): may(join, connection, group) for group in GROUPS}
    asked |= {(CLUSTER, act): may(probe, connection) for act, probe in ON_CLUSTER.items()}
    answers = await asyncio.gather(*asked.values())
    return frozenset(key for key, yes in zip(asked, answers, strict=True) if yes)


async def _unwelcome(country: Country, found: Matrix) -> None:
    """Try to connect with a certificate of another root, without one, and without TLS."""
    site = country.site
    here = site.keys("370000")
    other = make_ca(site.folder / "other")
    folder = site.folder / "other" / "keys"
    passphrase = other.passphrase_file.read_bytes()
    issue(other.directory, passphrase, "370000", folder, b"of a test", now=datetime.now(UTC))
    stranger = tls_context(replace(tls_files(folder, "of a test"), ca=here.ca))
    nameless = ssl.create_default_context(cafile=here.ca)
    for field_, context in (("other_root", stranger), ("no_certificate", nameless)):
        fault = await handshake_fault(site.cluster.bootstrap, context, _SOON)
        setattr(found, field_, "" if fault is None else fault.code)
    try:
        await connect(site.cluster.bootstrap, None, HOSTS["370000"])
    except KafkaConnectionError:
        found.plain = "CLOSED"
