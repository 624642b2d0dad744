"""Puts a participant together from its configuration: keys, store, broker, step, loops."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings, Profile, TlsFiles
from bus.config.models import BrokerKind, Config
from bus.daemon.certificates import CertificateWatch
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.gauges import Gauges
from bus.daemon.loop import Loops
from bus.daemon.office import Office
from bus.daemon.open_rows import OpenRows
from bus.daemon.outbox import OutboxRelay
from bus.daemon.step import Router, Step
from bus.errors import ConfigError
from bus.logs.setup import Logger, make_logger
from bus.metrics.catalogue import Metrics
from bus.ports.clock import Clock, SystemClock
from bus.ports.store import Store
from bus.store.store import SqlStore
from schemas.loader import Schema, shipped
from signer.certificates import PathValidator, to_key
from signer.directory.view import KeyUse
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.keyfiles import FileKeyRing
from signer.storekey import StoreKey
from signer.suites.p256_aes256gcm import NAME as DEFAULT_SUITE

SchemaSource = Callable[[bytes], Schema | None]


@dataclass
class Participant:
    """A participant put together, not yet running."""

    config: Config
    office: Office
    store: Store
    ring: FileKeyRing
    keeper: DirectoryKeeper
    step: Step
    loops: Loops
    metrics: Metrics
    gauges: Gauges
    certificates: CertificateWatch
    log: Logger


def assemble(
    config: Config, router: Router, *, dev: bool, clock: Clock | None = None
) -> Participant:
    """Put a participant together; opens no connection yet.

    Args:
        config: Its configuration.
        router: What it does with messages: a centre's or an agency's router.
        dev: Whether a plaintext broker is allowed.
        clock: The clock; the machine's unless given.

    Raises:
        ConfigError: Keys, passphrases or settings are unfit.
    """
    clock = clock or SystemClock()
    me = config.participant.id
    ring = FileKeyRing.load(config.keys.directory, config.keys.passphrase_file, clock.now())
    if ring.participant != me:
        raise ConfigError(
            "KEYS_OF_ANOTHER",
            f"密钥目录属于 {ring.participant}，不是 {me}",
            f"the key directory is {ring.participant}'s, not {me}'s",
            remedy_zh="请检查 [participant] id 与 [keys] directory",
            remedy_en="Check [participant] id and [keys] directory",
            where=str(config.keys.directory),
        )
    validator = PathValidator(ring.root)
    metrics = Metrics(me)
    log = make_logger(me)
    find = shipped().get
    office = Office(
        me=me,
        clock=clock,
        entropy=secrets.token_bytes,
        ring=ring,
        store_key=_store_key(config, ring.passphrase),
        sealer=Sealer(me, ring, DEFAULT_SUITE, secrets.token_bytes),
        opener=Opener(ring, find),
        schemas=find,
    )
    store = SqlStore(config.store.url)
    broker = KafkaBroker(broker_settings(config, ring, dev=dev))
    keeper = DirectoryKeeper(office, store, validator, metrics)
    step = Step(office, store, router, metrics, log)
    outbox = OutboxRelay(store, broker, clock, metrics)
    loops = Loops(office, store, broker, keeper, step, outbox, metrics, log)
    gauges = Gauges(office, store, metrics, OpenRows(office, store))
    current = [to_key(certificate) for certificate in ring.certificates[: len(KeyUse)]]
    certificates = CertificateWatch(current, clock, metrics, log)
    return Participant(
        config, office, store, ring, keeper, step, loops, metrics, gauges, certificates, log
    )


def _store_key(config: Config, passphrase: bytes) -> StoreKey:
    """Return the store key, made at the very first start only.

    A store without its key can never be read again, so a missing key beside an existing database
    is an error and not an occasion to make a new one.
    """
    path = config.keys.store_key
    database = Path(config.store.url.removeprefix("sqlite+aiosqlite:///"))
    if not path.exists() and not database.exists():
        return StoreKey.create(path, passphrase)
    return StoreKey.load(path, passphrase)


def broker_settings(config: Config, ring: FileKeyRing, *, dev: bool) -> BrokerSettings:
    """Return the connection to the cluster.

    Raises:
        ConfigError: `BROKER_PLAINTEXT` without `--dev`.
    """
    section = config.broker
    if section.profile is BrokerKind.EMBEDDED and not dev:
        raise ConfigError(
            "BROKER_PLAINTEXT",
            "内嵌代理没有 TLS，只能在 --dev 下使用",
            "the embedded broker has no TLS and is for --dev only",
            remedy_zh='正式环境请用 profile = "kafka"',
            remedy_en='In production set profile = "kafka"',
            where="[broker] profile",
        )
    tls = None
    if section.profile is BrokerKind.KAFKA:
        tls = TlsFiles(
            ca=section.ca_file or ring.root_file,
            certificate=ring.tls_certificate,
            key=ring.tls_key,
            passphrase=ring.passphrase.decode(),
        )
    return BrokerSettings(
        bootstrap=section.bootstrap,
        client_id=f"hedui-{config.participant.id}",
        profile=Profile(section.profile.value),
        tls=tls,
    )
