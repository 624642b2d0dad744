"""Scenarios refused at checks 5 to 10 although every signature is valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from envelope_cases import Cases
from envelope_forge import FULL_ORDER, NOW, START, Forge, Hop, fixed
from envelope_routes import (
    ANSWER,
    COUNTY,
    DOWN,
    EAST_KEY,
    FUND_KEY,
    FUND_UP,
    HUB_KEY,
    NARROW_ORDER,
    REQUESTER_KEY,
    TO_FUND,
    UP,
    answer,
    application,
    ordered,
    roster,
)
from envelope_world import instant

MINUTE = timedelta(minutes=1)
LINE = FULL_ORDER.lines[0]


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _hops(cases, forge)
    _directions(cases, forge)
    _times(cases, forge)
    _keys(cases, forge)
    _orders_stand(cases, forge)
    _orders_narrow(cases, forge)
    _readers(cases, forge)
    _epochs(cases, forge)
    _standings(cases, forge)


def _hops(cases: Cases, forge: Forge) -> None:
    for name, code, hop, comment in (
        ("role-relay", "CHAIN_ROLE", _changed(UP, role="relay"), "Seal 0 that calls itself relay."),
        ("role-other", "CHAIN_ROLE", _changed(UP, role="Origin"), "A role that does not exist."),
        ("prev-wrong", "CHAIN_DIGEST", _changed(UP, prev=bytes(32)), "A signed, wrong prev."),
    ):
        cases.refuse(code, application(forge, name, hop), comment)
    hops = (Hop("hub", "990000"), Hop("990000", "370000", signer="hub/signing"))
    made = forge.make("past-nobody", "Decision", hops)
    cases.refuse("CHAIN_EDGE", made, "A hop through nobody in the directory.")
    made = application(forge, "source-other", header={"source": "320000"})
    cases.refuse("CHAIN_BROKEN", made, "A source that is not the first signer.")
    made = application(forge, "second-origin")
    again = Hop("hub", "370000", change={"role": "origin"})
    cases.refuse("CHAIN_ROLE", forge.endorse(made, again), "A second origin.")
    made = forge.make("gap", "Dispatch", (Hop("321200", "320000"), Hop("hub", "370000")))
    cases.refuse("CHAIN_BROKEN", made, "A statement whose `to` did not sign next.")
    made = forge.make("province-to-province", "Dispatch", [Hop("320000", "370000", ())])
    cases.refuse("CHAIN_EDGE", made, "From province to province, past the hub.")
    made = forge.make("past-parent", "Application", [Hop("321200", "hub", (HUB_KEY,))])
    cases.refuse("CHAIN_EDGE", made, "From a county to the hub, past its province.")
    made = forge.make("to-itself", "Dispatch", [Hop("320000", "320000")], destination="370000")
    cases.refuse("CHAIN_EDGE", made, "A hop to the signer itself.")
    made = application(forge, "peer-other")
    cases.refuse("WRONG_PEER", made, "Read from another participant's topic.", peer="320000")
    made = application(forge, "hop-other")
    cases.refuse("WRONG_HOP", made, "Addressed to another next hop.", me="320000")


def _directions(cases: Cases, forge: Forge) -> None:
    hop = Hop("320000", "320000.housing-fund", (FUND_KEY,))
    made = forge.make("application-down", "Application", [hop], destination="hub")
    cases.refuse("CHAIN_DIRECTION", made, "An application that moves down.")
    hops = (Hop("hub", "320000", (EAST_KEY,)), Hop("320000", "hub"))
    made = forge.make("decision-up", "Decision", hops, destination="320000")
    cases.refuse("CHAIN_DIRECTION", made, "A decision that moves up.")
    hops = (Hop("370000", "hub"), Hop("hub", "320000"), Hop("320000", "hub"))
    made = forge.make("up-after-down", "Problem", hops)
    cases.refuse("CHAIN_DIRECTION", made, "Up again after it went down.")
    hops = (*COUNTY[:1], replace(TO_FUND, order=FULL_ORDER))
    made = roster(forge, "order-without-hub", *hops)
    cases.refuse("CHAIN_DIRECTION", made, "A province's order on a roster the hub never had.")
    hop = Hop("320000", "320000.housing-fund", (FUND_KEY,), FULL_ORDER)
    made = roster(forge, "origin-orders-itself", hop)
    cases.refuse("CHAIN_DIRECTION", made, "A province that orders on a roster of its own.")


def _times(cases: Cases, forge: Forge) -> None:
    week = timedelta(days=7)
    for name, code, header, comment in (
        ("life-long", "LIFETIME", {"expires": START + week + MINUTE}, "A lifetime over 7 days."),
        ("life-none", "LIFETIME", {"expires": START}, "A lifetime of nothing."),
        ("life-negative", "LIFETIME", {"expires": START - MINUTE}, "It expires before it is made."),
        ("expired", "EXPIRED", {"expires": START + 28 * MINUTE}, "Expired, and the skew is over."),
        (
            "calendar-begin",
            "EXPIRED",
            {"created": instant("0001-01-01"), "expires": instant("0001-01-02")},
            "Made on the calendar's first day.",
        ),
        (
            "calendar-end",
            "TIME_ORDER",
            {"created": instant("9999-12-31"), "expires": instant("9999-12-31T23:59:59.999")},
            "Made on the calendar's last day.",
        ),
        ("received-early", "TIME_ORDER", {"created": START + 3 * MINUTE}, "Signed before made."),
    ):
        cases.refuse(code, application(forge, name, header=header), comment)
    hop = _changed(UP, received=START + MINUTE)
    made = application(forge, "received-late", hop)
    cases.refuse("TIME_ORDER", made, "Received after it was passed on.")
    hops = (UP, replace(DOWN, forwarded=START - 3 * MINUTE))
    made = roster(forge, "relay-before-origin", *hops)
    cases.refuse("TIME_ORDER", made, "A relay that had it 3 minutes before its origin.")
    hops = (replace(UP, forwarded=START + 9 * MINUTE), replace(DOWN, forwarded=START + MINUTE))
    made = roster(forge, "relay-before-sender", *hops)
    cases.refuse("TIME_ORDER", made, "A relay that had it 8 minutes before it was passed on.")
    hop = _changed(UP, received=instant("0001-01-01"))
    made = application(forge, "received-in-year-1", hop)
    cases.refuse("TIME_ORDER", made, "Received on the calendar's first day.")
    made = application(forge, "future", header={"created": START})
    at = START - timedelta(days=1) - MINUTE
    cases.refuse("FROM_FUTURE", made, "Made more than a day after my now.", now=at)
    hop = replace(UP, forwarded=instant("9999-12-31T23:59:59.999"))
    made = application(forge, "future-far", hop)
    cases.refuse("FROM_FUTURE", made, "Passed on on the calendar's last day.")


def _keys(cases: Cases, forge: Forge) -> None:
    for signer, code, comment in (
        ("370000/tls", "KEY_USE", "Signed with a TLS key."),
        ("370000/encryption", "KEY_USE", "Signed with an encryption key."),
        ("320000/signing", "SIGNER_MISMATCH", "Signed with another participant's key."),
        ("370000/signing-other", "SUITE_MISMATCH", "A key listed for another suite."),
        ("370000/signing-ended", "KEY_EXPIRED", "A key whose certificate had ended."),
        ("370000/signing-revoked", "KEY_REVOKED", "A key revoked before."),
        ("370000/signing-revoked-since", "KEY_REVOKED", "A key revoked since it signed."),
    ):
        name = signer.replace("/", "-")
        made = application(forge, f"signer-{name}", replace(UP, signer=signer))
        cases.refuse(code, made, comment)
    made = application(forge, "signer-unknown", _changed(UP, signer=fixed("nobody's key")))
    cases.refuse("SIGNER_UNKNOWN", made, "A signing key the directory does not list.")
    hops = (UP, replace(DOWN, signer="370000/signing"))
    cases.refuse("SIGNER_MISMATCH", roster(forge, "relay-mismatch", *hops), "A relay's key is not.")
    odd = replace(UP, forwarded=instant("2025-12-31"))
    header = {"created": instant("2025-12-31"), "expires": instant("2026-01-05")}
    made = application(forge, "signer-not-yet", odd, header=header)
    at = instant("2025-12-31T00:30:00")
    cases.refuse("KEY_EXPIRED", made, "Signed before the certificate began.", now=at)


def _orders_stand(cases: Cases, forge: Forge) -> None:
    for name, made in (
        ("missing", roster(forge, "order-missing", UP, replace(DOWN, order=None))),
        ("lost", roster(forge, "order-lost", UP, DOWN, replace(TO_FUND, order=None))),
    ):
        cases.refuse("ORDER_MISSING", made, f"A roster moves down; its order is {name}.")
    made = roster(forge, "order-upwards", replace(UP, order=FULL_ORDER))
    cases.refuse("ORDER_NOT_ALLOWED", made, "An order on a roster that moves up.")
    hops = (*ANSWER[:2], replace(ANSWER[2], order=FULL_ORDER))
    made = answer(forge, "order-on-answer", *hops)
    cases.refuse("ORDER_NOT_ALLOWED", made, "An order on an answer.")


def _orders_narrow(cases: Cases, forge: Forge) -> None:
    narrow = NARROW_ORDER.lines[0]
    nearer = replace(DOWN, order=NARROW_ORDER)
    for name, lines, comment in (
        ("line-added", (narrow, FULL_ORDER.lines[1]), "A line the hub did not order."),
        ("line-other", (replace(narrow, line=2),), "Another line number."),
        ("resource", (replace(narrow, resource="housing-fund-loan"),), "Another resource."),
        ("item", (replace(narrow, items=("balance", "name")),), "One item more."),
        ("due", (replace(narrow, due=narrow.due + timedelta(seconds=1)),), "A second later."),
        ("line-twice", (narrow, narrow), "A line twice."),
        ("item-twice", (replace(narrow, items=("balance", "balance")),), "An item twice."),
        ("no-items", (replace(narrow, items=()),), "A line without items."),
        ("no-lines", (), "An order without lines."),
    ):
        hop = replace(TO_FUND, order=ordered(*lines))
        cases.refuse("ORDER_WIDENED", roster(forge, f"order-{name}", UP, nearer, hop), comment)
    other = ordered(narrow, application_digest=fixed("another application"))
    made = roster(forge, "order-application", UP, nearer, replace(TO_FUND, order=other))
    cases.refuse("ORDER_WIDENED", made, "Another application's digest.")
    for name, lines in (("first-line-twice", (LINE, LINE)), ("first-empty", ())):
        made = roster(forge, f"order-{name}", UP, replace(DOWN, order=ordered(*lines)))
        cases.refuse("ORDER_WIDENED", made, "The hub's own order is malformed.")


def _readers(cases: Cases, forge: Forge) -> None:
    for name, hops, comment in (
        (
            "answer-relay",
            (FUND_UP, Hop("320000", "hub", (HUB_KEY,))),
            "A relay that makes its next hop a reader of an answer.",
        ),
        (
            "answer-relay-itself",
            (FUND_UP, Hop("320000", "hub", (EAST_KEY,))),
            "A relay that makes itself a reader of an answer.",
        ),
    ):
        cases.refuse("RECIPIENT_NOT_ORDERED", answer(forge, f"reader-{name}", *hops), comment)
    for name, readers, comment in (
        ("other", (FUND_KEY,), "A relay that adds another than its next hop."),
        ("two", (EAST_KEY, FUND_KEY), "A relay that adds its next hop and another."),
        ("self", (HUB_KEY,), "A relay that adds itself."),
    ):
        first = replace(UP, readers=()) if name == "self" else UP
        made = roster(forge, f"reader-{name}", first, replace(DOWN, readers=readers))
        cases.refuse("RECIPIENT_NOT_ORDERED", made, comment)
    for reader, comment in (
        (EAST_KEY, "An origin that adds another province."),
        (REQUESTER_KEY, "An origin that adds itself."),
    ):
        name = reader.replace("/", "-")
        made = application(forge, f"reader-{name}", replace(UP, readers=(HUB_KEY, reader)))
        cases.refuse("RECIPIENT_NOT_ORDERED", made, comment)
    for reader, comment in (
        ("hub/signing", "A signing key as a reader."),
        ("hub/tls", "A TLS key as a reader."),
    ):
        name = reader.replace("/", "-")
        made = application(forge, f"reader-{name}", replace(UP, readers=(reader,)))
        cases.refuse("RECIPIENT_MISMATCH", made, comment)
    hop = Hop("hub", "370000", ("370000/encryption-other",))
    made = forge.make("reader-other-suite", "Decision", [hop])
    cases.refuse("RECIPIENT_MISMATCH", made, "A reader's key listed for another suite.")
    hop = replace(UP, reader_change={"key": fixed("nobody's key")})
    cases.refuse("RECIPIENT_MISMATCH", application(forge, "reader-unknown", hop), "Unknown reader.")
    made = application(forge, "reader-twice", replace(UP, readers=(HUB_KEY, HUB_KEY)))
    cases.refuse("RECIPIENT_TWICE", made, "The same key twice in one statement.")
    hops = (replace(COUNTY[0], readers=(EAST_KEY, HUB_KEY)), COUNTY[1])
    made = forge.make("reader-twice-added", "Application", hops)
    cases.refuse("RECIPIENT_TWICE", made, "A key that an earlier statement added already.")


def _epochs(cases: Cases, forge: Forge) -> None:
    made = application(forge, "epoch-old", replace(UP, epoch_age=12 * MINUTE + _MS))
    cases.refuse("EPOCH_AGE", made, "A millisecond over 10 minutes and the skew.")
    made = application(forge, "epoch-ahead", replace(UP, epoch_age=-2 * MINUTE - _MS))
    cases.refuse("EPOCH_AGE", made, "Begun a millisecond over the skew after the statement.")
    year_1 = {"epoch_start": instant("0001-01-01")}
    made = application(forge, "epoch-year-1", replace(UP, reader_change=year_1))
    cases.refuse("EPOCH_AGE", made, "Begun on the calendar's first day.")
    made = application(forge, "passed-on-late", replace(UP, forwarded=NOW, epoch_age=30 * MINUTE))
    cases.refuse("EPOCH_AGE", made, "An epoch secret used for half an hour.")


_MS = timedelta(milliseconds=1)


def _changed(hop: Hop, **change: object) -> Hop:
    return replace(hop, change=change)


def _standings(cases: Cases, forge: Forge) -> None:
    # R007, R014: before it is connected, and while it is suspended, a node exchanges nothing.
    made = forge.make("not-connected", "Application", [Hop("510000", "hub", (HUB_KEY,))])
    cases.refuse("PEER_NOT_CONNECTED", made, "From a node that is tested and not connected yet.")
    made = forge.make("suspended", "Application", [Hop("520000", "hub", (HUB_KEY,))])
    cases.refuse("PEER_SUSPENDED", made, "From a node that is suspended.")
