"""`hedui hub provision --from-directory` and `--follow`: wanted is what the hub has published."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable

from bus.broker.kafka import KafkaBroker
from bus.broker.provisioning.run import Provisioner
from bus.broker.settings import BrokerSettings, TlsFiles
from bus.config.provision import ProvisionConfig
from bus.daemon.admin_directory import AdminDirectory
from bus.daemon.rights_follower import POLL_SECONDS, RightsFollower
from bus.errors import HeduiError
from bus.logs.foreign import route_foreign
from bus.logs.setup import make_logger
from bus.ports.clock import SystemClock
from signer.certificates import PathValidator
from signer.directory.view import Directory, Participant
from signer.identity import ADMIN_SERVICE
from signer.keydirectory import ROOT, read_certificates

READ_SECONDS = 30.0
"""How long one run looks for a directory."""


ProvisionerFor = Callable[[Iterable[Participant]], Provisioner]


def published(settings: ProvisionConfig, files: TlsFiles) -> tuple[Participant, ...]:
    """Return the participants of the directory the hub has published.

    Raises:
        HeduiError: It cannot be read, or does not verify.
    """
    return asyncio.run(_published(settings, files))


def following(settings: ProvisionConfig, files: TlsFiles, provisioner_for: ProvisionerFor) -> None:
    """Follow the directory until SIGTERM or SIGINT.

    Raises:
        HeduiError: Keys, state or settings are unfit.
    """
    asyncio.run(_following(settings, files, provisioner_for))


async def _published(settings: ProvisionConfig, files: TlsFiles) -> tuple[Participant, ...]:
    reader = _reader(settings, files)
    await reader.load()
    await reader.broker.start()
    try:
        directory = await reader.read_to_end(POLL_SECONDS, READ_SECONDS)
    finally:
        await reader.close()
        await reader.broker.stop()
    return tuple(directory.participants.values())


async def _following(
    settings: ProvisionConfig, files: TlsFiles, provisioner_for: ProvisionerFor
) -> None:
    log = make_logger(ADMIN_SERVICE)
    route_foreign(log)
    reader = _reader(settings, files)
    await reader.load()

    def provisioner(directory: Directory) -> Provisioner:
        return provisioner_for(directory.participants.values())

    follower = RightsFollower(reader, provisioner, SystemClock(), log)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, follower.stopping.set)
    await _reach(reader, follower, log.warning)
    log.info("rights.following")
    try:
        await follower.run()
    finally:
        await reader.broker.stop()
        log.info("rights.stopped")


async def _reach(
    reader: AdminDirectory, follower: RightsFollower, say: Callable[..., object]
) -> None:
    """Connect, waiting for brokers that are down."""
    while not follower.stopping.is_set():
        try:
            await reader.broker.start()
        except HeduiError as error:
            say("rights.fault", code=error.code, where=error.where)
            await follower.pause()
        else:
            return


def _reader(settings: ProvisionConfig, files: TlsFiles) -> AdminDirectory:
    roots = read_certificates(settings.keys.directory / ROOT)
    broker = KafkaBroker(
        BrokerSettings(bootstrap=settings.broker.bootstrap, client_id="hedui-rights", tls=files)
    )
    validator = PathValidator(roots[0], roots[1:])
    return AdminDirectory(broker, validator, SystemClock(), settings.directory.state)
