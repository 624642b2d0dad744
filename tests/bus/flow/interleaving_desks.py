"""What each participant does with a letter: `bus.flow`, called as the daemons call it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flow_samples import APPLICATION, NOW, QUERY, application
from interleaving_world import (
    AGENCIES,
    CALENDAR,
    REQUEST,
    Books,
    Letter,
    digest,
    directory,
    planned,
)

from bus.errors import PendingError, RefusedError
from bus.flow import cancel, collecting, delay, delivery, levels, review
from bus.flow.answer import accept_answer, answer_message, begin_row, close_row, take_order
from bus.flow.cut_off import check_source, close_cut_off
from bus.flow.dispatch import (
    accept_dispatch,
    accounts_for,
    dispatch_messages,
    dispatch_of,
    open_provider_case,
    start_rows,
)
from bus.flow.expiry import expire, expire_application
from bus.flow.review import Reviewed
from bus.model.case import Case, CaseRole, QueryState, RowState
from bus.model.messages import Answer
from bus.model.request import Consent, PartDigest, Roster
from signer.directory.view import Standing
from signer.envelope.kinds import Kind
from signer.identity import HUB

PARTS = 2
REVIEWED = (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT)
ROLES = CaseRole


@dataclass
class Step:
    """One letter's work: the cases as it changes them, and what it sends."""

    desk: Desk
    now: object
    cases: dict[CaseRole, Case] = field(default_factory=dict)
    out: list[Letter] = field(default_factory=list)

    @property
    def directory(self):
        return directory(self.desk.suspended)

    def case(self, role: CaseRole) -> Case | None:
        return self.cases.get(role) or self.desk.cases.get(role)

    def required(self, role: CaseRole) -> Case:
        case = self.case(role)
        if case is None:
            code = "ROW_NOT_YET_KNOWN" if role is ROLES.PROVIDER else "QUERY_UNKNOWN"
            kind = PendingError if role is ROLES.PROVIDER else RefusedError
            raise kind(code, "", "")
        return case

    def save(self, case: Case) -> None:
        self.cases[case.role] = case

    def send(self, *sends) -> None:
        me = self.desk.name
        for send in sends:
            named = digest(me, self.desk.number(), send.kind)
            readers = frozenset(send.readers or (send.destination,))
            to = self.directory.next_hop(me, send.destination)
            fields = (send.body, readers, named, digest(named, me, to), None, send.order)
            more = (send.resource, send.part, send.fragment, send.last)
            self.out.append(Letter(to, me, send.kind, me, send.destination, *fields, *more))

    def relay(self, letter: Letter) -> None:
        to = self.directory.next_hop(self.desk.name, letter.destination)
        self.out.append(letter.onwards(to))

    def order(self, letters, granted) -> list:
        done = []
        for letter in letters:
            found = planned(self.desk.name, granted, self.desk.suspended)
            passed = [letter.onwards(h.child, h.order, add_reader=True) for h in found.hops]
            self.out += passed
            done.append((letter.part, found, [one.chain for one in passed]))
        return done

    def deliver(self) -> None:
        case = self.case(ROLES.REQUESTER)
        if case is not None and delivery.receipts_due(case):
            done, receipts = delivery.deliver(case, {}, self.now)
            self.save(done)
            self.send(*receipts)


@dataclass
class Desk:
    """One participant: its cases, what waits, what it refused.

    `suspended` is who is suspended by the directory it has read.
    """

    name: str
    books: Books
    suspended: str | None = None
    cases: dict[CaseRole, Case] = field(default_factory=dict)
    seen: set[tuple[bytes, bool]] = field(default_factory=set)
    parked: list[Letter] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    kept: list[Letter] = field(default_factory=list)
    sent: int = 0

    def number(self) -> int:
        self.sent += 1
        return self.sent

    @property
    def paused(self) -> bool:
        found = directory(self.suspended).participants[self.name]
        return found.standing is Standing.SUSPENDED

    def take(self, letter: Letter, now) -> list[Letter]:
        """Take a letter and, where it moved something, what waited; returns what is sent."""
        out = self._one(letter, now)
        return [] if out is None else out + self.retry(now)

    def retry(self, now) -> list[Letter]:
        """Try again what waits, for as long as anything moves."""
        out: list[Letter] = []
        moved = True
        while moved:
            moved = False
            for one in list(self.parked):
                self.parked.remove(one)
                more = self._one(one, now)
                if more is not None:
                    out += more
                    moved = True
        return out

    def _one(self, letter: Letter, now) -> list[Letter] | None:
        """Bring a letter to its end; None where it waits, or was seen before."""
        if letter.name in self.seen:
            return None
        if letter.granted is not None and now > NOW:
            return []  # An order that has run out is not opened any more.
        listed = directory(self.suspended).participants[letter.sender]
        if listed.standing is Standing.SUSPENDED:
            self.refused.append((letter.kind, "PEER_SUSPENDED"))
            return None
        step = Step(self, now)
        try:
            check_source(letter.message(now).header, step.directory)
            (agency if self.name in AGENCIES else centre)(step, letter)
        except PendingError:
            self.parked.append(letter)
            return None
        except RefusedError as error:
            self.refused.append((letter.kind, error.code))
            self.seen.add(letter.name)
            return []
        self.seen.add(letter.name)
        return self.commit(step)

    def commit(self, step: Step) -> list[Letter]:
        for role, case in step.cases.items():
            self.books.follow(self.name, self.cases.get(role), case)
        self.cases |= step.cases
        return step.out

    def cut(self, now) -> list[Letter]:
        """Close what those who are cut off owe, as the timer of a centre does."""
        step = Step(self, now)
        for role in (ROLES.PROVIDER, ROLES.REVIEWER, ROLES.REQUESTER):
            case = self.cases.get(role)
            watched = case is not None and case.state in _WATCHED
            after = close_cut_off(case, step.directory, self.name, now) if watched else case
            if after is not case:
                step.save(after)
        step.deliver()
        return self.commit(step)


_WATCHED = (
    QueryState.STARTED,
    QueryState.PARTLY_ANSWERED,
    QueryState.DELAYED,
    QueryState.CANCELLING,
)


# What begins by itself


def submit(desk: Desk, now) -> list[Letter]:
    """The requester writes its application, in two parts."""
    step = Step(desk, now)
    above = step.directory.path_up(desk.name)[1:]
    made, listed = [], []
    for part in range(1, PARTS + 1):
        for kind, body in (
            (Kind.ROSTER, Roster(REQUEST, part, ())),
            (Kind.CONSENT, Consent(REQUEST.nonce, part, ())),
        ):
            named = digest(desk.name, kind, part)
            made.append((kind, body, named, part))
            listed.append(PartDigest(kind, part, named, 1))
    form = application(tuple(listed), request=REQUEST)
    made.append((Kind.APPLICATION, form, APPLICATION, None))
    for kind, body, named, part in made:
        chain, readers = digest(named, above[0]), frozenset(above)
        fields = (kind, desk.name, HUB, body, readers, named, chain)
        step.out.append(Letter(above[0], desk.name, *fields, part=part))
    state, parts = QueryState.SUBMITTED, tuple(listed)
    step.save(
        Case(
            QUERY,
            ROLES.REQUESTER,
            desk.name,
            state,
            now,
            now,
            application=APPLICATION,
            request=REQUEST,
            parts=parts,
        )
    )
    return desk.commit(step)


def withdraw(desk: Desk, now) -> list[Letter]:
    step = Step(desk, now)
    stopped = cancel.withdraw(desk.cases[ROLES.REQUESTER], "NOT_NEEDED", now)
    step.save(stopped.case)
    step.send(*stopped.sends)
    return desk.commit(step)


def run_out_undecided(desk: Desk, now) -> list[Letter]:
    step = Step(desk, now)
    step.save(expire_application(desk.cases[ROLES.REQUESTER], now))
    return desk.commit(step)


def run_out(desk: Desk, now) -> list[Letter]:
    step = Step(desk, now)
    stopped = expire(desk.cases[ROLES.REVIEWER], step.directory, now)
    step.save(stopped.case)
    step.send(*stopped.sends)
    return desk.commit(step)


def decide(desk: Desk, now, *, accepted: bool) -> list[Letter]:
    """An operator of the hub decides; an accepted application is dispatched at once."""
    step = Step(desk, now)
    case = desk.cases[ROLES.REVIEWER]
    case, send = review.decide(case, accepted, (), "op", CALENDAR, now)
    step.send(send)
    if accepted:
        rosters = [letter for letter in desk.kept if letter.kind == Kind.ROSTER]
        made = dispatch_of(step.order(rosters, None))
        ends = (desk.name, case.requester, step.directory, APPLICATION, None)
        step.send(*dispatch_messages(made, *ends))
        case = start_rows(case, made, now)
    step.save(case)
    return desk.commit(step)


def assent(desk: Desk, now, *, yes: bool) -> list[Letter]:
    """An operator of the province decides; what is assented to goes up behind the Assent."""
    step = Step(desk, now)
    case, sends = levels.decide(desk.cases[ROLES.SUPERIOR], yes, (), "op", now)
    step.send(*sends)
    for letter in desk.kept if yes else ():
        step.relay(letter)
    step.save(case)
    return desk.commit(step)


def work(desk: Desk, rng, now) -> list[Letter]:
    """An agency begins to look up one open row, or answers one that it has begun."""
    step = Step(desk, now)
    case = desk.cases[ROLES.AGENCY]
    row = rng.choice([one for one in case.rows if one.state is RowState.OPEN])
    if row.begun is None:
        step.save(begin_row(case, row, now)[0])
        return desk.commit(step)
    roster = next(one for one in desk.kept if one.chain == row.order)
    answer, count = Answer(b"s" * 32, now, 0, ()), rng.randint(1, 2)
    for number in range(count):
        last = number == count - 1
        step.send(answer_message(case, row, roster.digest, answer, number, last))
    digests = [letter.digest for letter in step.out]
    for letter in list(step.out):
        readable = Letter(**(letter.__dict__ | {"readers": frozenset({case.requester})}))
        step.out[step.out.index(letter)] = readable
    step.save(close_row(case, row, digests, now))
    return desk.commit(step)


def notify(desk: Desk, rng, now) -> list[Letter]:
    """An agency says that a row will be late."""
    step = Step(desk, now)
    case = desk.cases[ROLES.AGENCY]
    row = rng.choice([one for one in case.rows if one.state is RowState.OPEN])
    until = row.due + timedelta(days=rng.randint(1, 20)) if rng.random() < 0.7 else None
    said = delay.notice([row], "SOURCE_DOWN", until, now)
    after = delay.accept_delay(case, desk.name, said, step.directory, desk.name, now)
    step.save(after)
    step.send(*delay.delay_messages(said, desk.name, case.requester, step.directory))
    return desk.commit(step)


def agree(desk: Desk, rng, now) -> list[Letter]:
    """The requester answers the notices that propose a date."""
    step = Step(desk, now)
    case = desk.cases[ROLES.REQUESTER]
    for said in delay.answers_to(case.rows, agreed=rng.random() < 0.5):
        case = delay.accept_delay(case, desk.name, said, step.directory, desk.name, now)
        step.send(*delay.delay_messages(said, desk.name, case.requester, step.directory))
    step.save(case)
    return desk.commit(step)


# What a letter brings about


def agency(step: Step, letter: Letter) -> None:
    message, me = letter.message(step.now), step.desk.name
    case = step.case(ROLES.AGENCY)
    match letter.kind:
        case Kind.ROSTER:
            after = take_order(case, message, me, message.body.request, letter.granted)
            step.desk.kept.append(letter)
        case Kind.RECEIPT:
            case = step.required(ROLES.AGENCY)
            after = delivery.accept_receipt(
                case, letter.source, message.body, step.directory, step.now
            )
        case Kind.CANCELLATION:
            stop(step, letter, ROLES.AGENCY)
            return
        case Kind.DELAY:
            case = step.required(ROLES.AGENCY)
            after = delay.accept_delay(
                case, letter.source, message.body, step.directory, me, step.now
            )
    step.save(after)


def stop(step: Step, letter: Letter, role: CaseRole) -> None:
    message, me = letter.message(step.now), step.desk.name
    case = step.case(role)
    said = (letter.source, message.body, step.directory, letter.digest, step.now)
    if role is ROLES.REVIEWER:
        stopped = cancel.take_withdrawal(case, QUERY, *said)
    else:
        stopped = cancel.take_cancellation(case, me, *said)
    if stopped is not None and (stopped.sends or stopped.case is not case):
        step.save(stopped.case)
        step.send(*stopped.sends)


def centre(step: Step, letter: Letter) -> None:
    me, mine = step.desk.name, letter.destination == step.desk.name
    match letter.kind:
        case Kind.ROSTER if letter.granted is not None:
            ordered(step, letter)
        case Kind.ROSTER | Kind.CONSENT | Kind.APPLICATION:
            collect(step, letter)
        case Kind.ANSWER | Kind.DISPATCH | Kind.CANCELLATION_REPLY | Kind.DELAY:
            account(step, letter)
            if not mine:
                step.relay(letter)
            elif me != HUB:
                requester(step, letter)
        case _ if mine:
            own(step, letter)
        case Kind.CANCELLATION if below_province(step, letter):
            after = levels.withdrawn(step.case(ROLES.SUPERIOR), QUERY, letter.source, step.now)
            step.save(after)
            if after.state is not QueryState.REFUSED:
                step.relay(letter)
        case _:
            case = step.case(ROLES.PROVIDER)
            passing = letter.kind == Kind.RECEIPT and letter.destination == HUB
            if passing and case is not None and case.requester == letter.source:
                step.save(delivery.pass_receipt(case, step.directory, me, step.now))
            step.relay(letter)


def own(step: Step, letter: Letter) -> None:
    message, hub = letter.message(step.now), step.desk.name == HUB
    match letter.kind:
        case Kind.CANCELLATION:
            stop(step, letter, ROLES.REVIEWER if hub else ROLES.PROVIDER)
        case Kind.RECEIPT:
            case = step.required(ROLES.REVIEWER)
            said = (letter.source, message.body, step.directory, step.now)
            step.save(delivery.accept_receipt(case, *said))
        case Kind.ASSENT if hub:
            case = step.case(ROLES.REVIEWER)
            case = levels.take_at_hub(case, message, message.body, step.directory)
            reviewed(step, case, ROLES.REVIEWER)
        case _:
            requester(step, letter)


def below_province(step: Step, letter: Letter) -> bool:
    me = step.desk.name
    return levels.is_province(step.directory, me) and from_below(step, letter)


def from_below(step: Step, letter: Letter) -> bool:
    return step.desk.name in step.directory.path_up(letter.source)[1:]


def collect(step: Step, letter: Letter) -> None:
    me = step.desk.name
    if me != HUB and not levels.is_province(step.directory, me):
        step.relay(letter)
        return
    role = ROLES.REVIEWER if me == HUB else ROLES.SUPERIOR
    case = collecting.collect(step.case(role), letter.message(step.now), role)
    step.desk.kept.append(letter)
    if me == HUB:
        levels.check_assented(case, "")
    reviewed(step, case, role)


def reviewed(step: Step, case: Case, role: CaseRole) -> None:
    whole = case.state is QueryState.SUBMITTED and collecting.all_here(case)
    if whole and (role is ROLES.SUPERIOR or levels.assented(case, step.directory)):
        case = review.open_review(case, Reviewed((), ()), step.now)
    step.save(case)


def ordered(step: Step, letter: Letter) -> None:
    me, message = step.desk.name, letter.message(step.now)
    case = step.case(ROLES.PROVIDER) or open_provider_case(message, letter.source, REQUEST)
    made = dispatch_of(step.order([letter], letter.granted))
    ends = (me, case.requester, step.directory, letter.digest, letter.chain)
    step.send(*dispatch_messages(made, *ends))
    step.save(start_rows(case, made, step.now))
    if case.requester == me:
        asked = step.required(ROLES.REQUESTER)
        step.save(accept_dispatch(asked, me, letter.chain, made, step.directory, step.now))
        step.deliver()


def account(step: Step, letter: Letter) -> None:
    """Keep account of what passes us, or is for us, as the hub or as a centre above its source."""
    me, message = step.desk.name, letter.message(step.now)
    role = ROLES.REVIEWER if me == HUB else ROLES.PROVIDER
    now, country = step.now, step.directory
    if letter.kind == Kind.DELAY:
        if message.body is not None and (me == HUB or delay.concerns(message.body, country, me)):
            case = step.required(role)
            step.save(delay.accept_delay(case, letter.source, message.body, country, me, now))
        return
    if me != HUB and not from_below(step, letter):
        return
    if letter.kind != Kind.ANSWER:
        assert message.body is not None, f"{me} cannot read a {letter.kind} of {letter.source}"
    case = step.required(role)
    match letter.kind:
        case Kind.ANSWER:
            case = accept_answer(case, message.header, letter.digest, now)
        case Kind.CANCELLATION_REPLY:
            case = cancel.accept_reply(case, letter.source, message.body, country, now)
        case _ if me == HUB or accounts_for(message, case, country):
            case = accept_dispatch(case, letter.source, letter.order, message.body, country, now)
    step.save(case)


def requester(step: Step, letter: Letter) -> None:
    me, message = step.desk.name, letter.message(step.now)
    case = step.required(ROLES.REQUESTER)
    now, country, body = step.now, step.directory, message.body
    assert body is not None, f"{me} cannot read a {letter.kind} of {letter.source}"
    match letter.kind:
        case Kind.DECISION:
            case = review.take_decision(case, message, body)
        case Kind.ASSENT:
            case = levels.take_at_requester(case, message, body, country)
        case Kind.DISPATCH:
            case = accept_dispatch(case, letter.source, letter.order, body, country, now)
        case Kind.ANSWER:
            case = accept_answer(case, message.header, letter.digest, now)
        case Kind.CANCELLATION_REPLY:
            case = cancel.accept_reply(case, letter.source, body, country, now)
        case Kind.DELAY:
            case = delay.accept_delay(case, letter.source, body, country, me, now)
    step.save(case)
    step.deliver()
