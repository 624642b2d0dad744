"""`hedui application` at a province: list, show, assent, refuse (R006)."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.requirement("R006")

OPERATOR = ("--operator", "王芳")


@pytest.fixture
def asked(hedui, with_city, workbook):
    """A city's query that waits at its province."""

    def submitted():
        at = ("--socket", with_city.sockets["321200"])
        ended = hedui("query", "submit", workbook(), *at, *OPERATOR, "--json")
        assert ended.code == 0, ended.err
        with_city.settle()
        return json.loads(ended.out)["query"]

    return submitted


def test_a_province_sees_what_its_city_asks_and_assents(hedui, with_city, asked):
    query = asked()
    at = ("--socket", with_city.sockets["320000"])
    listed = json.loads(hedui("application", "list", *at, "--json").out)
    assert [(a["query"], a["state"]) for a in listed] == [(query, "UNDER_REVIEW")]
    shown = hedui("application", "show", query, *at, *OPERATOR)
    assert (shown.code, "321200" in shown.out) == (0, True)

    nobody = hedui("application", "assent", query, *at)
    assert (nobody.code, "OPERATOR_MISSING" in nobody.err) == (2, True)
    given = hedui("application", "assent", query, *at, *OPERATOR)
    assert given.out.split() == [query, "ACCEPTED"]
    with_city.settle()

    own = hedui("query", "status", query, "--socket", with_city.sockets["321200"])
    assert "上级同意 assent" in own.out
    assert "320000 王芳" in own.out
    hub = hedui("application", "show", query, "--socket", with_city.hub, *OPERATOR)
    assert "上级同意 assent" in hub.out


def test_a_province_refuses_with_a_reason(hedui, with_city, asked):
    query = asked()
    at = ("--socket", with_city.sockets["320000"])
    refused = hedui(
        "application", "refuse", query, "--reason", "DUPLICATE", *at, *OPERATOR, "--json"
    )
    assert json.loads(refused.out)["state"] == "REFUSED"
    with_city.settle()
    own = hedui("query", "status", query, "--socket", with_city.sockets["321200"], "--json")
    assert [f["code"] for f in json.loads(own.out)["findings"]] == ["DUPLICATE"]
