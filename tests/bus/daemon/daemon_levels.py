"""A country of four levels: what the tests of cities and counties work in.

江苏 has two cities, 泰州 of them a county. The fund answers at prefecture level (R055), housing
security at county level (R054). Another province has a city of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

_FUND = ("housing-fund-account",)
_SECURITY = ("urban-housing-security",)

OFFERED = {
    "hub.marriage": ("marriage-registration",),
    "370000.housing-fund": _FUND,
    "320000.housing-fund": _FUND,
    "320000.housing-bureau": _SECURITY,
    "321200.housing-fund": _FUND,
    "321281.housing-security": _SECURITY,
    "320500.housing-fund": _FUND,
    "500000.housing-fund": _FUND,
    "500100.housing-security": _SECURITY,
}

TREE = {
    "hub": None,
    "320000": "hub",
    "370000": "hub",
    "500000": "hub",
    "321200": "320000",
    "321281": "321200",
    "320500": "320000",
    "500100": "500000",
} | {agency: agency.partition(".")[0] for agency in OFFERED}
