"""A run ends when the brokers act by what was changed, or says that they do not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from provisioning_samples import in_step, wanted

from bus.broker.provisioning.cluster import Outcome
from bus.broker.provisioning.plan import Found
from bus.broker.provisioning.run import Provisioner
from bus.errors import InputError
from bus.ports.broker_errors import unavailable

EMPTY = Found({}, frozenset())


@pytest.fixture
def seen():
    """Looks at the brokers, one after the other; the last is seen for ever."""
    return [EMPTY]


@pytest.fixture
def provisioner(seen):
    def look(_closing):
        now = seen.pop(0) if len(seen) > 1 else seen[0]
        if isinstance(now, Exception):
            raise now
        return now

    return Provisioner(SimpleNamespace(look=look), wanted(), frozenset())


@pytest.fixture
def outcomes(provisioner):
    return [Outcome(change, None) for change in provisioner.plan().changes]


def test_it_waits_until_everything_shows(provisioner, outcomes, seen):
    held, waits = in_step(wanted()), []
    seen[:] = [EMPTY, Found(held.topics, frozenset()), held]
    assert provisioner.confirm(outcomes, waits.append) == tuple(outcomes)
    assert len(waits) == 2


def test_what_never_shows_is_said_for_each_change(provisioner, outcomes, seen):
    held = in_step(wanted())
    seen[:] = [Found(held.topics, frozenset())]
    confirmed = provisioner.confirm(outcomes, lambda _: None, limit=0.01)
    late = [outcome for outcome in confirmed if outcome.error is not None]
    assert {outcome.error.code for outcome in late} == {"PROVISION_NOT_SEEN"}
    assert {outcome.error.where for outcome in late} == {str(r) for r in wanted().rights}


def test_what_failed_is_not_waited_for_and_keeps_its_error(provisioner, outcomes, seen):
    error = InputError("SOME_CODE", "", "")
    failed = [Outcome(outcome.change, error) for outcome in outcomes]
    waits = []
    assert provisioner.confirm(failed, waits.append) == tuple(failed)
    assert waits == []


def test_brokers_that_go_away_meanwhile_are_said_for_each_change(provisioner, outcomes, seen):
    seen[:] = [EMPTY, unavailable("127.0.0.1:1")]
    confirmed = provisioner.confirm(outcomes, lambda _: None)
    assert {outcome.error.code for outcome in confirmed} == {"BROKER_UNAVAILABLE"}
