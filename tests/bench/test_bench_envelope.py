"""The harness of `make bench-envelope`: what it counts is what it says. Nothing is timed."""

from __future__ import annotations

import bench_envelope
import pytest
from bench_envelope import SCHEMA, SIZES, NotOpenedError, Ours, Pair, datum_of
from bench_envelope_report import tables, verdicts
from bench_primitives import DECRYPT, ENCRYPT, SHA256, SIGN, VERIFY

from schemas.loader import encode
from signer.suites.p256_aes256gcm import P256Aes256Gcm


@pytest.fixture
def pair():
    return Pair.make()


@pytest.fixture
def counted(monkeypatch):
    """How often each asymmetric primitive was used."""
    found = {"seal_epoch": 0, "verify": 0}

    def counting(name):
        work = getattr(P256Aes256Gcm, name)

        def count(self, *given):
            found[name] += 1
            return work(self, *given)

        return count

    for name in found:
        monkeypatch.setattr(P256Aes256Gcm, name, counting(name))
    return found


@pytest.mark.parametrize("size", [1000, *SIZES, 65537])
def test_a_payload_has_exactly_the_size_asked_for(size):
    assert len(encode(SCHEMA, datum_of(size))) == size


def test_steady_state_is_one_signature_and_one_epoch_for_all(pair, counted, monkeypatch):
    monkeypatch.setattr(bench_envelope, "BATCH", 5)
    ours = Ours(pair, datum_of(1000))
    spent = [ours.steady() for _ in range(2)]
    assert all(one > 0 for pair_of in spent for one in pair_of)
    assert counted == {"seal_epoch": 1, "verify": 2}


def test_alone_is_an_epoch_and_a_signature_for_each(pair, counted, monkeypatch):
    monkeypatch.setattr(bench_envelope, "ALONE", 3)
    Ours(pair, datum_of(1000)).alone()
    assert counted == {"seal_epoch": 3, "verify": 3}


def test_what_does_not_open_ends_the_benchmark(pair, monkeypatch):
    monkeypatch.setattr(bench_envelope, "BATCH", 2)
    ours = Ours(pair, datum_of(1000))
    monkeypatch.setattr(P256Aes256Gcm, "aead_open", lambda _self, _key, _data, _aad: bytes(32))
    with pytest.raises(NotOpenedError, match="COMMITMENT"):
        ours.steady()


def report_of(steady_small, steady_large):
    bare = {SHA256: 30.0, ENCRYPT: 10.0, DECRYPT: 5.0, SIGN: 25.0, VERIFY: 65.0}
    both = {"seal": 280.0, "open": 300.0}
    sizes = {
        str(size): {
            "steady": {"seal": steady, "open": steady},
            "alone": both,
            "confluent": both,
            "bare": {"seal": 50.0, "open": 55.0},
            "primitives": bare,
        }
        for size, steady in zip(SIZES, (steady_small, steady_large), strict=True)
    }
    facts = {
        "date": "2026-03-02",
        "commit": "abc",
        "changed": False,
        "cores": 2,
        "cpu": "CPU",
        "memory_gib": 8.0,
        "system": "Linux",
        "python": "3.11",
        "libraries": {"cryptography": "50"},
        "load_at_start": 0.1,
        "confluent": "2.15",
    }
    return {"machine": facts, "batch": 200, "rounds": 15, "sizes": sizes}


def test_each_target_is_held_against_what_it_names():
    found = verdicts(report_of(72.0, 160.0))
    limits = [round(one.limit, 1) for one in found]
    assert limits == [150.0, 120.0, 70.0, 280.0, 165.0, 105.0, 75.0, 300.0]
    assert [one.holds for one in found] == [False, False, False, True, True, False, True, True]
    assert found[0].line.startswith("MISSED: seal, 64 KB")
    assert found[0].line.endswith("160.0 µs of 150.0 µs (107 %)")


def test_the_tables_say_what_was_missed():
    text = tables(report_of(72.0, 160.0))
    assert text.count("**missed**") == 4
    assert "| AES-GCM and one SHA-256 of the same bytes, as batches | 50 | 55 | 50 | 55 |" in text
    assert "| the same, and a P-256 signature a message (sum) | 305 | 365 | 305 | 365 |" in text
