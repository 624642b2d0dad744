"""Whom the directory lists (R003, R007): the hub's file and the admitted ones, keys revoked.

The hub signs what this returns; everything that follows from a standing follows from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.errors import ConfigError
from bus.model.admission import Admission, Revocation
from bus.model.catalogue_report import FiledReport
from bus.rules.admission import standing_of
from schemas.loader import shipped
from signer.certificates import to_key
from signer.directory.view import Offer, Participant
from signer.identity import role_of

Revoked = Mapping[tuple[str, int], datetime]
"""Participant and key generation → from when nothing made with those keys is accepted."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the next directory says: its participants, and the authorities (DER) above them.

    `schemas` are the `.avsc` files of resources that travel along (R005).
    """

    participants: tuple[Participant, ...]
    issuers: tuple[bytes, ...]
    schemas: tuple[bytes, ...] = ()


def message_schemas() -> tuple[bytes, ...]:
    """Return the digests of the payload schemas that this version reads."""
    return tuple(sorted(d for d, s in shipped().items() if s.name.startswith("message/")))


def listing(
    filed: Sequence[Participant],
    issuers: Sequence[bytes],
    admissions: Sequence[Admission],
    revocations: Sequence[Revocation],
    reports: Sequence[FiledReport] = (),
    schemas: Sequence[bytes] = (),
) -> Listing:
    """Return what the directory lists.

    ★ What an agency offers is what was said of it last: its province's newest report (R037, R038),
    or its own application where the hub accepted one with other offers later. An agency that no
    report names keeps what it has on file.

    Args:
        filed: The participants of the hub's file.
        issuers: DER of the authorities the hub knows of itself.
        admissions: All admissions.
        revocations: All revoked key generations, of participants of either kind.
        reports: The newest report of each province.
        schemas: The `.avsc` files of resources that travel along.

    Raises:
        ConfigError: `PARTICIPANT_TWICE`: an id is in the file and admitted too.
    """
    revoked = {(r.participant, r.generation): r.at for r in revocations}
    admitted = [p for a in admissions if (p := _participant(a)) is not None]
    twice = {p.id for p in filed} & {p.id for p in admitted}
    if twice:
        raise ConfigError(
            "PARTICIPANT_TWICE",
            "参与方既在清单文件中，又已办理入网",
            "a participant is in the list's file and admitted too",
            remedy_zh="请从 participants.toml 中删除该参与方；在此之前目录不再更新",
            remedy_en="Take it out of participants.toml; until then no new directory is published",
            where=", ".join(sorted(twice)),
        )
    known = list(issuers)
    for admission in admissions:
        for generation in admission.issued:
            known += [der for der in generation.issuers if der not in known]
    reported = _reported(reports, admissions)
    return Listing(
        tuple(_with_reported(_with_revoked(p, revoked), reported) for p in (*filed, *admitted)),
        tuple(known),
        tuple(schemas),
    )


def _reported(
    reports: Sequence[FiledReport], admissions: Sequence[Admission]
) -> Mapping[str, tuple[Offer, ...]]:
    """What reports say of agencies, as far as they did not say otherwise themselves since."""
    stated = {admission.participant: _stated(admission) for admission in admissions}
    return {
        agency.agency: tuple(offer.offer() for offer in agency.offers)
        for report in reports
        for agency in report.report.agencies
        if (since := stated.get(agency.agency)) is None or since <= report.at
    }


def _stated(admission: Admission) -> datetime | None:
    """When what an agency says of its offers was last accepted as something new.

    An application that changes addresses or contacts repeats the offers; that says nothing of them.
    """
    since, offers = None, None
    for filing in admission.filings:
        if filing.accepted is not None and filing.offers != offers:
            since, offers = filing.accepted, filing.offers
    return since


def _with_reported(
    participant: Participant, reported: Mapping[str, tuple[Offer, ...]]
) -> Participant:
    offers = reported.get(participant.id)
    return participant if offers is None else replace(participant, offers=offers)


def _participant(admission: Admission) -> Participant | None:
    standing, filing = standing_of(admission), admission.in_force
    if standing is None or filing is None:
        return None
    keys = (to_key(der) for issued in admission.issued for der in issued.certificates)
    return Participant(
        id=admission.participant,
        role=role_of(admission.participant),
        parent=filing.parent,
        title=filing.title,
        keys=tuple(sorted(keys, key=lambda key: (key.use, key.generation))),
        hosts=filing.hosts,
        offers=filing.offers,
        reads=message_schemas(),
        standing=standing,
    )


def _with_revoked(participant: Participant, revoked: Revoked) -> Participant:
    keys = tuple(
        replace(key, revoked=revoked.get((participant.id, key.generation)))
        for key in participant.keys
    )
    return participant if keys == participant.keys else replace(participant, keys=keys)
