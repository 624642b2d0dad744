"""What the catalogue says of who answers, in the words of the form."""

from __future__ import annotations

from bus.api.catalogue import CatalogueEntryBody, CatalogueOfferBody
from bus.rules.provider import ProviderError, provider_title
from bus.workbook.template import Offer
from schemas.codes import Code, CodeTable, time_ranges


def offer_of(entry: CatalogueEntryBody) -> Offer:
    """Return an entry as the application's template lists it (R049)."""
    terms = sorted({offer.term_working_days for offer in entry.offers})
    longest = "" if len(terms) < 2 else f"–{terms[-1]}"  # noqa: PLR2004 - a range has two ends
    return Offer(
        entry.category_title,
        entry.title,
        entry.items,
        "、".join(dict.fromkeys(area_text(offer.area) for offer in entry.offers)),
        "、".join(dict.fromkeys(range_text(offer) for offer in entry.offers if offer.range)),
        f"{terms[0]}{longest} 个工作日" if terms else "",
    )


def area_text(code: str) -> str:
    """Return what a request line names: 部中心 or a province (R050)."""
    try:
        return provider_title(code)
    except ProviderError:
        return code


def range_text(offer: CatalogueOfferBody) -> str:
    """Return which time ranges can be asked for, and how far back."""
    named = code_text(time_ranges(), offer.range)
    return named if offer.back_months is None else f"{named}，可追溯 {offer.back_months} 个月"


def code_text(codes: CodeTable[Code], code: str | None) -> str:
    """Return the Chinese name of a code, the code itself where the table has none."""
    row = codes.get(code or "")
    return (code or "-") if row is None else row.zh
