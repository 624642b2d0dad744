"""Which part of a centre a verified message belongs to. One router serves every level (R018).

Up and down the tree a message is passed on unless it is ours; on the way we keep account of what
concerns our own case.

| kind | at its destination | on the way |
|---|---|---|
| Application, Consent, Roster without order | hub: reviewer.collect | province: superior; else up |
| Assent | hub: reviewer.take_assent; else requester.take | passed on |
| Roster under an order | provider.take_order | - |
| Decision | requester.take | a return noted by the province that assented; passed down |
| Dispatch | noted if from below, then requester.take | noted if from below, passed on |
| Answer | provider.note_answer if from below, then requester.take | noted, passed on |
| Delay | delays.take | noted where it concerns us, passed on |
| Receipt | hub: reviewer.take_receipt | to the hub: provider.pass_receipt; passed on |
| Cancellation | hub: the requester's; else our parent's | province: superior.pass_withdrawal |
| CancellationReply | noted if from below, then the requester's | noted if from below, passed on |
| Problem | noted | passed on |
| Renewal | hub: renewals.take | passed on |
| CatalogReport | hub: reports.take | - |
| Probe | hub: the examiner's; else examinee.take | passed on |
| EvidenceRequest, EvidenceReview | producing.take_request, take_review | passed down |
| Evidence | hub: calling.take | passed up, not kept |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bus.daemon import cancellation, delays, provider, requester, reviewer, superior
from bus.daemon.admission import renewals
from bus.daemon.catalogue import reports
from bus.daemon.conformance import examinee
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.evidence import incoming
from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.flow.cut_off import check_source
from bus.flow.levels import AssentPolicy, is_province
from bus.model.audit import Event
from bus.model.cancellation import Cancellation
from bus.model.case import CaseRole
from bus.model.catalogue_report import CatalogReport
from bus.model.evidence import Evidence, EvidenceRequest, EvidenceReview
from bus.model.messages import Assent, Problem, Receipt, Renewal
from bus.model.probe import Probe
from bus.rules.review_policy import ReviewPolicy
from bus.wire.message import Message
from signer.envelope.kinds import Kind
from signer.identity import HUB

_REVIEWED = (Kind.APPLICATION, Kind.CONSENT, Kind.ROSTER)


@dataclass(frozen=True)
class CentreRouter:
    """Routes the messages of a hub or a node.

    Attributes:
        policy: How the hub reviews; of no effect at a node.
        examiner: How the hub tests; of no effect at a node.
        assent: How a province assents to what its cities and counties ask; of no effect elsewhere.
    """

    policy: ReviewPolicy = ReviewPolicy.AUTOMATIC
    examiner: Examiner = field(default_factory=Examiner)
    assent: AssentPolicy = field(default_factory=AssentPolicy)

    async def handle(self, work: Work, message: Message) -> None:
        """Handle one verified message, collecting its effects in `work`.

        Raises:
            PendingError: Something is still to come: hold it.
            RefusedError: It may not stand here in this state.
        """
        kind = message.header.kind
        check_source(message.header, work.office.directory)
        if kind == Kind.ROSTER and message.order is not None:
            await provider.take_order(work, message)
        elif kind in _REVIEWED:
            await self._application(work, message)
        elif kind == Kind.ANSWER:
            await self._answer(work, message)
        elif kind == Kind.DISPATCH:
            await self._dispatch(work, message)
        elif kind == Kind.DELAY:
            await self._delay(work, message)
        elif kind == Kind.CANCELLATION_REPLY:
            await self._reply(work, message)
        elif message.header.destination == work.office.me:
            await self._mine(work, message)
        else:
            await self._pass_on(work, message)

    async def _pass_on(self, work: Work, message: Message) -> None:
        kind = message.header.kind
        if kind == Kind.CANCELLATION and _in_province(work, message):
            await superior.pass_withdrawal(work, message)
            return
        if kind == Kind.DECISION:
            await superior.note_return(work, message)
        if kind == Kind.RECEIPT and message.header.destination == HUB:
            await provider.pass_receipt(work, message)
        await work.relay(message)
        if kind == Kind.EVIDENCE:
            work.see(message)

    async def _application(self, work: Work, message: Message) -> None:
        if work.office.me == HUB:
            await reviewer.collect(work, message, self.policy)
        elif is_province(work.office.directory, work.office.me):
            await superior.collect(work, message, self.assent)
        else:
            await work.relay(message)

    async def _answer(self, work: Work, message: Message) -> None:
        if work.office.me == HUB:
            await reviewer.note_answer(work, message)
        elif _from_below(work, message):
            await provider.note_answer(work, message)
        if message.header.destination == work.office.me:
            await requester.take(work, message)
        else:
            await work.relay(message)

    async def _dispatch(self, work: Work, message: Message) -> None:
        me, destination = work.office.me, message.header.destination
        if me == HUB:
            await reviewer.note_dispatch(work, message)
        elif _from_below(work, message):
            await provider.note_dispatch(work, message)
        if destination != me:
            await work.relay(message)
        elif me != HUB:
            await requester.take(work, message)

    async def _delay(self, work: Work, message: Message) -> None:
        await delays.take(work, message)
        if message.header.destination != work.office.me:
            await work.relay(message)

    async def _reply(self, work: Work, message: Message) -> None:
        me, destination = work.office.me, message.header.destination
        if me == HUB:
            await cancellation.note_reply(work, message, CaseRole.REVIEWER)
        elif _from_below(work, message):
            await cancellation.note_reply(work, message, CaseRole.PROVIDER)
        if destination != me:
            await work.relay(message)
        elif me != HUB:
            await cancellation.take_reply(work, message)

    async def _mine(self, work: Work, message: Message) -> None:
        match message.body:
            case Problem() as problem:
                note_problem(work, message, problem)
                await reports.note_refusal(work, message.header.source, problem)
            case CatalogReport() as report if work.office.me == HUB:
                await reports.take(work, message, report)
            case Renewal() as renewal if work.office.me == HUB:
                await renewals.take(work, message, renewal)
            case Probe() as probe if work.office.me == HUB:
                await self.examiner.take(work, message, probe)
            case Probe() as probe:
                await examinee.take(work, message, probe)
            case Assent() as assent if work.office.me == HUB:
                await reviewer.take_assent(work, message, assent, self.policy)
            case Cancellation() as cancelled:
                role = CaseRole.REVIEWER if work.office.me == HUB else CaseRole.PROVIDER
                await cancellation.take(work, message, cancelled, role)
            case Receipt() as receipt if work.office.me == HUB:
                await reviewer.take_receipt(work, message, receipt)
            case Evidence() | EvidenceRequest() | EvidenceReview() as body:
                await incoming.take(work, message, body)
            case _:
                await requester.take(work, message)


def _from_below(work: Work, message: Message) -> bool:
    return work.office.me in work.office.directory.path_up(message.header.source)[1:]


def _in_province(work: Work, message: Message) -> bool:
    """Whether it comes from below a province, which we are."""
    return is_province(work.office.directory, work.office.me) and _from_below(work, message)


def note_problem(work: Work, message: Message, problem: Problem) -> None:
    """Keep a Problem in the books; a Problem never answers a Problem."""
    about = None if problem.about is None else problem.about.hex()
    work.note(
        message.header.conversation,
        Event.PROBLEM_RECEIVED,
        message.header.source,
        code=problem.code,
        about=about,
    )


def not_here(message: Message) -> RefusedError:
    """Return the refusal of a kind that has no business at this participant."""
    return RefusedError(
        "KIND_NOT_HERE",
        "此类消息不应送达本参与方",
        "this kind has no business here",
        where=message.header.kind,
    )
