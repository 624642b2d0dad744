"""The hub's side of renewals (换证): who may ask for what, and what is then made of it.

The message is signed with the participant's current key, which says who asks; each request in it
proves possession of its new key. Certificates are made outside the step, by `AdmissionService`.
"""

from __future__ import annotations

import asyncio

from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.model.admission import QueuedRenewal
from bus.model.audit import Event
from bus.model.messages import Renewal
from bus.ports.instants import cut
from bus.wire.message import Message
from signer.admission.renewal import read_renewal
from signer.directory.view import Directory, Standing
from signer.errors import AdmissionError


async def take(work: Work, message: Message, renewal: Renewal) -> None:
    """Queue a renewal that may be made; the same one again changes nothing.

    Raises:
        RefusedError: `RENEWAL_NOT_ADMITTED`, `RENEWAL_STANDING`, `RENEWAL_GENERATION`, or what is
            wrong with the requests.
    """
    source = message.header.source
    await _check(work, source, renewal)
    try:
        keys = await asyncio.to_thread(read_renewal, renewal.request, source)
    except AdmissionError as error:
        raise RefusedError(error.code, error.zh, error.en, where=error.where) from error
    if keys.generation != renewal.generation:
        raise _refused(
            "RENEWAL_GENERATION", "换证代次前后不符", "the generations stated differ", source
        )
    queued = QueuedRenewal(source, renewal.generation, cut(work.now), renewal.request)
    work.write(lambda: work.unit.put_renewal(queued))
    work.note(
        message.header.conversation,
        Event.RENEWAL_ASKED,
        source,
        generation=renewal.generation,
    )


async def _check(work: Work, source: str, renewal: Renewal) -> None:
    directory = work.office.directory
    listed = directory.get(source)
    # The neighbour's standing is the envelope's to check; the source may stand further down.
    if listed is None or listed.standing is not Standing.CONNECTED:
        raise _refused(
            "RENEWAL_STANDING", "申请方未处于已接入状态", "the source is not connected", source
        )
    known = await work.unit.admission(source)
    if known is None:
        raise _refused(
            "RENEWAL_NOT_ADMITTED",
            "清单文件中的参与方由部中心人工换证",
            "participants of the list's file are renewed by hand",
            source,
        )
    latest = max(_latest(directory, source), *(i.generation for i in known.issued))
    if renewal.generation != latest + 1:
        raise _refused(
            "RENEWAL_GENERATION",
            f"换证代次应为 {latest + 1}",
            f"the next generation is {latest + 1}",
            source,
        )


def _latest(directory: Directory, source: str) -> int:
    return max((key.generation for key in directory.participants[source].keys), default=0)


def _refused(code: str, zh: str, en: str, where: str) -> RefusedError:
    return RefusedError(code, zh, en, where=where)
