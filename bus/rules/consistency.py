"""Whether the application and the data to be queried are the same query (R025, R044, R047).

The formal review (形式审查) holds the application against its parts: the same request in each,
every part there with the count the application states, every person once and with one consent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

from bus.model.messages import Finding
from bus.model.request import Application, Consent, Request, Roster
from bus.rules import places
from bus.rules.persons import same_name

_ROSTER = "Roster"
_CONSENT = "Consent"
_MAX_PART = 1000


def consistency(
    application: Application, rosters: Sequence[Roster], consents: Sequence[Consent]
) -> tuple[Finding, ...]:
    """Return every disagreement between an application and its parts.

    That the parts are the very ones the application names by digest (R047) is checked on the sealed
    messages, before they come here.

    Args:
        application: The application.
        rosters: All its roster parts, in any order.
        consents: All its consent parts, in any order.
    """
    counts = [
        *_parts(application, _ROSTER, [(part.part, len(part.persons)) for part in rosters]),
        *_parts(application, _CONSENT, [(part.part, len(part.consents)) for part in consents]),
    ]
    return (
        *_requests(application.request, rosters),
        *_nonces(application.request, consents),
        *counts,
        *_part_sizes(rosters),
        *_total(application, rosters),
        *_references(application, rosters),
        *_consent_each(rosters, consents),
        *_first_named(application, rosters),
    )


def _requests(request: Request, rosters: Iterable[Roster]) -> Iterable[Finding]:
    # R025: business category, purpose, resources and time ranges are the request's.
    for roster in rosters:
        differing = [
            field.name
            for field in fields(Request)
            if getattr(roster.request, field.name) != getattr(request, field.name)
        ]
        if differing:
            yield Finding(
                "REQUEST_DIFFERS",
                "名单所附的查询要求与申请不一致",
                "the request repeated in the list differs from the application's",
                places.part(roster.part, "、".join(differing)),
            )


def _nonces(request: Request, consents: Iterable[Consent]) -> Iterable[Finding]:
    for consent in consents:
        if consent.nonce != request.nonce:
            yield Finding(
                "CONSENT_OF_ANOTHER_QUERY",
                "授权数据不属于本申请",
                "the consents belong to another application",
                places.part(consent.part, "授权"),
            )


def _parts(
    application: Application, kind: str, arrived: Sequence[tuple[int, int]]
) -> Iterable[Finding]:
    # R025: completeness. Parts are numbered 1 to n, each listed once and there once.
    listed = {part.part: part.count for part in application.parts if part.kind == kind}
    twice = sum(part.kind == kind for part in application.parts) != len(listed)
    if twice or set(listed) != set(range(1, len(listed) + 1)):
        yield Finding(
            "PARTS_MISNUMBERED",
            "申请所列分册的序号不是自 1 起连续不重",
            "the parts the application lists are not numbered 1 to n, each once",
            places.form("分册"),
        )
    times = Counter(number for number, _ in arrived)
    for number in sorted(listed.keys() | times.keys()):
        if times[number] != (number in listed):
            yield Finding(
                "PART_COUNT",
                "分册缺失、重复，或不在申请所列之内",
                "a part is missing, there twice, or not one the application lists",
                places.part(number, _title(kind)),
            )
    for number, count in arrived:
        if number in listed and listed[number] != count:
            yield Finding(
                "PART_PERSON_COUNT",
                f"申请记该册 {listed[number]} 人，实有 {count} 人",
                f"the application says {listed[number]} persons in the part, it holds {count}",
                places.part(number, _title(kind)),
            )


def _title(kind: str) -> str:
    return "授权" if kind == _CONSENT else "名单"


def _part_sizes(rosters: Iterable[Roster]) -> Iterable[Finding]:
    for roster in rosters:
        if not 0 < len(roster.persons) <= _MAX_PART:
            yield Finding(
                "PART_SIZE",
                f"每册须有 1 至 {_MAX_PART} 人",
                f"a part holds 1 to {_MAX_PART} persons",
                places.part(roster.part),
            )


def _total(application: Application, rosters: Iterable[Roster]) -> Iterable[Finding]:
    # R044
    total = sum(len(roster.persons) for roster in rosters)
    if total != application.person_count:
        yield Finding(
            "PERSON_COUNT_DIFFERS",
            f"申请填 {application.person_count} 人，名单共 {total} 人",
            f"the application says {application.person_count} persons, the list has {total}",
            places.form("查询人数"),
        )


def _references(application: Application, rosters: Iterable[Roster]) -> Iterable[Finding]:
    # Persons keep their numbers when others are taken out (R067), and nobody else gets those.
    times = Counter(person.reference for roster in rosters for person in roster.persons)
    listed_again = times.keys() & set(application.withdrawn)
    if listed_again:
        yield Finding(
            "WITHDRAWN_LISTED",
            "已撤下的人员仍在名单上",
            "somebody who was taken out stands on the list",
            places.persons(listed_again),
        )
    times.update(application.withdrawn)
    count = times.total()
    wrong = {at for at, n in times.items() if n > 1 or not 1 <= at <= count} - listed_again
    if wrong:
        yield Finding(
            "REFERENCES_MISNUMBERED",
            "人员序号不是自 1 起连续不重",
            "the persons are not numbered 1 to n, each once",
            places.persons(wrong),
        )


def _consent_each(rosters: Iterable[Roster], consents: Iterable[Consent]) -> Iterable[Finding]:
    # R022, R025: exactly one consent for each person, in the consent part of the same number.
    persons = Counter((part.part, p.reference) for part in rosters for p in part.persons)
    given = Counter((part.part, c.reference) for part in consents for c in part.consents)
    missing = {reference for _, reference in persons.keys() - given.keys()}
    if missing:
        yield Finding(
            "CONSENT_MISSING",
            "没有本人或监护人的书面授权",
            "there is no written authorisation by the person or a guardian",
            places.persons(missing),
        )
    excess = {reference for _, reference in given.keys() - persons.keys()}
    excess |= {reference for (_, reference), n in given.items() if n > 1}
    if excess:
        yield Finding(
            "CONSENT_EXCESS",
            "授权重复，或没有对应的人员",
            "a consent is there twice, or belongs to nobody on the list",
            places.persons(excess),
        )


def _first_named(application: Application, rosters: Iterable[Roster]) -> Iterable[Finding]:
    # R044: the person the form names is the first on the list.
    lowest = min((p.reference for part in rosters for p in part.persons), default=1)
    first = [p.name for part in rosters for p in part.persons if p.reference == lowest]
    if len(first) != 1 or not same_name(first[0], application.first_named):
        yield Finding(
            "FORM_FIRST_NAMED_DIFFERS",
            "“等 N 人”之前所列的人不是名单第 1 人",
            "the person named first on the form is not the first on the list",
            places.form("首位被查询人"),
        )
