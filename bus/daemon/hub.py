"""What only the hub runs: the directory it signs, admission, test runs."""

from __future__ import annotations

from datetime import timedelta

from bus.config.models import HubSection
from bus.config.participants import load_participants
from bus.config.resources import load_resources
from bus.daemon.admission.authority import OnlineAuthority
from bus.daemon.admission.certifier import Certifier
from bus.daemon.admission.hub_directory import LOOK_EVERY, PUBLISH_EVERY, HubDirectory
from bus.daemon.admission.service import AdmissionService
from bus.daemon.assemble import Participant
from bus.daemon.conformance.examiner import Examiner, Filed
from bus.daemon.conformance.inspections import LOOK_EVERY as INSPECT_EVERY
from bus.daemon.conformance.inspections import Inspections
from bus.daemon.directory_publisher import DirectoryPublisher
from bus.daemon.open_rows import COUNT_EVERY
from bus.daemon.run import Regular
from bus.errors import ConfigError
from bus.flow.conformance.check import ExamRules
from bus.model.admission import ConformanceReport
from bus.model.probe import Run, RunPurpose, RunState
from bus.ports.store import Unit
from bus.rules.review_policy import SEED_SIZE, ReviewPolicy, ReviewRule, per_million
from signer.secretfiles import read_passphrase

RENEW_EVERY = timedelta(seconds=10)


def review_policy(section: HubSection) -> ReviewPolicy:
    """Return how the hub reviews, by its configuration; reads the seed of draws.

    Raises:
        ConfigError: `SAMPLING_SEED_SHORT`.
        KeyFileError: The seed's file cannot be read, or others can read it too.
    """
    seed = b""
    if section.sampling_seed_file is not None:
        seed = read_passphrase(section.sampling_seed_file)
        if len(seed) < SEED_SIZE:
            raise ConfigError(
                "SAMPLING_SEED_SHORT",
                f"抽查种子不足 {SEED_SIZE} 字节",
                f"the seed of draws has less than {SEED_SIZE} bytes",
                remedy_zh="请写入 openssl rand -hex 32 的输出",
                remedy_en="Put in it what `openssl rand -hex 32` prints",
                where=str(section.sampling_seed_file),
            )
    rules = tuple(
        ReviewRule(rule.province, rule.business, rule.mode, per_million(rule.rate))
        for rule in section.review_rule
    )
    rate = per_million(section.review_rate)
    return ReviewPolicy(section.review, rules, section.households, seed, rate)


def hub_directory(centre: Participant, section: HubSection) -> HubDirectory:
    """Return what publishes the directory.

    Raises:
        ConfigError: `PARTICIPANTS_INVALID`, `RESOURCES_INVALID`: a list that cannot be read stops
            the start; a later edit that breaks it is only logged.
    """
    load_participants(section.participants)
    load_resources(section.catalogue.resources)
    centre.office.catalogue_limit = timedelta(days=section.catalogue.valid_days)
    centre.office.report_every = timedelta(days=section.catalogue.report_every_days)
    publisher = DirectoryPublisher(centre.office, centre.store, centre.keeper, centre.instance)

    async def published() -> None:
        centre.loops.outbox.wake.set()
        await centre.step.retry_held()

    return HubDirectory(
        publisher,
        centre.store,
        section.participants,
        centre.ring.issuers,
        published,
        section.catalogue.resources,
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


def exam_rules(section: HubSection) -> ExamRules:
    """Return how the hub tests, by its configuration."""
    said = section.conformance
    return ExamRules(
        answer_within=timedelta(minutes=said.answer_within_minutes),
        valid_for=timedelta(days=said.valid_days),
        probes=said.probes,
        floor_per_second=said.floor_per_second,
        inspect_every=timedelta(days=said.inspect_every_days),
    )


def report_taker(admitting: AdmissionService) -> Filed:
    """Return what puts the reports of test runs into the books of admission (R014).

    A whole run speaks for its participant or against it; an inspection, which makes a subset of
    the tests, only against it.
    """

    async def file(unit: Unit, run: Run) -> None:
        passed = run.state is RunState.PASSED
        counts = run.purpose is RunPurpose.ADMISSION or not passed
        if counts and run.ended and run.expires and run.report:
            report = ConformanceReport(run.participant, run.ended, run.expires, passed, run.report)
            await admitting.take_report(unit, report)

    return file


def inspections(centre: Participant, examiner: Examiner) -> Regular:
    """Return the timer of test runs."""
    looking = Inspections(
        *(centre.office, centre.store, examiner, centre.instance), centre.loops.outbox.wake.set
    )
    return Regular("inspections", INSPECT_EVERY, looking.look, leave=looking.hand_over)
