"""From what was found to what is wanted: changes, their order, and what only a person decides."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from provisioning_samples import country, found_topic, in_step, key, participant, right, wanted

from bus.broker.provisioning.desired import TopicPolicy
from bus.broker.provisioning.plan import (
    AddRight,
    CreateTopic,
    DeleteTopic,
    Found,
    RemoveRight,
    SetSettings,
    plan,
)
from bus.broker.provisioning.rights import Operation, Pattern, Permission, Resource
from signer.directory.view import Standing

EMPTY = Found({}, frozenset())
INBOX = "hedui.370000.inbox"


def with_rights(*more):
    held = in_step(wanted())
    return replace(held, rights=held.rights | set(more))


def with_topic(name, **changed):
    held = in_step(wanted())
    made = found_topic(wanted().topics[INBOX], name=name, **changed)
    return replace(held, topics={**held.topics, name: made})


def test_on_empty_brokers_everything_is_created():
    due = plan(wanted(), EMPTY)
    created = {change.topic.name for change in due.changes if isinstance(change, CreateTopic)}
    added = {change.right for change in due.changes if isinstance(change, AddRight)}
    assert created == set(wanted().topics)
    assert added == wanted().rights
    assert len(due.changes) == len(created) + len(added)
    assert due.drift == ()


def test_in_step_nothing_is_due():
    due = plan(wanted(), in_step(wanted()))
    assert (due.changes, due.drift) == ((), ())


def test_a_new_generation_is_added_before_the_old_is_removed_and_nothing_else_moves():
    keys = (key("370000", generation=1), key("370000", generation=2))
    both = wanted(country(p=participant("370000", keys=keys)))
    late = wanted(country(p=participant("370000", keys=keys[1:])))

    adding = plan(both, in_step(wanted()))
    removing = plan(late, in_step(both))
    at_once = plan(late, in_step(wanted()))

    assert {type(change) for change in adding.changes} == {AddRight}
    assert {change.right.principal for change in adding.changes} == {"User:370000.g2"}
    assert {type(change) for change in removing.changes} == {RemoveRight}
    assert {change.right.principal for change in removing.changes} == {"User:370000.g1"}
    kinds = [type(change) for change in at_once.changes]
    assert kinds == sorted(kinds, key=[AddRight, RemoveRight].index)
    assert len(adding.changes) == len(removing.changes) == len(kinds) / 2
    assert adding.drift == removing.drift == at_once.drift == ()


def test_a_participant_off_the_list_loses_its_rights_and_its_topics_stay():
    left = tuple(p for p in country() if p.id != "370000")
    due = plan(wanted(left), in_step(wanted()))
    assert {type(change) for change in due.changes} == {RemoveRight}
    gone = {change.right for change in due.changes}
    assert gone == {r for r in wanted().rights if "370000" in r.name or "370000" in r.principal}
    assert [(f.code, f.where) for f in due.drift] == [
        ("TOPIC_UNKNOWN", "hedui.370000.inbox"),
        ("TOPIC_UNKNOWN", "hedui.370000.outbox"),
    ]


@pytest.mark.parametrize(
    "stray",
    [
        right("hedui.320000.inbox", "User:370000.g1"),
        right(INBOX, "User:370000.g1", host="10.99.0.1"),
        right(INBOX, "User:370000.g1", host="*"),
        right(INBOX, "User:370000.g9"),
        right("hedui.directory", "User:370000.g1", Operation.WRITE),
        right("hedui.hub", "User:370000.g1", resource=Resource.GROUP),
    ],
    ids=str,
)
def test_a_right_of_our_making_that_is_not_wanted_is_removed(stray):
    due = plan(wanted(), with_rights(stray))
    assert due.changes == (RemoveRight(stray),)
    assert due.drift == ()


@pytest.mark.parametrize(
    ("code", "stray"),
    [
        ("RIGHT_FOREIGN", right(INBOX, "User:monitor")),
        ("RIGHT_FOREIGN", right(INBOX, "User:*")),
        ("RIGHT_FOREIGN", right(INBOX, "Group:370000.g1")),
        ("RIGHT_FOREIGN", right(INBOX, "User:370000.g0")),
        ("RIGHT_FOREIGN", right(INBOX, "User:370000")),
        ("RIGHT_FOREIGN", right(INBOX, "User:hub-admin.g1")),
        ("RIGHT_FOREIGN", right(INBOX, "User:370000.g1", permission=Permission.DENY)),
        ("RIGHT_FOREIGN", right(INBOX, "User:370000.g1", Operation.ALL)),
        ("RIGHT_FOREIGN", right(INBOX, "User:370000.g1", Operation.DELETE)),
        ("RIGHT_FOREIGN", right("hedui.other", "User:370000.g1")),
        ("RIGHT_FOREIGN", right("hedui.x.inbox", "User:370000.g1")),
        ("RIGHT_FOREIGN", right("hedui.x", "User:monitor", resource=Resource.GROUP)),
        ("RIGHT_PATTERN", right("hedui.", "User:370000.g1", pattern=Pattern.PREFIXED)),
        ("RIGHT_PATTERN", right("he", "User:monitor", pattern=Pattern.PREFIXED)),
        ("RIGHT_PATTERN", right("hedui.37", "User:monitor", pattern=Pattern.PREFIXED)),
        ("RIGHT_PATTERN", right("*", "User:monitor")),
        ("RIGHT_PATTERN", right("*", "User:monitor", resource=Resource.GROUP)),
        ("RIGHT_CLUSTER", right("c", "User:x", Operation.ALTER, Resource.CLUSTER)),
        ("RIGHT_CLUSTER", right("c", "User:370000.g1", Operation.ALL, Resource.CLUSTER)),
        ("RIGHT_CLUSTER", right("c", "User:x", Operation.CLUSTER_ACTION, Resource.CLUSTER)),
        ("RIGHT_ELSEWHERE", right("c", "User:370000.g1", Operation.DESCRIBE, Resource.CLUSTER)),
        ("RIGHT_ELSEWHERE", right("payments", "User:370000.g1")),
        ("RIGHT_ELSEWHERE", right("pay", "User:370000.g1", pattern=Pattern.PREFIXED)),
        ("RIGHT_ELSEWHERE", right("t", "User:370000.g1", resource=Resource.TRANSACTIONAL_ID)),
        ("RIGHT_ELSEWHERE", right("u", "User:370000.g1", resource=Resource.UNKNOWN)),
    ],
    ids=str,
)
def test_a_right_somebody_else_wrote_is_reported_and_left(code, stray):
    due = plan(wanted(), with_rights(stray))
    assert due.changes == ()
    assert [(finding.code, finding.where) for finding in due.drift] == [(code, str(stray))]


@pytest.mark.parametrize(
    "stray",
    [
        right("payments", "User:shop"),
        right("pay", "User:shop", pattern=Pattern.PREFIXED),
        right("hedui", "User:shop"),
        right("c", "User:shop", Operation.DESCRIBE, Resource.CLUSTER),
        right("c", "User:shop", Operation.ALTER, Resource.CLUSTER, permission=Permission.DENY),
    ],
    ids=str,
)
def test_rights_that_do_not_reach_us_are_nobodys_business(stray):
    due = plan(wanted(), with_rights(stray))
    assert (due.changes, due.drift) == ((), ())


def test_rights_of_accepted_principals_are_left_alone_unreported():
    strays = (
        right("*", "User:monitor", Operation.DESCRIBE),
        right("hedui.", "User:hub-admin.g1", Operation.ALL, pattern=Pattern.PREFIXED),
    )
    accepted = frozenset({"User:monitor", "User:hub-admin.g1"})
    due = plan(wanted(), with_rights(*strays), accepted)
    assert (due.changes, due.drift) == ((), ())
    assert len(plan(wanted(), with_rights(*strays)).drift) == 2


def test_a_changed_setting_is_set_back_and_the_others_are_not_touched():
    spec = wanted().topics[INBOX]
    held = with_topic(INBOX, settings={**spec.settings, "retention.ms": "1000"})
    due = plan(wanted(), held)
    assert due.changes == (
        SetSettings(INBOX, {"retention.ms": "3888000000"}, {"retention.ms": "1000"}),
    )
    assert due.drift == ()


def test_a_setting_the_brokers_do_not_tell_is_set():
    spec = wanted().topics[INBOX]
    told = {name: value for name, value in spec.settings.items() if name != "retention.ms"}
    (change,) = plan(wanted(), with_topic(INBOX, settings=told)).changes
    assert change.wanted == {"retention.ms": "3888000000"}
    assert change.found == {"retention.ms": ""}


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"partitions": 6}, "TOPIC_PARTITIONS", "has 6 partitions, not 3"),
        ({"partitions": 2}, "TOPIC_PARTITIONS", "has 2 partitions, not 3"),
        ({"replication_factor": 2}, "TOPIC_REPLICATION", "has 2 replicas, not 1"),
        (
            {"overridden": frozenset({"retention.ms", "segment.bytes"})},
            "TOPIC_SETTING_UNKNOWN",
            "segment.bytes=1073741824",
        ),
    ],
)
def test_what_would_move_keys_or_data_is_left_to_a_person(changed, code, says):
    if "overridden" in changed:
        settings = {"segment.bytes": "1073741824", **wanted().topics[INBOX].settings}
        changed = {**changed, "settings": settings}
    due = plan(wanted(), with_topic(INBOX, **changed))
    assert due.changes == ()
    (finding,) = due.drift
    assert (finding.code, finding.where) == (code, INBOX)
    assert says in finding.en


def test_an_unknown_topic_of_ours_is_reported_and_never_touched():
    due = plan(wanted(), with_topic("hedui.990000.inbox", settings={}))
    assert due.changes == ()
    assert [(f.code, f.where) for f in due.drift] == [("TOPIC_UNKNOWN", "hedui.990000.inbox")]


def test_a_topic_with_too_few_replicas_is_not_made_unwritable():
    three = wanted(policy=TopicPolicy())
    due = plan(three, in_step(wanted()))  # held on one replica each
    assert due.changes == ()
    assert {finding.code for finding in due.drift} == {"TOPIC_REPLICATION"}


def test_what_the_directory_cannot_be_granted_stands_in_the_drift():
    target = wanted(country(p=participant("370000", hosts=())))
    due = plan(target, in_step(target))
    assert [finding.code for finding in due.drift] == ["HOSTS_MISSING"]


def left():
    return wanted(country(p=participant("370000", standing=Standing.WITHDRAWN)))


def test_a_closing_topic_is_read_on_and_deleted_once_it_is_drained_with_its_last_rights():
    target, held = left(), in_step(wanted())
    due = plan(target, held)
    removed = {change.right for change in due.changes if isinstance(change, RemoveRight)}
    assert removed == wanted().rights - target.rights - target.while_closing
    assert not [change for change in due.changes if isinstance(change, DeleteTopic)]
    assert due.drift == ()

    drained = replace(held, drained=frozenset({"hedui.370000.outbox"}))
    due = plan(target, drained)
    assert due.changes[-1] == DeleteTopic("hedui.370000.outbox")
    assert [c for c in due.changes if isinstance(c, DeleteTopic)] == [due.changes[-1]]
    removed = {change.right for change in due.changes if isinstance(change, RemoveRight)}
    assert removed >= target.while_closing


def test_nothing_is_due_once_the_topics_of_who_left_are_gone():
    target = left()
    topics = {n: found_topic(spec) for n, spec in target.topics.items()}
    due = plan(target, Found(topics, target.rights))
    assert (due.changes, due.drift) == ((), ())


def test_no_topic_but_a_closing_one_is_ever_deleted():
    held = replace(in_step(wanted()), drained=frozenset(wanted().topics))
    assert plan(wanted(), held).changes == ()
