"""What only the hub runs: the directory it signs, and admission."""

from __future__ import annotations

from datetime import timedelta

from bus.config.models import HubSection
from bus.config.participants import load_participants
from bus.daemon.admission_service import AdmissionService
from bus.daemon.assemble import Participant
from bus.daemon.authority import OnlineAuthority
from bus.daemon.certifier import Certifier
from bus.daemon.directory_publisher import DirectoryPublisher
from bus.daemon.hub_directory import LOOK_EVERY, PUBLISH_EVERY, HubDirectory
from bus.daemon.open_rows import COUNT_EVERY
from bus.daemon.run import Regular

RENEW_EVERY = timedelta(seconds=10)


def hub_directory(centre: Participant, section: HubSection) -> HubDirectory:
    """Return what publishes the directory.

    Raises:
        ConfigError: `PARTICIPANTS_INVALID`: a list that cannot be read stops the start; a later
            edit that breaks it is only logged.
    """
    load_participants(section.participants)
    publisher = DirectoryPublisher(centre.office, centre.store, centre.keeper, centre.instance)

    async def published() -> None:
        centre.loops.outbox.wake.set()
        await centre.step.retry_held()

    return HubDirectory(
        publisher, centre.store, section.participants, centre.ring.issuers, published
    )


def admission_service(
    centre: Participant, section: HubSection, directory: HubDirectory
) -> AdmissionService:
    """Return the hub's admission of participants."""
    ca = section.ca
    return AdmissionService(
        centre.office,
        centre.store,
        Certifier(
            centre.office,
            centre.keeper.validator.roots,
            None if ca is None else OnlineAuthority(ca.directory, ca.passphrase_file),
        ),
        directory.wake.set,
        directory.filed,
    )


def hub_timers(
    centre: Participant, directory: HubDirectory, admissions: AdmissionService
) -> list[Regular]:
    """Return the timers of the hub."""
    leave = directory.publisher.hand_over
    return [
        Regular("directory", PUBLISH_EVERY, directory.publish, directory.wake, leave),
        Regular("admissions", LOOK_EVERY, directory.look),
        Regular("renewals", RENEW_EVERY, admissions.make_renewals),
        Regular("due", COUNT_EVERY, centre.gauges.open_rows.count),
    ]
