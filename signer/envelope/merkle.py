"""Merkle trees over statements: roots and inclusion proofs (RFC 9162 §2.1)."""

from __future__ import annotations

from collections.abc import Sequence

from signer.envelope.format import Proof
from signer.envelope.labels import node
from signer.suites import Suite

MIN_SIZE = 2
MAX_SIZE = 4096


def root(h: Suite, leaves: Sequence[bytes]) -> bytes:
    """Return the root of a non-empty list of leaf hashes (RFC 9162 §2.1.1)."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node(h, root(h, leaves[:split]), root(h, leaves[split:]))


def path(h: Suite, leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the inclusion path of a leaf, from leaf to root (RFC 9162 §2.1.3.1)."""
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*path(h, leaves[:split], index), root(h, leaves[split:]))
    return (*path(h, leaves[split:], index - split), root(h, leaves[:split]))


def root_from_proof(h: Suite, leaf: bytes, proof: Proof) -> bytes | None:
    """Return the root a proof leads to (RFC 9162 §2.1.3.2), or None when it is malformed.

    Malformed: size below 2 or over 4,096, index outside the tree, a path of the wrong length.
    """
    if not (MIN_SIZE <= proof.size <= MAX_SIZE and 0 <= proof.index < proof.size):
        return None
    fn, sn, result = proof.index, proof.size - 1, leaf
    for sibling in proof.path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            result = node(h, sibling, result)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            result = node(h, result, sibling)
        fn >>= 1
        sn >>= 1
    return result if sn == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two below size."""
    return 1 << ((size - 1).bit_length() - 1)
