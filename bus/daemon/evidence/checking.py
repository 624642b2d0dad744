"""Looks at documents once all their chunks are here: is each what its manifest says (R023, R026)?

Outside the step, a chunk at a time: a document of 100 MB takes a while to hash.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.daemon.evidence.archive import Archive, open_content
from bus.daemon.evidence.keeping import keep
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.flow import evidence as flow
from bus.model.audit import Event
from bus.model.evidence import (
    EvidenceCall,
    EvidenceDocument,
    EvidenceFile,
    FileContent,
    FileState,
    ItemState,
    Transfer,
    TransferState,
)
from bus.model.request import Consent
from bus.ports.store import Store, Unit
from bus.rules.evidence_file import HEAD, media_type_of
from signer.envelope.kinds import Kind

LOOK_EVERY = timedelta(seconds=2)
LEASE = "evidence-check"
LEASE_FOR = timedelta(minutes=1)

_AT_ONCE = 10
_AUTHORISATION = "authorisation"


@dataclass
class Checking:
    """Checks what has arrived at the hub.

    Attributes:
        holder: This instance, as holder of the lease.
        wake: Called after what may have filled the outbox.
    """

    office: Office
    store: Store
    holder: str
    wake: Callable[[], None]

    async def look(self) -> int:
        """Check what has arrived; returns how many files that were.

        Raises:
            HeduiError: Trouble with the store or the keys; it is tried again.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return 0
            files = await unit.evidence_files(FileState.ARRIVED, _AT_ONCE)
        for file in files:
            fault = await self._fault(file)
            await self._conclude(file, fault)
        if files:
            self.wake()
        return len(files)

    async def hand_over(self) -> None:
        """Let another instance go on."""
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _fault(self, file: EvidenceFile) -> str | None:
        """Return why a file is not what was said of it, None where it is."""
        content = open_content(self.office.store_key, file)
        whole, size, head = hashlib.sha256(), 0, b""
        async for data in Archive(self.office, self.store).chunks(file.id, len(content.chunks)):
            head = head or data[:HEAD]
            size += len(data)
            await asyncio.to_thread(whole.update, data)
        if (size, whole.digest()) != (content.size, content.digest):
            return "CONTENT_DIFFERS"
        return None if media_type_of(head) == content.media_type else "TYPE_DIFFERS"

    async def _conclude(self, file: EvidenceFile, fault: str | None) -> None:
        async with self.store.transaction() as unit:
            present = await unit.evidence_file(file.id)
            indexed = await unit.documents_of_file(file.id)
            if present is None or present.state is not FileState.ARRIVED or not indexed:
                return  # a later manifest took over meanwhile
            (document,) = indexed
            state = FileState.FAULTY if fault else FileState.COMPLETE
            await unit.save_evidence_file(replace(present, state=state))
            content = open_content(self.office.store_key, present)
            matches = await self._matches(unit, document, content)
            await unit.save_document(replace(document, matches=matches))
            call = None if document.call is None else await unit.call(document.call)
            if call is None:
                return
            work = Work(self.office, unit, self.office.clock.now())
            for transfer in await unit.transfers(call.id):
                if any(one.file == file.id for one in transfer.documents):
                    await self._received(work, call, transfer, fault)
            await work.finish()

    async def _received(
        self, work: Work, call: EvidenceCall, transfer: Transfer, fault: str | None
    ) -> None:
        """Note what is here; a transfer that is here whole makes its items ready to be judged."""
        unit = work.unit
        files = [await unit.evidence_file(one.file) for one in transfer.documents]
        states = [file.state for file in files if file is not None]
        if FileState.RECEIVING in states or FileState.ARRIVED in states:
            return
        await unit.save_transfer(replace(transfer, state=TransferState.DONE))
        items = {(one.person, one.kind) for one in transfer.documents}
        here = {
            item: tuple(d.document for d in transfer.documents if (d.person, d.kind) == item)
            for item in items
        }
        faulty = {
            (one.person, one.kind)
            for one, state in zip(transfer.documents, states, strict=True)
            if state is FileState.FAULTY
        }
        before, call = call, flow.received(call, here)
        # What was accepted meanwhile, by an earlier document, stays so.
        faulty -= {(i.person, i.kind) for i in call.items if i.state is ItemState.ACCEPTED}
        if faulty:
            code = fault or "CONTENT_DIFFERS"
            call, send = flow.send_back(call, faulty, code, self.office.calendar, work.now)
            await work.send(call.query, send)
        keep(work, before, call)
        work.note(
            call.query,
            Event.EVIDENCE_RECEIVED,
            call.requester,
            call=str(call.id),
            documents=len(states),
            faulty=len(faulty),
        )

    async def _matches(
        self, unit: Unit, document: EvidenceDocument, content: FileContent
    ) -> bool | None:
        """Whether an authorisation is the file registered with the application (R022)."""
        if document.kind != _AUTHORISATION:
            return None
        stored = await unit.messages(document.query, Kind.CONSENT)
        work = Work(self.office, unit, self.office.clock.now())

        def registered() -> bytes | None:
            found = None
            for kept in stored:
                body = work.message(kept).body
                consents = body.consents if isinstance(body, Consent) else ()
                for one in consents:
                    found = one.document_hash if one.reference == document.person else found
            return found

        digest = await asyncio.to_thread(registered)
        return None if digest is None else digest == content.digest
