"""The timers of evidence, and the hub's rules by its configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bus.config.models import EvidenceSection
from bus.daemon.admission.service import AdmissionService
from bus.daemon.assemble import Participant
from bus.daemon.evidence.archive import SWEEP_EVERY, Archive
from bus.daemon.evidence.checking import LOOK_EVERY as CHECK_EVERY
from bus.daemon.evidence.checking import Checking
from bus.daemon.evidence.sending import SEND_EVERY, Sending
from bus.daemon.evidence.terms import LOOK_EVERY as TERMS_EVERY
from bus.daemon.evidence.terms import Terms
from bus.daemon.run import Regular
from bus.errors import ConfigError
from bus.flow.evidence import BY_POLICY, EvidenceRules
from bus.model.admission import Act
from signer.secretfiles import read_secret

LEAST_SEED = 16
"""Bytes of a seed, at least."""


def evidence_rules(section: EvidenceSection) -> EvidenceRules:
    """Return how the hub calls evidence up, by its configuration.

    Raises:
        ConfigError: `EVIDENCE_SEED`: the seed is too short.
        KeyFileError: Its file cannot be read, or by others too.
    """
    rules = EvidenceRules(
        sample_rate=section.sample_rate,
        doubt_rate=section.doubt_rate,
        before_acceptance=section.before_acceptance,
        overdue_to_manual=section.overdue_to_manual,
        suspend_after=section.suspend_after,
        warn_before=timedelta(hours=section.warn_before_hours),
    )
    if section.seed_file is None:
        return rules
    seed = read_secret(section.seed_file).strip()
    if len(seed) < LEAST_SEED:
        raise ConfigError(
            "EVIDENCE_SEED",
            f"抽查种子短于 {LEAST_SEED} 字节",
            f"the seed of the draw is shorter than {LEAST_SEED} bytes",
            remedy_zh="请用随机数生成，如 openssl rand -hex 32",
            remedy_en="Make a random one, e.g. openssl rand -hex 32",
            where=str(section.seed_file),
        )
    return replace(rules, seed=seed)


@dataclass(frozen=True, slots=True)
class Suspending:
    """Suspends a participant in the name of the hub's policy."""

    admissions: AdmissionService

    async def __call__(self, participant: str, reason: str) -> object:
        """Suspend a participant, with the reason on file."""
        return await self.admissions.act(participant, Act.SUSPEND, BY_POLICY, reason)


def node_evidence(centre: Participant) -> list[Regular]:
    """Return the timers of a node: what is to be sent, what is to be cleared."""
    wake = centre.loops.outbox.wake.set
    sending = Sending(centre.office, centre.store, centre.instance, wake)
    return [
        Regular("evidence-send", SEND_EVERY, sending.send, leave=sending.hand_over),
        _sweeping(centre),
    ]


def hub_evidence(centre: Participant, admissions: AdmissionService) -> list[Regular]:
    """Return the timers of the hub: what has arrived, what has come due, what is to be cleared."""
    wake = centre.loops.outbox.wake.set
    checking = Checking(centre.office, centre.store, centre.instance, wake)
    terms = Terms(
        *(centre.office, centre.store, centre.metrics, centre.log, centre.instance, wake),
        Suspending(admissions),
    )
    return [
        Regular("evidence-check", CHECK_EVERY, checking.look, leave=checking.hand_over),
        Regular("evidence-terms", TERMS_EVERY, terms.look, leave=terms.hand_over),
        _sweeping(centre),
    ]


def _sweeping(centre: Participant) -> Regular:
    return Regular("evidence-sweep", SWEEP_EVERY, Archive(centre.office, centre.store).sweep)
