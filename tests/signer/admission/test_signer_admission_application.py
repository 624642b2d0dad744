"""The written application: what it must say, and that a changed one is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signer_admission_world import ADAPTER, KEY_PASS, NODE, SECRETS, pending_keys

from schemas.loader import decode, encode, load
from signer.admission.application import (
    MAX_SIZE,
    _signed_bytes,
    read_application,
    write_application,
)
from signer.admission.contents import Contact, Responsibility, Standard
from signer.admission.pending import make_pending
from signer.admission.renewal import make_renewal, read_renewal
from signer.directory.view import KeyUse, Offer
from signer.errors import AdmissionError
from signer.suites.p256_aes256gcm import sign

SIGNED, PAYLOAD = load("admission/signed.v1"), load("admission/application.v1")


def refusal(run, *arguments) -> AdmissionError:
    with pytest.raises(AdmissionError) as caught:
        run(*arguments)
    assert caught.value.remedy_zh
    assert caught.value.remedy_en
    return caught.value


def written(pending, now, answers=NODE) -> bytes:
    key = pending.private_keys[KeyUse.SIGNING]
    return write_application(answers, pending.generation, pending.requests, key, now)


def resigned(data: bytes, pending, change, key=None) -> bytes:
    """The application with its content changed, signed again as an applicant could."""
    outer = decode(SIGNED, data)
    content = decode(PAYLOAD, outer["payload"])
    change(content)
    outer["payload"] = encode(PAYLOAD, content)
    signed = _signed_bytes(outer["signature"]["suite"], outer["signer"], outer["payload"])
    outer["signature"]["value"] = sign(key or pending.private_keys[KeyUse.SIGNING], signed)
    return encode(SIGNED, outer)


@pytest.mark.requirement("R007")
@pytest.mark.requirement("R009")
@pytest.mark.requirement("R010")
@pytest.mark.requirement("R013")
@pytest.mark.parametrize("answers", [NODE, ADAPTER], ids=["node", "adapter"])
def test_an_application_comes_back_as_it_was_stated(tmp_path, now, answers):
    pending = pending_keys(tmp_path / "pending", answers=answers)
    found = read_application(written(pending, now, answers))
    assert found.answers == answers
    assert found.made == now
    assert (found.participant, found.keys.generation) == (answers.participant, 1)
    assert {r.use: r.der for r in found.keys.requests} == dict(pending.requests)
    assert len(found.digest) == 32


def test_what_is_printed_shows_no_contact(pending, now):
    shown = repr(read_application(written(pending, now)))
    assert "山东省核对中心" in shown
    assert not any(secret in shown for secret in SECRETS)


def contact(**change):
    first, *rest = NODE.contacts
    values = {"name": first.name, "phone": first.phone, "email": first.email} | change
    return {"contacts": (Contact(first.responsibility, **values), *rest)}


OFFER = ADAPTER.offers[0]
FAULTS = [
    ("APPLICATION_ID", "id", NODE, {"participant": "山东"}),
    ("APPLICATION_ID", "id", NODE, {"participant": "broker-1"}),
    ("APPLICATION_ROLE", "id", NODE, {"participant": "hub", "parent": "hub"}),
    ("APPLICATION_PARENT", "parent", NODE, {"parent": "370000"}),
    ("APPLICATION_PARENT", "parent", NODE, {"parent": "hub.marriage"}),
    ("APPLICATION_PARENT", "parent", NODE, {"parent": ""}),
    ("APPLICATION_PARENT", "parent", ADAPTER, {"parent": "370000"}),
    ("APPLICATION_PARENT", "parent", ADAPTER, {"parent": "hub"}),
    ("APPLICATION_TITLE", "title", NODE, {"title": " "}),
    ("APPLICATION_TITLE", "title", NODE, {"title": "长" * 101}),
    ("APPLICATION_TITLE", "title", NODE, {"title": "两\n行"}),
    ("APPLICATION_CONTACT", "contacts", NODE, {"contacts": NODE.contacts[:2]}),
    ("APPLICATION_CONTACT", "contacts.1.name", NODE, contact(name="")),
    ("APPLICATION_CONTACT", "contacts.1.phone", NODE, contact(phone="电话")),
    ("APPLICATION_CONTACT", "contacts.1.email", NODE, contact(email="security")),
    ("APPLICATION_STANDARD", "standards", NODE, {"standards": NODE.standards[:2]}),
    ("APPLICATION_STANDARD", "standards", NODE, {"standards": NODE.standards * 2}),
    (
        "APPLICATION_STANDARD",
        "standards.1",
        NODE,
        {"standards": (Standard("技术规范", ""), *NODE.standards[1:])},
    ),
    ("APPLICATION_HOST", "hosts", NODE, {"hosts": ()}),
    ("APPLICATION_HOST", "hosts", NODE, {"hosts": ("10.0.0.1", "10.0.0.1")}),
    ("APPLICATION_HOST", "hosts.1", NODE, {"hosts": ("10.0.0.0/24",)}),
    ("APPLICATION_HOST", "hosts.2", NODE, {"hosts": ("10.0.0.1", "node.example")}),
    ("APPLICATION_HOST", "hosts.1", NODE, {"hosts": ("*",)}),
    ("APPLICATION_HOST", "hosts.1", NODE, {"hosts": ("::",)}),
    ("APPLICATION_HOST", "hosts.1", NODE, {"hosts": ("2001:DB8::11",)}),
    ("APPLICATION_OFFER", "offers", NODE, {"offers": ADAPTER.offers}),
    ("APPLICATION_OFFER", "offers", ADAPTER, {"offers": ()}),
    ("APPLICATION_OFFER", "offers.1", ADAPTER, {"offers": (OFFER, OFFER)}),
    ("APPLICATION_OFFER", "offers.1", ADAPTER, {"offers": (Offer("x", (), 5),)}),
    ("APPLICATION_OFFER", "offers.1", ADAPTER, {"offers": (Offer("x", ("a", "a"), 5),)}),
    ("APPLICATION_OFFER", "offers.1", ADAPTER, {"offers": (Offer("x", ("a",), 61),)}),
    ("APPLICATION_OFFER", "offers.1", ADAPTER, {"offers": (Offer("X Y", ("a",), 5),)}),
]


@pytest.mark.parametrize(("code", "where", "answers", "change"), FAULTS)
def test_a_faulty_field_is_named_and_nothing_personal_told(
    tmp_path, now, code, where, answers, change
):
    pending = pending_keys(tmp_path / "pending", answers=answers)
    error = refusal(written, pending, now, replace(answers, **change))
    assert (error.code, error.where) == (code, where)
    assert not any(secret in str(error) for secret in SECRETS)


@pytest.mark.parametrize(("code", "where", "answers", "change"), FAULTS)
def test_the_hub_finds_the_same_fault_in_a_file_made_elsewhere(
    tmp_path, now, code, where, answers, change
):
    pending = pending_keys(tmp_path / "pending", answers=answers)

    def put(content):
        wanted = replace(answers, **change)
        content["id"], content["parent"] = wanted.participant, wanted.parent
        content["title"], content["hosts"] = wanted.title, list(wanted.hosts)
        content["contacts"] = [
            {
                "responsibility": str(c.responsibility),
                "name": c.name,
                "phone": c.phone,
                "email": c.email,
            }
            for c in wanted.contacts
        ]
        content["standards"] = [{"name": s.name, "version": s.version} for s in wanted.standards]
        content["offers"] = [
            {
                "resource": o.resource,
                "items": list(o.items),
                "term_working_days": o.term_working_days,
            }
            for o in wanted.offers
        ]

    data = resigned(written(pending, now, answers), pending, put)
    error = refusal(read_application, data)
    assert (error.code, error.where) == (code, where)


def test_requests_of_another_participant_or_generation_are_refused(pending, now):
    data = written(pending, now)

    def other_id(content):
        content["id"] = "320000"

    def other_generation(content):
        content["generation"] = 2

    def no_generation(content):
        content["generation"] = 0

    assert refusal(read_application, resigned(data, pending, other_id)).code == "REQUEST_NAME"
    found = refusal(read_application, resigned(data, pending, other_generation))
    assert (found.code, found.where) == ("REQUEST_NAME", "requests.tls")
    found = refusal(read_application, resigned(data, pending, no_generation))
    assert found.code == "APPLICATION_MALFORMED"


def test_only_the_signing_key_applied_for_signs(tmp_path, pending, now):
    data = written(pending, now)
    other = make_pending(tmp_path / "other", KEY_PASS, participant="370000", generation=1)
    by_other = resigned(data, pending, lambda _: None, other.private_keys[KeyUse.SIGNING])
    assert refusal(read_application, by_other).code == "APPLICATION_SIGNATURE"
    outer = decode(SIGNED, data)
    named = encode(SIGNED, outer | {"signer": bytes(32)})
    assert refusal(read_application, named).code == "APPLICATION_SIGNER"
    suite = encode(SIGNED, outer | {"signature": outer["signature"] | {"suite": "other/1"}})
    assert refusal(read_application, suite).code == "APPLICATION_SIGNER"

    # Somebody who puts his own address and key into it has to sign anew, with his own key.
    def swapped(content):
        content["requests"] = [
            {**r, "request": other.requests[KeyUse(r["use"])]} for r in content["requests"]
        ]

    found = refusal(read_application, resigned(data, pending, swapped))
    assert found.code == "APPLICATION_SIGNER"


def test_another_size_magic_or_encoding_is_refused(pending, now):
    data = written(pending, now)
    assert refusal(read_application, bytes(MAX_SIZE + 1)).code == "APPLICATION_TOO_LARGE"
    assert refusal(read_application, data + b"\x00").code == "APPLICATION_MALFORMED"
    assert refusal(read_application, data[:-1]).code == "APPLICATION_MALFORMED"
    assert refusal(read_application, b"HDX1" + data[4:]).code == "APPLICATION_MALFORMED"


@settings(deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_code(data):
    assert refusal(read_application, data).code == "APPLICATION_MALFORMED"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    made = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    return written(pending_keys(tmp_path_factory.mktemp("one") / "pending"), made)


@settings(deadline=None)
@given(position=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_altered_application_passes_and_no_foreign_error_escapes(one, position, flip):
    data = bytearray(one)
    data[position % len(data)] ^= flip
    refusal(read_application, bytes(data))


def test_a_renewal_comes_back_and_is_its_senders_own(tmp_path):
    pending = pending_keys(tmp_path / "pending", generation=2)
    data = make_renewal("370000", 2, pending.requests)
    found = read_renewal(data, "370000")
    assert (found.participant, found.generation) == ("370000", 2)
    assert found.of(KeyUse.ENCRYPTION).der == pending.requests[KeyUse.ENCRYPTION]
    assert refusal(read_renewal, data, "320000").code == "RENEWAL_PARTICIPANT"
    assert refusal(read_renewal, data + b"\x00", "370000").code == "RENEWAL_MALFORMED"
    assert refusal(read_renewal, b"HDX1" + data[4:], "370000").code == "RENEWAL_MALFORMED"
    assert refusal(read_renewal, bytes(20_000), "370000").code == "RENEWAL_MALFORMED"
    other = make_renewal("370000", 3, pending.requests)
    assert refusal(read_renewal, other, "370000").code == "REQUEST_NAME"


def test_each_responsibility_of_the_schema_is_one_of_ours():
    symbols = next(
        f["type"]["items"]["fields"][0]["type"]["symbols"]
        for f in PAYLOAD.source["fields"]
        if f["name"] == "contacts"
    )
    assert symbols == [str(r) for r in Responsibility]
