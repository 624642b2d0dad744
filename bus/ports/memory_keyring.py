"""The in-memory twin of `signer.keyfiles.FileKeyRing`."""

from __future__ import annotations

from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec

from signer.ca.issue import LeafSet
from signer.directory.view import KeyUse
from signer.keyfiles import HeldKeys


class MemoryKeyRing(HeldKeys):
    """Keys that never touch a disk and end with the process."""

    @classmethod
    def generate(cls, participant: str) -> Self:
        """Make a ring with fresh keys that nobody has certified."""
        signing = ec.generate_private_key(ec.SECP256R1())
        return cls(participant, signing, [ec.generate_private_key(ec.SECP256R1())])

    @classmethod
    def of(cls, newest: LeafSet, *earlier: LeafSet) -> Self:
        """Make a ring of certified keys.

        Args:
            newest: The generation that signs now.
            earlier: Generations whose encryption keys still open, the newest first.
        """
        return cls(
            newest.participant,
            newest.signing.private_key,
            [
                leaf.private_key
                for leaves in (newest, *earlier)
                for leaf in leaves.leaves
                if leaf.use is KeyUse.ENCRYPTION
            ],
            [leaf.private_key for leaf in newest.others if leaf.use is KeyUse.SIGNING],
        )
