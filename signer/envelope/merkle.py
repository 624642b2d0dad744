"""Merkle trees over statements: roots and inclusion proofs (RFC 9162 §2.1)."""

from __future__ import annotations

from collections.abc import Sequence

from signer.envelope.format import Proof
from signer.envelope.labels import node
from signer.suites import Suite

MIN_SIZE = 2
MAX_SIZE = 4096


def tree(h: Suite, leaves: Sequence[bytes]) -> tuple[bytes, list[Proof]]:
    """Return the root of a non-empty list of leaf hashes and each leaf's inclusion proof.

    Every inner node is hashed once, whatever the number of proofs: n leaves cost n − 1 hashes.
    Level by level, each two neighbours are joined and a last one without neighbour moves up as it
    is. That is the tree of RFC 9162 §2.1.1, whose left half is always a full power of two, and a
    leaf's path (§2.1.3.1) is its neighbour, if any, at each level.
    """
    paths: list[list[bytes]] = [[] for _ in leaves]
    level, width = leaves, 1  # `width` leaves lie under each node of `level` but the last
    while len(level) > 1:
        for place, neighbour in enumerate(level):
            first = (place ^ 1) * width
            for path in paths[first : first + width]:
                path.append(neighbour)
        joined = [node(h, *level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level, width = joined if len(level) % 2 == 0 else [*joined, level[-1]], width * 2
    size = len(leaves)
    return level[0], [Proof(index, size, tuple(path)) for index, path in enumerate(paths)]


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
