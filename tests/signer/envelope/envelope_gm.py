"""Scenarios of suite sm2-sm4gcm/1, alone and beside the default one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import gmalg
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from envelope_cases import Case, Cases
from envelope_forge import (
    FULL_ORDER,
    Forge,
    Hop,
    Made,
    alter_signature,
    seal_to,
    sign_with,
)
from envelope_routes import NARROW_ORDER, in_batch, payload_bytes
from envelope_world import World, participants_json

from signer.envelope import labels
from signer.suites import SUITES
from signer.suites.keys import P256, SM2
from signer.suites.sm2 import ORDER
from signer.suites.sm2_sm4gcm import Sm2Sm4Gcm

H = Sm2Sm4Gcm()
FUND = "320000.housing-fund"


def hop(sender: str, to: str, *readers: str, **over: Any) -> Hop:
    """Return a hop that is 国密 throughout; readers are participants."""
    keys = tuple(f"{reader}/sm2-encryption" for reader in readers)
    return Hop(sender, to, keys, signer=f"{sender}/sm2-signing", **over)


UP = hop("370000", "hub", "hub")
DOWN = hop("hub", "320000", "320000", order=FULL_ORDER)
TO_FUND = hop("320000", FUND, FUND, order=NARROW_ORDER)
ANSWER = (hop(FUND, "320000", "370000"), hop("320000", "hub"), hop("hub", "370000"))


def gm_scenarios() -> list[Case]:
    """Return every scenario, in the order that numbers them."""
    cases, forge = Cases(), Forge(World.read(participants_json(gm=True)))
    _accepted(cases, forge)
    _mixed(cases, forge)
    _signatures(cases, forge)
    _epochs(cases, forge)
    _digests(cases, forge)
    return cases.found


def _application(forge: Forge, name: str, first: Hop = UP, **over: Any) -> Made:
    return forge.make(name, "Application", [first], **({"suite": SM2} | over))


def _accepted(cases: Cases, forge: Forge) -> None:
    cases.accept(
        _application(forge, "application"),
        "An application, its body, signature and wrap all of sm2-sm4gcm/1.",
        payload=payload_bytes("Application"),
    )
    roster = ("Roster", (UP, DOWN, TO_FUND), "hub", "A roster part at an agency, two orders on it.")
    decision = ("Decision", (hop("hub", "370000", "370000"),), "370000", "The hub's decision.")
    answer = ("Answer", ANSWER, "370000", "An answer, relayed blind by a province and the hub.")
    for kind, hops, destination, comment in (roster, decision, answer):
        made = forge.make(kind.lower(), kind, hops, destination=destination, suite=SM2)
        cases.accept(made, comment, payload=payload_bytes(kind))
    for size, index in ((2, 1), (7, 3)):
        made = in_batch(forge, _application(forge, f"batch-{size}-{index}"), size, index)
        comment = f"Signed in a batch of {size}, as number {index}: the tree is SM3's."
        cases.accept(made, comment, payload=payload_bytes("Application"))
    answer_at_hub = forge.make(
        "answer-at-hub", "Answer", ANSWER[:2], destination="370000", suite=SM2
    )
    cases.relay(answer_at_hub, "An answer at the hub, which cannot read it.")


def _mixed(cases: Cases, forge: Forge) -> None:
    application = payload_bytes("Application")
    p256_reader = Hop("370000", "hub", ("hub/encryption",), signer="370000/sm2-signing")
    made = _application(forge, "p256-reader", p256_reader)
    cases.accept(made, "The wrap is of the other suite.", payload=application)
    made = _application(forge, "p256-signature", replace(UP, signer="370000/signing"))
    cases.accept(made, "The signature is of the other suite.", payload=application)
    made = _application(forge, "p256-body", suite=P256)
    cases.accept(made, "A body of the default suite, all else of this one.", payload=application)
    both = Hop(
        "320000",
        "hub",
        ("370000/sm2-encryption", "hub/encryption"),
        signer="320000/sm2-signing",
    )
    made = forge.make(
        "a-reader-of-each",
        "Dispatch",
        [both, Hop("hub", "370000")],
        destination="370000",
        suite=SM2,
    )
    cases.accept(
        made,
        "Two readers, a wrap of each suite; the hub endorses with its P-256 key.",
        payload=payload_bytes("Dispatch"),
    )
    county = (
        Hop("321200", "320000", ("320000/encryption",)),
        Hop("320000", "hub", ("hub/sm2-encryption",), signer="320000/sm2-signing"),
    )
    made = forge.make("county-without-sm2", "Application", county)
    cases.accept(
        made,
        "A county without SM2 keys; its province endorses and wraps with SM2.",
        payload=application,
    )


def _signatures(cases: Cases, forge: Forge) -> None:
    made = _application(forge, "signature")
    value = made.envelope.seals[0].signature.value
    r, s = value[:32], value[32:]
    order = ORDER.to_bytes(32)
    flipped = (ORDER - int.from_bytes(r)).to_bytes(32)
    head = labels.head(SM2, made.statement(0).signer, 1, labels.leaf(H, _statement(made)))
    private = forge.world.private["370000/sm2-signing"]
    stranger = gmalg.SM2(private.number, b"370000", private.public.encoded, rnd_fn=lambda _: 12345)
    for name, wrong, code, comment in (
        ("short", value[:-1], "FORM", "63 bytes."),
        ("r-zero", bytes(32) + s, "FORM", "r is 0."),
        ("s-zero", r + bytes(32), "FORM", "s is 0."),
        ("r-order", order + s, "FORM", "r is n."),
        ("s-order", r + order, "FORM", "s is n."),
        ("sum-order", r + flipped, "FORM", "r + s is n."),
        (
            "der",
            encode_dss_signature(int.from_bytes(r), int.from_bytes(s)),
            "FORM",
            "DER instead of r ‖ s.",
        ),
        ("negated", r + (ORDER - int.from_bytes(s)).to_bytes(32), "INVALID", "n - s for s."),
        ("other-user", b"".join(stranger.sign(head)), "INVALID", "Another user id in Z."),
        (
            "by-p256",
            sign_with(forge.world.private["370000/signing"], head),
            "INVALID",
            "ECDSA under the name of this suite.",
        ),
    ):
        changed = replace(alter_signature(made, 0, value=wrong), name=f"signature-{name}")
        cases.refuse(f"SIGNATURE_{code}", changed, comment)
    changed = replace(alter_signature(made, 0, suite=P256), name="signature-other-suite")
    cases.refuse("SUITE_MISMATCH", changed, "The signature names another suite than its key's.")
    size_two = replace(in_batch(forge, made, 2, 0), name="batch-in-sha-256")
    proof = size_two.envelope.seals[0].signature.proof
    assert proof is not None
    sibling = (hashlib.sha256(b"another leaf").digest(),)
    changed = alter_signature(size_two, 0, proof=replace(proof, path=sibling))
    cases.refuse("SIGNATURE_INVALID", changed, "A sibling of another tree in the path.")


def _statement(made: Made) -> bytes:
    return made.envelope.seals[0].statement


def _epochs(cases: Cases, forge: Forge) -> None:
    right = _application(forge, "right").statement(0).recipients[0]
    private = forge.world.private["hub/sm2-encryption"]
    epoch, c1, c3, c2 = right.epoch, right.epoch[:65], right.epoch[65:97], right.epoch[97:]
    alone = gmalg.SM2(private.number, b"", private.public.encoded, rnd_fn=lambda _: 12345)
    for name, wrong, comment in (
        ("short", epoch[:-1], "A byte less."),
        ("long", epoch + b"\0", "A byte more."),
        ("c1-c2-c3", c1 + c2 + c3, "The older order C1 ‖ C2 ‖ C3."),
        ("flipped", epoch[:-1] + bytes([epoch[-1] ^ 1]), "A flipped bit in C2."),
        ("hash-flipped", c1 + bytes([c3[0] ^ 1]) + c3[1:] + c2, "A flipped bit in C3."),
        ("off-curve", b"\x04" + b"\x01" * 64 + c3 + c2, "C1 is not on the curve."),
        ("infinity", b"\x00" * 65 + c3 + c2, "C1 is the point at infinity."),
        ("hybrid", bytes([6 + (c1[64] & 1)]) + c1[1:] + c3 + c2, "C1 in the hybrid form."),
        ("context-missing", bytes(alone.encrypt(bytes(32))), "The secret without its context."),
        (
            "context-of-another",
            seal_to(private, "another", bytes(32), b"another context"),
            "The secret with the hash of another context.",
        ),
        (
            "context-in-sha-256",
            bytes(alone.encrypt(bytes(32) + hashlib.sha256(b"info").digest())),
            "SHA-256 in the place of SM3.",
        ),
    ):
        made = _application(forge, f"epoch-{name}", replace(UP, reader_change={"epoch": wrong}))
        cases.refuse("EPOCH_INVALID", made, comment)
    later = {"epoch_start": right.epoch_start + timedelta(seconds=1)}
    made = _application(forge, "epoch-start", replace(UP, reader_change=later))
    cases.refuse("EPOCH_INVALID", made, "Another epoch_start than the sealed context has.")
    made = _application(forge, "reader-other-suite", replace(UP, reader_change={"suite": P256}))
    cases.refuse("RECIPIENT_MISMATCH", made, "The wrap names another suite than its key's.")
    wrapped = right.wrapped[:-1] + bytes([right.wrapped[-1] ^ 1])
    made = _application(forge, "wrap-flipped", replace(UP, reader_change={"wrapped": wrapped}))
    cases.refuse("WRAP_INVALID", made, "A flipped bit in the wrap's tag.")


def _digests(cases: Cases, forge: Forge) -> None:
    right = _application(forge, "right")
    protected, ciphertext = right.envelope.protected, right.envelope.ciphertext
    sha = labels.body_digest(SUITES[P256], protected, ciphertext)
    made = _application(forge, "right", replace(UP, change={"prev": sha}))
    made = replace(made, name="prev-in-sha-256")
    cases.refuse("CHAIN_DIGEST", made, "prev computed with SHA-256 instead of SM3.")
    wrong = labels.commitment(SUITES[P256], right.secret, right.header.message_id)
    made = replace(
        _application(forge, "right", header={"commitment": wrong}), name="commitment-in-sha-256"
    )
    cases.refuse("COMMITMENT", made, "The commitment derived with SHA-256 instead of SM3.")
    made = _application(forge, "body-of-another", body_secret=bytes(32))
    cases.refuse("BODY_TAG", made, "The body under the key of another content secret.")
    made = forge.make("body-unpadded", "Application", [UP], suite=SM2, plaintext=bytes(3))
    cases.refuse("PADDING", made, "A plaintext of three bytes.")
