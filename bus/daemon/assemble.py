"""Puts a participant together from its configuration: keys, store, broker, step, loops."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings, Profile, TlsFiles
from bus.config.models import BrokerKind, Config
from bus.daemon.audit_heads import AuditHeads
from bus.daemon.binding import StoreKeyFile
from bus.daemon.certificates import CertificateWatch
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.endings import Router
from bus.daemon.gauges import Gauges
from bus.daemon.loop import Loops
from bus.daemon.office import Office
from bus.daemon.open_rows import OpenRows
from bus.daemon.outbox import OutboxRelay
from bus.daemon.step import Step
from bus.daemon.timestamping import Timestamping
from bus.errors import ConfigError
from bus.logs.setup import Logger, make_logger
from bus.metrics.catalogue import Metrics
from bus.ports.clock import Clock, SystemClock
from bus.ports.store import Store
from bus.store.location import Access, daemon_name
from bus.store.store import SqlStore
from schemas.loader import Schema, shipped
from signer.certificates import PathValidator, to_key
from signer.directory.view import KeyUse
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing
from signer.keystore import KeyStore, open_token
from signer.suites.keys import require_suite

SchemaSource = Callable[[bytes], Schema | None]


@dataclass
class Participant:
    """A participant put together, not yet running.

    `instance` names this process among those of the participant: `<id>/<instance>`.
    """

    config: Config
    instance: str
    office: Office
    store: Store
    store_key: StoreKeyFile
    ring: FileKeyRing
    keeper: DirectoryKeeper
    step: Step
    loops: Loops
    metrics: Metrics
    gauges: Gauges
    certificates: CertificateWatch
    heads: AuditHeads
    timestamping: Timestamping | None
    log: Logger
    token: KeyStore | None = None


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
    require_suite(config.keys.suite, "[keys] suite")
    token = None if config.keys.token is None else open_token(config.keys.token)
    ring = FileKeyRing.load(config.keys.directory, config.keys.passphrase_file, clock.now(), token)
    if ring.participant != me:
        raise ConfigError(
            "KEYS_OF_ANOTHER",
            f"密钥目录属于 {ring.participant}，不是 {me}",
            f"the key directory is {ring.participant}'s, not {me}'s",
            remedy_zh="请检查 [participant] id 与 [keys] directory",
            remedy_en="Check [participant] id and [keys] directory",
            where=str(config.keys.directory),
        )
    if config.keys.suite not in ring.signing_keys:
        raise ConfigError(
            "SUITE_WITHOUT_KEYS",
            f"密钥目录中没有 {config.keys.suite} 的签名与加密密钥",
            f"the key directory holds no keys of {config.keys.suite}",
            remedy_zh="请为该套件换发密钥（hedui ca issue --suite），或更改 [keys] suite",
            remedy_en="Have keys of it issued (hedui ca issue --suite), or change [keys] suite",
            where=str(config.keys.directory),
        )
    validator = PathValidator(ring.roots[0], ring.roots[1:])
    metrics = Metrics(me)
    log = make_logger(me)
    find = shipped().get
    store_key = StoreKeyFile.read(config.keys.store_key, ring.passphrase)
    office = Office(
        me=me,
        clock=clock,
        entropy=secrets.token_bytes,
        ring=ring,
        store_key=store_key.key,
        sealer=Sealer(me, ring, ring.signing_suite, secrets.token_bytes),
        opener=Opener(ring, find),
        schemas=find,
        suite=config.keys.suite,
        warn_days=config.deadlines.warn_working_days,
    )
    instance = f"{me}/{config.participant.instance}"
    section = config.store
    access = Access(section.password_file, section.ca_file, daemon_name(instance))
    store = SqlStore(section.url, access)
    broker = KafkaBroker(broker_settings(config, ring, dev=dev))
    keeper = DirectoryKeeper(office, store, validator, metrics)
    step = Step(office, store, router, metrics, log)
    outbox = OutboxRelay(store, broker, clock, metrics, instance, office.left_behind)
    loops = Loops(office, store, broker, keeper, step, outbox, metrics, log)
    gauges = Gauges(office, store, metrics, OpenRows(office, store))
    keys = [to_key(certificate) for certificate in ring.current_certificates]
    # Of the suites of one use, what ends first is watched.
    current = [min((k for k in keys if k.use is u), key=lambda k: k.not_after) for u in KeyUse]
    certificates = CertificateWatch(current, clock, metrics, log)
    heads = AuditHeads(office, store, asyncio.Event())
    return Participant(
        config,
        instance,
        office,
        store,
        store_key,
        ring,
        keeper,
        step,
        loops,
        metrics,
        gauges,
        certificates,
        heads,
        _timestamping(config, office, store, instance),
        log,
        token,
    )


def _timestamping(
    config: Config, office: Office, store: Store, instance: str
) -> Timestamping | None:
    section = config.timestamps
    if section is None:
        return None
    certificates = read_certificates(section.ca_file)
    return Timestamping(office, store, section.url, certificates, instance)


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
        # Static members of one consumer group must not share their name.
        client_id=f"hedui-{config.participant.id}-{config.participant.instance}",
        profile=Profile(section.profile.value),
        tls=tls,
        session_timeout=timedelta(seconds=section.session_timeout_seconds),
    )
