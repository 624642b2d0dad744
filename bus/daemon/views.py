"""What an operator gets to see of a query: its hops, and its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from bus.daemon.office import Office
from bus.daemon.work import open_stored
from bus.errors import InputError
from bus.flow.result_rows import result_outcomes
from bus.model.case import Case, RowState
from bus.model.messages import Answer
from bus.model.request import Application, Consent, PersonConsent, Request, RequestLine, Roster
from bus.model.result import (
    ResultAnswer,
    ResultApplication,
    ResultGap,
    ResultItem,
    ResultLine,
    ResultOutcome,
    ResultPerson,
    ResultView,
)
from bus.model.timeline import Hop
from bus.ports.store import StoredMessage
from bus.rules.members import Member, members_of_parts
from bus.wire.message import Message
from schemas.resources import Item
from signer.envelope.kinds import Kind
from signer.envelope.parse import reread


def timeline(stored: Sequence[StoredMessage]) -> tuple[Hop, ...]:
    """Return every hop of a query's messages, in the order of time.

    Args:
        stored: The messages of the query as kept.
    """
    hops: list[Hop] = []
    for kept in stored:
        opened = reread(kept.envelope)
        following = [s.received for s in opened.statements[1:]]
        arrivals = [*following, None if kept.sent else kept.at]
        for statement, arrived in zip(opened.statements, arrivals, strict=True):
            hops.append(
                Hop(
                    forwarded=statement.forwarded,
                    arrived=arrived,
                    sender=statement.sender,
                    to=statement.to,
                    kind=opened.header.kind,
                    source=opened.header.source,
                    resource=opened.header.resource,
                    part=opened.header.roster_part,
                    role=statement.role,
                    message=kept.digest,
                )
            )
    return tuple(sorted(hops, key=lambda hop: hop.forwarded))


SHOWN = frozenset({Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT, Kind.ANSWER})
"""The kinds of messages a result is made of."""


def application(
    office: Office, case: Case, stored: Sequence[StoredMessage]
) -> tuple[Application | None, tuple[Member, ...]]:
    """Return the form of an application and the persons on its list, opened.

    Of one that was returned and has not come again, what it said before (R067).

    Args:
        office: The hub.
        case: The hub's case.
        stored: The query's Application, Roster and Consent messages.
    """
    asked = case.application or (case.superseded[-1] if case.superseded else None)
    opened = {kept.digest: open_stored(office, kept).body for kept in stored}
    form = opened.get(asked) if asked else None
    if not isinstance(form, Application):
        form = None
    listed = None if form is None else {part.digest for part in form.parts}
    bodies = [body for digest, body in opened.items() if listed is None or digest in listed]
    rosters = [body for body in bodies if isinstance(body, Roster)]
    consents = [body for body in bodies if isinstance(body, Consent)]
    return form, members_of_parts(rosters, consents)


def result(office: Office, case: Case, stored: Iterable[StoredMessage]) -> ResultView:
    """Return a query's result, opened. Reading it is audited by the caller (R035).

    Opening a large result takes seconds: call it in a thread, outside any transaction.

    Args:
        office: The requester.
        case: The requester's case.
        stored: The messages of the query as kept.

    Raises:
        InputError: `RESULT_NOT_HERE` when the application is not in the archive.
    """
    archive = _Archive(office, frozenset(case.received) | {case.application or b""})
    for kept in stored:
        if kept.kind in SHOWN:
            archive.add(kept)
    return archive.view(case)


@dataclass
class _Archive:
    """The opened messages of one query; `in_force` are its application and the parts of that."""

    office: Office
    in_force: frozenset[bytes]

    def __post_init__(self) -> None:
        self._application: Application | None = None
        self._rosters: list[Roster] = []
        self._returned: list[Roster] = []
        self._consents: dict[int, PersonConsent] = {}
        self._answers: dict[bytes, Message] = {}

    def add(self, stored: StoredMessage) -> None:
        if stored.kind == Kind.ROSTER and not stored.sent:
            return
        match open_stored(self.office, stored):
            case Message(body=Application() as application):
                if stored.digest in self.in_force:
                    self._application = application
            case Message(body=Roster() as roster):
                in_force = stored.digest in self.in_force
                (self._rosters if in_force else self._returned).append(roster)
            case Message(body=Consent() as consent):
                self._consents.update({c.reference: c for c in consent.consents})
            case Message(body=Answer()) as message:
                self._answers[stored.digest] = message
            case _:
                return

    def view(self, case: Case) -> ResultView:
        application = self._application
        if application is None:
            raise InputError(
                "RESULT_NOT_HERE",
                "本节点没有该查询的申请",
                "this node holds no application of that query",
                where=str(case.query),
            )
        lines = tuple(self._line(line) for line in application.request.lines)
        return ResultView(
            query=case.query,
            state=case.state,
            application=ResultApplication(
                requester=case.requester,
                operator=case.operator or "",
                submitted=case.opened,
                authority=application.authority,
                business_text=application.business_text,
                purpose=application.request.purpose,
                query_text=application.query_text,
                person_count=application.person_count,
                applied_on=application.applied_on,
            ),
            persons=tuple(self._persons(self._rosters)),
            withdrawn=tuple(
                person
                for person in self._persons(self._returned)
                if person.reference in case.withdrawn
            ),
            rechecks=None if case.rechecks is None else UUID(bytes=case.rechecks.query),
            lines=lines,
            answers=tuple(self._given(case, application.request)),
            gaps=tuple(
                ResultGap(
                    provider=row.holder,
                    provider_title=self._title(row.holder),
                    resource=row.resource,
                    part=row.part,
                    due=None if row.state is RowState.UNSERVED else row.due,
                    code=row.code,
                )
                for row in case.rows
                if row.code is not None or row.state is RowState.OPEN
            ),
        )

    def _persons(self, rosters: Iterable[Roster]) -> list[ResultPerson]:
        # Who was returned twice stands in two parts, as the same person.
        persons = {p.reference: p for roster in rosters for p in roster.persons}
        found = []
        for _, person in sorted(persons.items()):
            consent = self._consents.get(person.reference)
            found.append(
                ResultPerson(
                    reference=person.reference,
                    household="" if consent is None else consent.household,
                    relation="" if consent is None else consent.relation,
                    name=person.name,
                    id_type=person.id_type,
                    id_number=person.id_number,
                )
            )
        return found

    def _line(self, line: RequestLine) -> ResultLine:
        resource = self.office.resource(line.resource)
        known = {} if resource is None else {i.name: i for i in resource.items}
        return ResultLine(
            line=line.line,
            row=line.row,
            provider=line.provider,
            resource=line.resource,
            title=line.resource if resource is None else resource.zh,
            items=tuple(_item(name, known.get(name)) for name in line.items),
            time_from=line.time_from,
            time_to=line.time_to,
        )

    def _given(self, case: Case, request: Request) -> list[ResultAnswer]:
        items = {line.line: line.items for line in request.lines}
        given = []
        for row in case.rows:
            for fragment in row.fragments if row.code is None else ():
                message = self._answers.get(fragment.digest)
                if message is None or not isinstance(message.body, Answer):
                    continue
                answer = message.body
                given.append(
                    ResultAnswer(
                        provider=row.holder,
                        provider_title=self._title(row.holder),
                        resource=row.resource,
                        part=row.part,
                        as_of=answer.as_of,
                        received=message.received,
                        due=row.due,
                        late=row.late,
                        outcomes=self._outcomes(row.resource, answer, items),
                    )
                )
        return given

    def _outcomes(
        self, name: str, answer: Answer, items: dict[int, tuple[str, ...]]
    ) -> tuple[ResultOutcome, ...]:
        resource = self.office.resource(name)
        if resource is None:
            return ()
        return result_outcomes(resource, answer, items)

    def _title(self, participant: str) -> str:
        found = self.office.directory.get(participant) if participant else None
        return participant if found is None else found.title


def _item(name: str, known: Item | None) -> ResultItem:
    """An item of a line; one that no schema here knows keeps its name."""
    return ResultItem(name, name) if known is None else ResultItem(name, known.zh, known.codes)
