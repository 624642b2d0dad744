"""Synthetic people, forms and directories for the tests of `bus.rules` and `bus.catalog`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from bus.model.request import (
    Application,
    Consent,
    Contact,
    Declaration,
    Draft,
    DraftLine,
    DraftPerson,
    PartDigest,
    Person,
    PersonConsent,
    Request,
    RequestLine,
    Roster,
)
from bus.rules.members import Member
from signer.directory.view import Directory, Offer, Participant
from signer.identity import role_of

TODAY = date(2026, 5, 20)
ADULT_BORN = date(1985, 6, 1)


def iso_7064_check(digits: str) -> str:
    """ISO 7064 MOD 11-2 by its recursive definition, unlike the weights under test."""
    product = 0
    for digit in digits:
        product = (product + int(digit)) * 2 % 11
    return "0123456789X"[(12 - product) % 11]


def resident_number(born: date = ADULT_BORN, serial: int = 1, area: str = "990000") -> str:
    first = f"{area}{born:%Y%m%d}{serial:03d}"
    return first + iso_7064_check(first)


def member(reference: int = 1, **changes: object) -> Member:
    made = Member(
        reference=reference,
        name="测试甲",
        id_type="111",
        id_number=resident_number(serial=reference),
        reason="申请低保",
        household="1",
        relation="97",
        document="授权书-1",
        authorised_on=date(2026, 5, 1),
        guardian=None,
    )
    return replace(made, **changes)


def draft_person(serial: int = 1, **changes: object) -> DraftPerson:
    made = DraftPerson(
        household="1",
        relation="97",
        name="测试甲",
        id_type="111",
        id_number=resident_number(serial=serial),
        reason="申请低保",
        document="授权书-1",
        authorised_on=date(2026, 5, 1),
        guardian=None,
    )
    return replace(made, **changes)


def draft(**changes: object) -> Draft:
    made = Draft(
        addressee="民政部低收入家庭认定指导中心",
        legal_basis="《社会救助暂行办法》（国务院令第649号）",
        authority="某县民政局",
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="低保资格审核",
        first_named="测试甲",
        person_count=2,
        query_text="住房公积金信息",
        declaration=Declaration(authorised=True, scope="全国各核对机构"),
        list_submitted_on=date(2026, 5, 19),
        contact=Contact(name="联系人甲", phone="0531-00000000"),
        applied_on=date(2026, 5, 20),
        lines=(draft_line(),),
        persons=(draft_person(1), draft_person(2)),
    )
    return replace(made, **changes)


def draft_line(**changes: object) -> DraftLine:
    made = DraftLine(
        row=1,
        provider="national",
        category="住房公积金",
        items=(),
        time_from=None,
        time_to=None,
    )
    return replace(made, **changes)


def request_line(**changes: object) -> RequestLine:
    made = RequestLine(
        line=1,
        row=1,
        provider="national",
        category="housing-fund",
        resource="housing-fund-account",
        items=("name", "id_type", "id_number", "balance"),
        time_from=None,
        time_to=None,
    )
    return replace(made, **changes)


def request(**changes: object) -> Request:
    made = Request(
        nonce=bytes(16),
        business="subsistence-allowance",
        purpose="低保资格审核",
        catalogue_version=7,
        lines=(request_line(),),
        readers=(bytes(32),),
    )
    return replace(made, **changes)


def parts(sizes: Sequence[int]) -> tuple[Application, list[Roster], list[Consent]]:
    """An application with a roster and a consent part of each of the sizes, all consistent."""
    asked = request()
    rosters, consents, listed = [], [], []
    reference = 0
    for number, size in enumerate(sizes, 1):
        references = range(reference + 1, reference + size + 1)
        reference += size
        rosters.append(
            Roster(
                asked,
                number,
                tuple(
                    Person(
                        at, f"测试{'甲乙丙丁'[at % 4]}", "111", resident_number(serial=at), "低保"
                    )
                    for at in references
                ),
            )
        )
        consents.append(
            Consent(
                asked.nonce,
                number,
                tuple(
                    PersonConsent(at, "1", "97", "授权书", date(2026, 5, 1), None)
                    for at in references
                ),
            )
        )
        listed += [PartDigest(kind, number, bytes(32), size) for kind in ("Roster", "Consent")]
    return application(asked, tuple(listed), reference), rosters, consents


def application(asked: Request, listed: tuple[PartDigest, ...], count: int) -> Application:
    form = draft()
    return Application(
        request=asked,
        addressee=form.addressee,
        legal_basis=form.legal_basis,
        authority=form.authority,
        business_text=form.business_text,
        first_named="测试乙",
        person_count=count,
        query_text=form.query_text,
        declaration=form.declaration,
        list_submitted_on=form.list_submitted_on,
        contact=form.contact,
        applied_on=form.applied_on,
        parts=listed,
        supersedes=None,
    )


def participant(id_: str, parent: str | None, *offers: Offer) -> Participant:
    return Participant(id_, role_of(id_), parent, id_, (), offers=offers)


def directory(*participants: Participant, version: int = 7) -> Directory:
    return Directory(
        version,
        datetime(2026, 5, 20, tzinfo=UTC),
        datetime(2026, 5, 21, tzinfo=UTC),
        MappingProxyType({p.id: p for p in participants}),
    )


ALL_ACCOUNT = ("status", "balance", "account", "opened_on", "monthly_deposit")


def country() -> Directory:
    """The hub and three provinces; Jiangsu has a city below it, Shandong has no agency."""
    return directory(
        participant("hub", None),
        participant("hub.marriage", "hub", Offer("marriage-registration", ("status",), 2)),
        participant("370000", "hub"),
        participant("320000", "hub"),
        participant("320000.housing-fund", "320000", Offer("housing-fund-account", ALL_ACCOUNT, 5)),
        participant("321200", "320000"),
        participant("321200.housing-fund", "321200", Offer("housing-fund-account", ("status",), 7)),
        participant("500000", "hub"),
        participant("500000.housing-fund", "500000", Offer("housing-fund-account", ALL_ACCOUNT, 3)),
    )
