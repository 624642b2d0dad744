"""Who stands on the list of a query (名单): each person together with their consent.

A draft has both in one row. On the way they travel apart, because a provider reads the roster but
never the consents; the rules on persons and on consents read them joined, as `Member`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bus.model.request import Consent, Draft, Roster


@dataclass(frozen=True, slots=True)
class Member:
    """One person on the list, member of a household; `reference` counts from 1 over the query.

    `scope` and `valid_until` are what the requester registered of the authorisation, if it did.
    """

    reference: int
    name: str
    id_type: str
    id_number: str
    reason: str
    household: str
    relation: str
    document: str
    authorised_on: date
    guardian: str | None
    scope: str = ""
    valid_until: date | None = None


def members_of_draft(draft: Draft) -> tuple[Member, ...]:
    """Return the persons of a draft, numbered in the order of its list."""
    return tuple(
        Member(
            reference,
            row.name,
            row.id_type,
            row.id_number,
            row.reason,
            row.household,
            row.relation,
            row.document,
            row.authorised_on,
            row.guardian,
            row.scope,
            row.valid_until,
        )
        for reference, row in enumerate(draft.persons, 1)
    )


def members_of_parts(rosters: Iterable[Roster], consents: Iterable[Consent]) -> tuple[Member, ...]:
    """Return the persons of the parts that have a consent, by reference.

    Who has none belongs to no known household and is left out here: `bus.rules.consistency`
    reports it, as it does a reference that stands twice.
    """
    consent_of = {given.reference: given for part in consents for given in part.consents}
    found = [
        Member(
            person.reference,
            person.name,
            person.id_type,
            person.id_number,
            person.reason,
            given.household,
            given.relation,
            given.document,
            given.authorised_on,
            given.guardian,
            given.scope,
            given.valid_until,
        )
        for part in rosters
        for person in part.persons
        if (given := consent_of.get(person.reference)) is not None
    ]
    return tuple(sorted(found, key=lambda member: member.reference))
