"""Merkle trees against a straightforward reading of RFC 9162."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from envelope_forge import H, fixed
from hypothesis import given
from hypothesis import strategies as st

from signer.envelope import merkle
from signer.envelope.format import Proof

SIZES = range(2, 71)


def leaves(size):
    return [fixed(f"leaf {i}") for i in range(size)]


def reference_root(hashes):
    """RFC 9162 §2.1.1, word for word: k is the largest power of two smaller than n."""
    n = len(hashes)
    if n == 1:
        return hashes[0]
    k = 1
    while k * 2 < n:
        k *= 2
    left, right = reference_root(hashes[:k]), reference_root(hashes[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def reference_path(m, hashes):
    """RFC 9162 §2.1.3.1: PATH(m, D_n)."""
    n = len(hashes)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*reference_path(m, hashes[:k]), reference_root(hashes[k:])]
    return [*reference_path(m - k, hashes[k:]), reference_root(hashes[:k])]


def proof_of(size, index):
    return merkle.tree(H, leaves(size))[1][index]


@pytest.mark.parametrize("size", [*range(1, 71), 255, 256, 257, 1000])
def test_root_and_paths_are_those_of_the_rfc(size):
    hashes = leaves(size)
    root, proofs = merkle.tree(H, hashes)
    assert root == reference_root(hashes)
    assert [(proof.index, proof.size) for proof in proofs] == [(i, size) for i in range(size)]
    for index in range(0, size, max(1, size // 70)):
        assert list(proofs[index].path) == reference_path(index, hashes)


@pytest.mark.parametrize("size", [*SIZES, 2049, 4095, 4096])
def test_each_leaf_of_each_size_leads_to_the_root(size):
    hashes = leaves(size)
    root, proofs = merkle.tree(H, hashes)
    assert len(proofs) == size
    for leaf, proof in zip(hashes, proofs, strict=True):
        assert merkle.root_from_proof(H, leaf, proof) == root


@pytest.mark.parametrize("size", [1, 2, 3, 64, 70, 1000, 4096])
def test_all_proofs_together_cost_one_hash_for_each_inner_node(size):
    class Counting:
        calls = 0

        def hash(self, *parts):
            self.calls += 1
            return H.hash(*parts)

    counting = Counting()
    merkle.tree(counting, leaves(size))
    assert counting.calls == size - 1


@pytest.mark.parametrize("size", SIZES)
def test_a_path_of_another_length_is_malformed(size):
    hashes = leaves(size)
    for index, proof in enumerate(merkle.tree(H, hashes)[1]):
        path = proof.path
        for other in (path[:-1], (*path, path[0]), ()):
            assert merkle.root_from_proof(H, hashes[index], Proof(index, size, other)) is None


@pytest.mark.parametrize("size", [2, 3, 7, 8, 64, 70])
def test_an_index_outside_the_tree_is_malformed(size):
    path = proof_of(size, 0).path
    for index in (size, size + 1, 2**31 - 1, -1):
        assert merkle.root_from_proof(H, bytes(32), Proof(index, size, path)) is None


@pytest.mark.parametrize("size", [-(2**31), -1, 0, 1, 4097, 2**31 - 1])
def test_a_size_outside_its_limits_is_malformed(size):
    for path in ((), (bytes(32),), (bytes(32),) * 12):
        assert merkle.root_from_proof(H, bytes(32), Proof(0, size, path)) is None


def test_the_largest_tree_has_paths_of_twelve():
    assert {len(proof.path) for proof in merkle.tree(H, leaves(4096))[1]} == {12}


@given(st.integers(2, 300), st.data())
def test_no_other_index_or_size_leads_to_the_same_root(size, data):
    # The head signs the size; here the index and the leaf are what must not be exchangeable.
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    hashes = leaves(size)
    root, proofs = merkle.tree(H, hashes)
    proof = proofs[index]
    assert merkle.root_from_proof(H, hashes[other], proof) != root
    assert merkle.root_from_proof(H, hashes[index], replace(proof, index=other)) != root


def test_a_leaf_is_never_an_inner_node():
    # Domain separation: the same 64 bytes as a leaf's content and as two children.
    left, right = leaves(2)
    assert hashlib.sha256(b"\x00" + left + right).digest() != merkle.tree(H, [left, right])[0]
