"""Who is to answer a request line (R050-R051, note 2 of the form).

The cell holds one of 全国, 部中心 and a province's name, full or as the form writes it (山东).
"""

from __future__ import annotations

import unicodedata

from bus.errors import InputError
from bus.model.request import CENTRE, NATIONWIDE
from schemas.codes import regions

NATIONWIDE_TITLE = "全国"
CENTRE_TITLE = "部中心"


class ProviderError(InputError):
    """A provider cell names none of the three kinds of provider."""


def parse_provider(text: str) -> str:
    """Return the provider code that a cell names.

    Args:
        text: The cell as filled in; blanks and full-width characters do not matter.

    Raises:
        ProviderError: `PROVIDER_MISSING` when it is empty (R050: mandatory), `PROVIDER_UNKNOWN`
            when it is none of the allowed names.

    Returns:
        `national`, `hub`, or a province's six-digit code.
    """
    name = "".join(unicodedata.normalize("NFKC", text).split())
    if not name:
        raise _error("PROVIDER_MISSING", "没有填写信息提供方", "the provider is missing")
    if name == NATIONWIDE_TITLE:
        return NATIONWIDE
    if name == CENTRE_TITLE:
        return CENTRE
    region = regions().find(name)
    # A bare code is not what note 2 allows, and a slip in a digit would ask another province.
    if region is None or name == region.code:
        raise _error("PROVIDER_UNKNOWN", "信息提供方不在允许之列", "not an allowed provider")
    return region.code


def is_provider(code: str) -> bool:
    """Whether a provider code is one of the three kinds that R050 allows."""
    return code in (NATIONWIDE, CENTRE) or code in regions()


def provider_title(code: str) -> str:
    """Return the name of a provider code as the form writes it, e.g. 山东.

    Raises:
        ProviderError: `PROVIDER_UNKNOWN` when there is no such provider.
    """
    if code == NATIONWIDE:
        return NATIONWIDE_TITLE
    if code == CENTRE:
        return CENTRE_TITLE
    region = regions().get(code)
    if region is None:
        raise _error("PROVIDER_UNKNOWN", "信息提供方不在允许之列", "not an allowed provider")
    return region.short


def _error(code: str, zh: str, en: str) -> ProviderError:
    return ProviderError(
        code,
        zh,
        en,
        remedy_zh="填“全国”、“部中心”或省份名称，如“山东”",
        remedy_en="Use 全国 (nationwide), 部中心 (the centre) or a province's name such as 山东",
    )
