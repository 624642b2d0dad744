"""Cases, messages and a directory without keys, for the tests of the pure path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from bus.model.case import Case, CaseRole, QueryState, Row
from bus.model.messages import Dispatch, DispatchRow
from bus.model.request import (
    Application,
    Contact,
    Declaration,
    Draft,
    DraftLine,
    DraftPerson,
    Request,
    RequestLine,
)
from bus.wire.message import Message
from signer.directory.view import Directory, Offer, Participant
from signer.envelope.format import Order, OrderLine
from signer.identity import role_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
QUERY = UUID("0195545a-0000-7000-8000-000000000001")
APPLICATION = b"\x0a" * 32
FUND = "housing-fund-account"
ITEMS = ("name", "id_type", "id_number", "balance", "status")

TREE = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "321200": "320000",
    "500000": "hub",
    "hub.marriage": "hub",
    "320000.housing-fund": "320000",
    "321200.housing-fund": "321200",
    "500000.housing-fund": "500000",
    "370000.housing-fund": "370000",
}


def directory(terms=None, items=ITEMS) -> Directory:
    terms = terms or {}
    participants = {
        name: Participant(
            id=name,
            role=role_of(name),
            parent=parent,
            title=name,
            keys=(),
            offers=(Offer(FUND, items, terms.get(name, 5)),) if "fund" in name else (),
        )
        for name, parent in TREE.items()
    }
    return Directory(1, NOW, NOW + timedelta(minutes=30), participants)


def line(number=1, provider="national", items=ITEMS, resource=FUND) -> RequestLine:
    return RequestLine(number, number, provider, "housing-fund", resource, items, None, None)


def request(*lines: RequestLine) -> Request:
    return Request(b"n" * 16, "subsistence-allowance", "核对", 1, lines or (line(),), (b"r" * 32,))


def order(due=None, lines=None) -> Order:
    due = due or NOW + timedelta(days=7)
    return Order(APPLICATION, lines or (OrderLine(1, FUND, ITEMS, due),))


def case(role=CaseRole.REQUESTER, state=QueryState.ACCEPTED, **changed) -> Case:
    made = Case(
        query=QUERY,
        role=role,
        requester="370000",
        state=state,
        opened=NOW,
        updated=NOW,
        application=APPLICATION,
        request=request(),
        person_count=2,
    )
    return replace(made, **changed)


def row(holder="500000", leaf=False, mark=1, part=1, resource=FUND, **changed) -> Row:
    made = Row(part, resource, holder, leaf, NOW + timedelta(days=7), bytes([mark]) * 32)
    return replace(made, **changed)


def owed(child="500000.housing-fund", leaf=True, mark=2, part=1, resource=FUND, due=None):
    due = due or NOW + timedelta(days=7)
    return DispatchRow(part, resource, child, leaf, due, bytes([mark]) * 32)


def dispatch(*rows: DispatchRow, unserved=()) -> Dispatch:
    return Dispatch(rows, tuple(unserved))


def header(**changed):
    """The fields of a header that the path looks at."""
    fields = {
        "conversation": QUERY,
        "source": "500000.housing-fund",
        "destination": "370000",
        "roster_part": 1,
        "resource": FUND,
        "order": b"\x02" * 32,
        "fragment": 0,
        "last": True,
        "subject_count": 2,
        "kind": "Answer",
    }
    return SimpleNamespace(**(fields | changed))


def message(body=None, digest=b"\x0d" * 32, chain=b"\x0c" * 32, to_order=None, **changed):
    """A verified message, as far as the path looks at it."""
    statement = SimpleNamespace(order=to_order)
    opened = SimpleNamespace(
        header=header(**changed), digest=digest, chain=chain, statements=(statement,)
    )
    return Message(opened, body, None, NOW)


def draft(*households: str) -> Draft:
    people = tuple(
        DraftPerson(h, "01", f"测试{n}", "111", "", "原因", "授权书", date(2026, 2, 1), None)
        for n, h in enumerate(households)
    )
    return Draft(
        addressee="民政部低收入家庭认定指导中心",
        legal_basis="国务院令第649号",
        authority="测试县民政局",
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="核对",
        first_named="测试0",
        person_count=len(people),
        query_text="住房公积金",
        declaration=Declaration(True, "全国各核对机构"),
        list_submitted_on=date(2026, 3, 1),
        contact=Contact("测试联系人", "01000000000"),
        applied_on=date(2026, 3, 2),
        lines=(DraftLine(1, "national", "housing-fund", (), None, None),),
        persons=people,
    )


def application(parts=(), **changed) -> Application:
    made = draft("H0")
    body = Application(
        request=request(),
        addressee=made.addressee,
        legal_basis=made.legal_basis,
        authority=made.authority,
        business_text=made.business_text,
        first_named=made.first_named,
        person_count=made.person_count,
        query_text=made.query_text,
        declaration=made.declaration,
        list_submitted_on=made.list_submitted_on,
        contact=made.contact,
        applied_on=made.applied_on,
        parts=tuple(parts),
        supersedes=None,
    )
    return replace(body, **changed)
