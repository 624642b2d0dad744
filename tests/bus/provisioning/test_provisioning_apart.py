"""Nothing goes from one province to another but through the hub, whatever the tree (R002, R018)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.broker.provisioning.desired import TopicPolicy, desired
from bus.broker.provisioning.rights import Operation, Resource
from bus.catalog.routing import children_for
from bus.model.request import RequestLine
from schemas.resources import resources
from signer.directory.tree import MAX_NODES, check_tree
from signer.directory.view import Directory, Key, KeyUse, Offer, Participant
from signer.errors import DirectoryError
from signer.identity import DIRECTORY_TOPIC, HUB, role_of

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
FUND = "housing-fund-account"
ITEMS = tuple(item.name for item in resources()[FUND].items)


def participant(name, parent):
    key = Key(
        name.encode(),
        KeyUse.TLS,
        "p256-aes256gcm/1",
        1,
        NOW - timedelta(days=1),
        NOW + timedelta(days=1),
        b"",
        None,
    )
    offers = (Offer(FUND, ITEMS, 5),) if "." in name else ()
    return Participant(
        name, role_of(name), parent, name, (key,), (f"10.0.0.{len(name)}",), offers=offers
    )


@st.composite
def trees(draw):
    """A country of any shape: provinces, nodes up to four deep, agencies at any of them."""
    parents = {HUB: None}
    depth = {HUB: 0}
    for number in range(draw(st.integers(2, 14))):
        below = [node for node in parents if depth[node] < MAX_NODES]
        parent = HUB if number < 2 else draw(st.sampled_from(below))
        name = f"{number + 10}0000"
        parents[name], depth[name] = parent, depth[parent] + 1
    centres = draw(st.lists(st.sampled_from(sorted(parents)), unique=True))
    parents |= {f"{centre}.housing-fund": centre for centre in centres}
    listed = {name: participant(name, parent) for name, parent in parents.items()}
    check_tree(listed)
    return Directory(1, NOW, NOW + timedelta(minutes=30), listed)


def province(directory, name):
    path = directory.path_up(name)
    return HUB if len(path) == 1 or "." in path[-2] else path[-2]


def way(directory, source, destination):
    passed = [source]
    while passed[-1] != destination:
        passed.append(directory.next_hop(passed[-1], destination))
    return passed


@pytest.mark.requirement("R002")
@pytest.mark.requirement("R018")
@given(trees(), st.data())
def test_every_way_between_provinces_passes_the_hub(directory, data):
    names = st.sampled_from(sorted(directory.participants))
    source, destination = data.draw(names), data.draw(names)
    passed = way(directory, source, destination)
    if province(directory, source) != province(directory, destination):
        assert HUB in passed
    elif province(directory, source) != HUB:
        assert HUB not in passed


@pytest.mark.requirement("R002")
@given(trees())
def test_no_right_lets_one_province_at_anothers_topics(directory):
    listed = directory.participants
    boxes = {f"hedui.{name}.{box}": name for name in listed for box in ("inbox", "outbox")}
    groups = {f"hedui.{name}": name for name in listed}
    for right in desired(listed.values(), TopicPolicy(), NOW).rights:
        who = right.principal.removeprefix("User:").rpartition(".g")[0]
        if right.name == DIRECTORY_TOPIC:
            assert right.operation is not Operation.WRITE or who == HUB
            continue
        whose = (groups if right.resource is Resource.GROUP else boxes)[right.name]
        assert who == whose or (right.resource is Resource.TOPIC and listed[whose].parent == who)
        if province(directory, who) != province(directory, whose):
            assert HUB in (who, listed[whose].parent)


@pytest.mark.requirement("R002")
@pytest.mark.requirement("R018")
@given(trees(), st.data())
def test_a_centre_orders_from_its_own_children_only(directory, data):
    asked = data.draw(st.sampled_from(["national", *(f"{n}0000" for n in range(10, 14))]))
    line = RequestLine(1, 1, asked, "housing-fund", FUND, ITEMS, None, None)
    for me in directory.participants:
        for child in children_for(directory, me, line):
            assert directory.parent(child.id) == me


@pytest.mark.requirement("R054")
@pytest.mark.requirement("R055")
def test_four_levels_of_nodes_fit_below_the_hub_and_no_fifth():
    chain = ["hub", "320000", "321200", "321281", "321282", "321283"]
    listed = {
        name: participant(name, parent) for name, parent in zip(chain, [None, *chain], strict=False)
    }
    deep = dict(list(listed.items())[: MAX_NODES + 1])
    check_tree(deep | {"321282.housing": participant("321282.housing", "321282")})
    with pytest.raises(DirectoryError, match="DIRECTORY_TOO_DEEP"):
        check_tree(listed)
