"""Which part of evidence a message belongs to."""

from __future__ import annotations

from bus.daemon.evidence import calling, producing
from bus.daemon.work import Work
from bus.model.evidence import Evidence, EvidenceRequest, EvidenceReview
from bus.wire.message import Message


async def take(
    work: Work, message: Message, body: Evidence | EvidenceRequest | EvidenceReview
) -> None:
    """Take a message of evidence that is addressed to us; the kind says whether we are the hub.

    Raises:
        PendingError: Something it stands on is still to come.
        RefusedError: It may not stand here.
    """
    match body:
        case Evidence():
            await calling.take(work, message, body)
        case EvidenceRequest():
            await producing.take_request(work, message, body)
        case EvidenceReview():
            await producing.take_review(work, message, body)
