"""Content secrets, epoch secrets of a sender, and what a receiver remembers."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from envelope_forge import NOW, H, fixed
from hypothesis import given
from hypothesis import strategies as st

from signer.envelope import labels
from signer.envelope.caches import EpochCache
from signer.envelope.wrapping import EPOCH_LIFETIME, EPOCH_MESSAGES, ContentSecrets, Epochs
from signer.errors import KeyRingError
from signer.uuid7 import uuid7

PROTECTED = b"the header's bytes"
SECRET = fixed("a content secret")
SIGNER = fixed("a signing key")
MESSAGE_ID = uuid7(NOW, bytes)


class Counted:
    """A source of randomness that never repeats and counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, size):
        self.calls += 1
        return fixed(f"entropy {self.calls}", size)


class CountingRing:
    """A ring that counts how often each key opened something."""

    def __init__(self, ring):
        self._ring = ring
        self.opened = Counter()

    def open_epoch(self, key, sealed, info):
        self.opened[sealed] += 1
        return self._ring.open_epoch(key, sealed, info)


@pytest.fixture
def reader(world):
    key = world.keys["hub/encryption"]
    return key.id, key.public_key


@pytest.fixture
def wrap(reader):
    epochs = Epochs(Counted())

    def wrap(now=NOW, signer=SIGNER, recipient=reader):
        return epochs.wrap(H, signer, recipient, PROTECTED, SECRET, now)

    return wrap


def info_of(recipient, signer=SIGNER):
    return labels.epoch_info(H.name, signer, recipient.key, recipient.epoch_start)


def opened(world, recipient, signer=SIGNER):
    ring = world.rings["hub"]
    epoch_secret = ring.open_epoch(recipient.key, recipient.epoch, info_of(recipient, signer))
    kek = labels.kek(H, epoch_secret, signer, recipient.key, recipient.epoch, PROTECTED)
    return H.aead_open(kek, recipient.wrapped, b"")


def test_what_is_wrapped_opens(world, wrap):
    assert opened(world, wrap()) == SECRET


def test_an_epoch_is_used_until_ten_minutes_are_over(wrap):
    first = wrap()
    last = wrap(NOW + EPOCH_LIFETIME - timedelta(milliseconds=1))
    assert (last.epoch, last.epoch_start) == (first.epoch, NOW)
    renewed = wrap(NOW + EPOCH_LIFETIME)
    assert renewed.epoch != first.epoch
    assert renewed.epoch_start == NOW + EPOCH_LIFETIME


def test_an_epoch_is_renewed_after_ten_thousand_messages(wrap):
    epochs = Counter(wrap().epoch for _ in range(EPOCH_MESSAGES + 1))
    assert sorted(epochs.values()) == [1, EPOCH_MESSAGES]


def test_a_clock_that_steps_back_starts_a_new_epoch(wrap):
    first = wrap()
    assert wrap(NOW - timedelta(milliseconds=1)).epoch != first.epoch


def test_each_signing_key_and_each_reader_has_an_epoch_of_its_own(world, wrap):
    other = world.keys["320000/encryption"]
    found = [
        wrap(),
        wrap(signer=fixed("the next key")),
        wrap(recipient=(other.id, other.public_key)),
    ]
    assert len({recipient.epoch for recipient in found}) == 3


def test_the_epoch_does_not_open_under_another_signer(world, wrap):
    with pytest.raises(KeyRingError, match="EPOCH_INVALID"):
        opened(world, wrap(), signer=fixed("another signer"))


def test_content_secrets_differ_even_when_randomness_repeats():
    secrets = ContentSecrets(bytes)
    made = {secrets.fresh(H, MESSAGE_ID, b"the same") for _ in range(100)}
    assert len(made) == 100


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_content_secrets_of_two_processes_in_the_same_state_differ_by_content(one, other):
    # The worst case: cloned randomness. Two plaintexts must not meet one body key.
    secrets = [ContentSecrets(bytes).fresh(H, MESSAGE_ID, text) for text in (one, other)]
    assert (secrets[0] == secrets[1]) == (one == other)


def test_an_opened_epoch_is_remembered(world, wrap):
    ring, cache, recipient = CountingRing(world.rings["hub"]), EpochCache(), wrap()
    first = cache.open(ring, "370000", recipient, info_of(recipient))
    assert cache.open(ring, "370000", recipient, info_of(recipient)) == first
    assert ring.opened == {recipient.epoch: 1}


def test_what_is_remembered_is_bound_to_its_context(world, wrap):
    ring, cache, recipient = CountingRing(world.rings["hub"]), EpochCache(), wrap()
    cache.open(ring, "370000", recipient, info_of(recipient))
    later = replace(recipient, epoch_start=NOW + timedelta(seconds=1))
    with pytest.raises(KeyRingError, match="EPOCH_INVALID"):
        cache.open(ring, "370000", later, info_of(later))


def test_the_least_recently_used_of_a_source_is_forgotten_and_no_other_sources(world, wrap):
    ring, cache = CountingRing(world.rings["hub"]), EpochCache(per_source=2)
    one, two, three = (wrap(NOW + EPOCH_LIFETIME * i) for i in range(3))
    cache.open(ring, "320000", one, info_of(one))
    for recipient in (one, two, one, three, one, two):
        cache.open(ring, "370000", recipient, info_of(recipient))
    # For 370000 `two` was the one to go when `three` came; 320000 opened `one` for itself.
    assert ring.opened == {one.epoch: 2, two.epoch: 2, three.epoch: 1}
    cache.open(ring, "320000", one, info_of(one))
    assert ring.opened[one.epoch] == 2


def test_what_does_not_open_is_not_remembered(world, wrap):
    ring, cache = CountingRing(world.rings["hub"]), EpochCache()
    bad = replace(wrap(), epoch=bytes(113))
    for _ in range(2):
        with pytest.raises(KeyRingError, match="EPOCH_INVALID"):
            cache.open(ring, "370000", bad, info_of(bad))
    assert ring.opened[bad.epoch] == 2


def test_many_threads_may_use_one_cache(world, wrap):
    cache, ring = EpochCache(per_source=1), world.rings["hub"]
    recipients = [wrap(NOW + EPOCH_LIFETIME * i) for i in range(3)]
    expected = [ring.open_epoch(r.key, r.epoch, info_of(r)) for r in recipients]

    def open_one(number):
        recipient = recipients[number % 3]
        return cache.open(ring, "370000", recipient, info_of(recipient))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(open_one, range(600)))
    assert found == [expected[number % 3] for number in range(600)]
