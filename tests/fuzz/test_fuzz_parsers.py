"""Scrambled samples for each parser: refused by an error of ours, or the same bytes again."""

from __future__ import annotations

from random import Random

import fuzz
import pytest
from envelope_mutations import scrambled
from fuzz_parts import WrittenOtherwiseError
from parsers import PARSERS

ROUNDS = 1500
COSTLY = {"workbook": 60, "workbook-part": 150}


@pytest.mark.parametrize("name", PARSERS)
def test_samples_are_taken(name):
    parser = PARSERS[name]
    samples = parser.samples()
    assert samples
    assert all(parser.takes(sample) for sample in samples)


@pytest.mark.parametrize("name", PARSERS)
def test_scrambled_samples_are_refused_by_errors_of_ours_alone(name):
    parser = PARSERS[name]
    samples = parser.samples()
    choose = Random(name)  # noqa: S311 - repeatable
    refused = 0
    rounds = COSTLY.get(name, ROUNDS)
    for _ in range(rounds):
        data = scrambled(choose, choose.choice(samples), choose.choice(samples))
        try:
            refused += not parser.takes(data)
        except Exception as error:
            error.add_note(f"{name}: {data.hex()}")
            raise
    assert refused > rounds // 10


@pytest.mark.parametrize("name", PARSERS)
def test_what_has_nothing_to_do_with_it_is_refused(name):
    takes = PARSERS[name].takes
    for data in (b"", b"\0", b"HDX1", b"HDP1", b"PK\x03\x04", b"{}", b"\xff" * 200, bytes(5000)):
        assert not takes(data)


def test_the_command_drives_every_parser():
    assert set(fuzz.NAMES) == set(PARSERS)


def test_a_parser_that_takes_other_bytes_than_it_writes_is_found(monkeypatch):
    parser = PARSERS["header"]
    (sample, *_) = parser.samples()
    monkeypatch.setattr("parsers.header_bytes", lambda _header: b"something else")
    with pytest.raises(WrittenOtherwiseError):
        parser.takes(sample)
