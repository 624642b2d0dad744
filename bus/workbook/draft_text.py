"""A draft's values as the texts that stand in the workbook: the inverse of reading them."""

from __future__ import annotations

from bus.model.request import Draft, DraftLine, DraftPerson
from bus.rules.provider import ProviderError, provider_title
from bus.rules.time_range import format_range
from schemas import codes


def form_texts(draft: Draft) -> dict[str, str]:
    """The values of 申请 by field key."""
    return {
        "addressee": draft.addressee,
        "legal_basis": draft.legal_basis,
        "authority": draft.authority,
        "business": _business(draft),
        "purpose": draft.purpose,
        "first_named": draft.first_named,
        "person_count": str(draft.person_count),
        "query_text": draft.query_text,
        "authorised": "是" if draft.declaration.authorised else "否",
        "scope": draft.declaration.scope,
        "list_submitted_on": format_range(draft.list_submitted_on, draft.list_submitted_on),
        "contact_name": draft.contact.name,
        "contact_phone": draft.contact.phone,
        "applied_on": format_range(draft.applied_on, draft.applied_on),
    }


def line_texts(line: DraftLine) -> dict[str, str]:
    """The values of one row of 附表 by field key."""
    return {
        "provider": _provider(line.provider),
        "category": _zh(codes.categories(), line.category),
        "items": "、".join(line.items),
        "range": format_range(line.time_from, line.time_to),
    }


def person_texts(person: DraftPerson) -> dict[str, str]:
    """The values of one row of 名单 by field key."""
    return {
        "household": person.household,
        "relation": _zh(codes.relations(), person.relation),
        "name": person.name,
        "id_type": _zh(codes.id_types(), person.id_type),
        "id_number": person.id_number,
        "reason": person.reason,
        "document": person.document,
        "authorised_on": format_range(person.authorised_on, person.authorised_on),
        "guardian": person.guardian or "",
        "document_file": person.document_file or "",
        "scope": person.scope,
        "valid_until": format_range(person.valid_until, person.valid_until),
    }


def _business(draft: Draft) -> str:
    # The cell is a choice: free wording beside the category has no place in it.
    known = codes.business().find(draft.business_text)
    agrees = known is not None and known.code == draft.business
    return draft.business_text if agrees else _zh(codes.business(), draft.business)


def _provider(code: str) -> str:
    try:
        return provider_title(code)
    except ProviderError:
        return code


def _zh(table: codes.CodeTable[codes.Row], code: str) -> str:
    row = table.get(code)
    return code if row is None else row.zh
