"""Files handed in with an application become entries of the archive's index (R022, R023)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from bus.daemon.work import Work
from bus.model.audit import Event
from bus.model.evidence import EvidenceDocument
from bus.model.request import Draft
from signer.uuid7 import uuid7

AUTHORISATION = "authorisation"


def register(
    work: Work, query: UUID, draft: Draft, files: Mapping[str, UUID], operator: str
) -> None:
    """Index the authorisations that a draft names, by query and person.

    A file that several persons name, as one authorisation for a household, rests once.

    Args:
        work: The submission at work.
        query: The query it became.
        draft: The draft; every file it names was handed in.
        files: The files by name.
        operator: Who submitted it.
    """
    count = 0
    for person, row in enumerate(draft.persons, 1):
        file = None if row.document_file is None else files.get(row.document_file)
        if file is None:
            continue
        number = uuid7(work.now, work.office.entropy)
        document = EvidenceDocument(number, query, person, AUTHORISATION, file, work.now)
        work.write(partial(work.unit.save_document, document))
        count += 1
    if count:
        work.note(query, Event.EVIDENCE_ARCHIVED, f"operator:{operator}", documents=count)
