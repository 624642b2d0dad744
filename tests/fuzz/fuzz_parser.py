"""Lets atheris drive one parser for a while: fuzz_parser.py NAME SECONDS FOLDER.

The folder takes the corpus, which starts with the parser's samples, and the bytes of a finding.
Coverage guides it, so it finds what scrambling does not; it runs on Linux on x86-64 alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["schemas", "signer", "bus"]):
    from parsers import PARSERS

LONGEST = 64 * 1024


def main() -> None:
    """Run until the time is over, or until something is found."""
    name, seconds, folder = sys.argv[1:]
    parser = PARSERS[name]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(parser.samples()):
        (corpus / f"sample-{number}").write_bytes(sample)

    def one(data: bytes) -> None:
        parser.takes(data)

    options = (f"-max_total_time={seconds}", f"-artifact_prefix={folder}/{name}-", "-verbosity=0")
    atheris.Setup(
        [sys.argv[0], *options, f"-max_len={LONGEST}", "-print_final_stats=1", str(corpus)], one
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
