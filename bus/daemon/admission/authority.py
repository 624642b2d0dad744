"""The issuing authority at the hub, where the operator has put its key there (`[hub.ca]`).

The root stays off the network either way; what stands here can be replaced by the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signer.admission.grant import Grant
from signer.admission.request import KeyRequests
from signer.ca.certify_requests import certify_requests
from signer.secretfiles import read_passphrase


@dataclass(frozen=True, slots=True)
class OnlineAuthority:
    """Issues what verified requests ask for."""

    directory: Path
    passphrase_file: Path

    def issue(self, asked: KeyRequests, hosts: Sequence[str], now: datetime) -> Grant:
        """Issue the certificates of one generation.

        Raises:
            CaError: `CA_MISSING`, `CA_GENERATION`, `CA_KEY_REUSED`.
            IssueError: `HOST`, `CA_EXPIRED`.
            KeyFileError: The authority's files cannot be used.
        """
        passphrase = read_passphrase(self.passphrase_file)
        return certify_requests(self.directory, passphrase, asked, hosts=hosts, now=now)
