"""The refusals that are asked for by name, each with the vectors that show it and its own code."""

from __future__ import annotations

import pytest
from envelope_cases import outcome

from schemas.loader import shipped
from signer.envelope.open import Opener

NAMED = {
    "replayed on another topic": ("WRONG_PEER", "peer-other"),
    "replayed to somebody further on": ("WRONG_HOP", "seals-cut-and-replayed"),
    "replayed after its time": ("EXPIRED", "expired"),
    "its body in another message": ("CHAIN_DIGEST", "ciphertext-of-another-message"),
    "its header on another message": ("CHAIN_DIGEST", "header-of-another-message"),
    "its seals on another message": ("CHAIN_DIGEST", "seals-all-of-another"),
    "its signature on another message": ("SIGNATURE_INVALID", "signature-of-another-message"),
    "its wrapped secret in another message": ("WRAP_INVALID", "wrap-of-another-message"),
    "another conversation in the header": ("CHAIN_DIGEST", "altered-header-conversation"),
    "another conversation as the key": ("KEY_MISMATCH", "kafka-key-other"),
    "another destination": ("CHAIN_DIGEST", "altered-header-destination"),
    "another next hop, signed for it": ("WRONG_HOP", "hop-other"),
    "another next hop, written over": ("WRONG_HOP", "altered-statement-to"),
    "a relay adds itself": ("RECIPIENT_NOT_ORDERED", "reader-answer-relay-itself"),
    "a relay adds its parent": ("RECIPIENT_NOT_ORDERED", "relay-adds-its-parent"),
    "a relay adds a stranger": ("RECIPIENT_NOT_ORDERED", "reader-other"),
    "a relay adds two": ("RECIPIENT_NOT_ORDERED", "reader-two"),
    "a hub opens a receipt to a province": ("RECIPIENT_NOT_ORDERED", "receipt-reader"),
    "a reader is put in after signing": ("SIGNATURE_INVALID", "readers-of-another-message"),
    "two readers, two secrets": ("COMMITMENT", "two-secrets"),
    "another secret than the header's": ("COMMITMENT", "another-secret-wrapped"),
    "another reader's epoch secret": ("EPOCH_INVALID", "epoch-of-another-reader"),
    "another signer's epoch secret": ("EPOCH_INVALID", "epoch-of-another-signer"),
    "an epoch secret used too late": ("EPOCH_AGE", "epoch-old"),
    "a signing key that is revoked": ("KEY_REVOKED", "signer-370000-signing-revoked"),
    "a signing key that has ended": ("KEY_EXPIRED", "signer-370000-signing-ended"),
    "a signing key not yet valid": ("KEY_EXPIRED", "signer-not-yet"),
    "a TLS key that signs": ("KEY_USE", "signer-370000-tls"),
    "another participant's signing key": ("SIGNER_MISMATCH", "signer-320000-signing"),
    "a key nobody lists": ("SIGNER_UNKNOWN", "signer-unknown"),
    "an unknown critical extension": ("EXTENSION_CRITICAL", "extension-critical"),
    "more items than anybody sends": ("PAYLOAD_LIMIT", "items-rows"),
    "a payload that inflates without end": ("COMPRESSION", "deflate-bomb"),
}


@pytest.mark.requirement("R011")
@pytest.mark.parametrize("what", NAMED)
def test_each_is_refused_with_its_own_code(vectors, world, what):
    code, name = NAMED[what]
    (vector,) = [v for n, v in vectors.items() if n.partition("-")[2][4:] == name and v.code]
    opener = Opener(world.rings[vector.arrival.me], shipped().get)
    verdict = opener.open(vector.data, world.directory, vector.now, vector.arrival)
    assert outcome(verdict) == ("REFUSE", code)


def test_two_secrets_are_one_message_of_which_one_reader_reads_what_is_committed_to(vectors, world):
    whole = {n.partition("-")[2][4:]: v for n, v in vectors.items() if n.startswith("accept-")}
    handed = {n.partition("-")[2][4:]: v for n, v in vectors.items() if n.startswith("refuse-")}
    one, two = whole["two-secrets"], handed["two-secrets"]
    assert two.data != one.data  # the hub's seal came on top
    taken = Opener(world.rings["hub"], shipped().get).open(
        one.data, world.directory, one.now, one.arrival
    )
    assert taken.opened.envelope.ciphertext in two.data
    assert taken.opened.envelope.seals[0].statement in two.data
