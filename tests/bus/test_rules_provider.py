from __future__ import annotations

import pytest

from bus.model.request import CENTRE, NATIONWIDE
from bus.rules.provider import ProviderError, is_provider, parse_provider, provider_title
from schemas.codes import regions

pytestmark = pytest.mark.requirement("R050")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("全国", NATIONWIDE),
        (" 全 国 ", NATIONWIDE),
        ("部中心", CENTRE),
        ("山东", "370000"),
        ("山东省", "370000"),
        ("　重庆市", "500000"),
        ("新疆", "650000"),
        ("兵团", "660000"),
        ("新疆生产建设兵团", "660000"),
    ],
)
def test_the_names_note_2_allows(text, code):
    assert parse_provider(text) == code


def test_every_province_is_known_by_full_and_short_name_and_written_short():
    assert len(regions()) == 32
    for code, region in regions().items():
        assert parse_provider(region.zh) == parse_provider(region.short) == code
        assert provider_title(code) == region.short
        assert is_provider(code)


@pytest.mark.parametrize("code", [NATIONWIDE, CENTRE])
def test_the_two_other_providers_are_written_back_as_read(code):
    assert parse_provider(provider_title(code)) == code
    assert is_provider(code)


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_a_provider_is_mandatory(text):
    with pytest.raises(ProviderError) as caught:
        parse_provider(text)
    assert caught.value.code == "PROVIDER_MISSING"


@pytest.mark.parametrize(
    "text", ["济南", "全省", "national", "hub", "370000", "山东、江苏", "321200"]
)
def test_anything_else_is_refused_and_not_repeated(text):
    with pytest.raises(ProviderError) as caught:
        parse_provider(text)
    assert caught.value.code == "PROVIDER_UNKNOWN"
    assert text not in str(caught.value)


@pytest.mark.parametrize("code", ["", "321200", "370001", "全国", "320000.housing-fund"])
def test_only_the_three_kinds_are_provider_codes(code):
    assert not is_provider(code)
    with pytest.raises(ProviderError):
        provider_title(code)
