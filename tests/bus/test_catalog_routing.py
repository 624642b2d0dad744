from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import country, directory, participant, request_line

from bus.catalog.routing import NO_ITEMS, NO_PROVIDER, agencies, children_for, unserved
from schemas.resources import IDENTITY_ITEMS
from signer.directory.view import Offer

COUNTRY = country()
ASKED = (*IDENTITY_ITEMS, "status", "balance")
MARRIAGE = {
    "category": "marriage",
    "resource": "marriage-registration",
    "items": (*IDENTITY_ITEMS, "status"),
}


def line(provider, **changes):
    return request_line(**{"provider": provider, "items": ASKED, **changes})


def ids(found):
    return [one.id for one in found]


@pytest.mark.requirement("R051")
@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("national", ["320000.housing-fund", "321200.housing-fund", "500000.housing-fund"]),
        ("hub", []),
        ("320000", ["320000.housing-fund", "321200.housing-fund"]),
        ("500000", ["500000.housing-fund"]),
        ("370000", []),
        ("440000", []),
    ],
)
def test_a_provider_means_these_agencies(provider, expected):
    assert ids(agencies(COUNTRY, line(provider))) == expected


@pytest.mark.requirement("R017")
def test_the_centres_own_resources_are_answered_by_the_centre():
    for provider in ("hub", "national"):
        assert ids(agencies(COUNTRY, line(provider, **MARRIAGE))) == ["hub.marriage"]
    (child,) = children_for(COUNTRY, "hub", line("hub", **MARRIAGE))
    assert (child.id, child.leaf, child.term_working_days) == ("hub.marriage", True, 2)
    assert agencies(COUNTRY, line("320000", **MARRIAGE)) == ()


@pytest.mark.requirement("R051")
def test_a_province_under_the_centre_is_not_the_centre():
    both = directory(
        participant("hub", None),
        participant("hub.fund", "hub", Offer("housing-fund-account", ("status",), 2)),
        participant("320000", "hub"),
        participant("320000.fund", "320000", Offer("housing-fund-account", ("status",), 2)),
    )
    assert ids(agencies(both, line("hub"))) == ["hub.fund"]
    assert ids(agencies(both, line("320000"))) == ["320000.fund"]
    assert ids(agencies(both, line("national"))) == ["320000.fund", "hub.fund"]


@pytest.mark.requirement("R018")
def test_the_hub_asks_its_direct_children_only():
    children = children_for(COUNTRY, "hub", line("national"))
    assert [(c.id, c.leaf, c.term_working_days) for c in children] == [
        ("320000", False, 7),
        ("500000", False, 3),
    ]
    assert all(COUNTRY.parent(child.id) == "hub" for child in children)


@pytest.mark.requirement("R051")
def test_a_node_asks_its_agencies_and_the_nodes_below():
    children = children_for(COUNTRY, "320000", line("national"))
    assert [(c.id, c.leaf, c.items) for c in children] == [
        ("320000.housing-fund", True, ASKED),
        ("321200", False, (*IDENTITY_ITEMS, "status")),
    ]
    (city,) = children_for(COUNTRY, "321200", line("320000"))
    assert (city.id, city.leaf) == ("321200.housing-fund", True)


@pytest.mark.requirement("R051")
def test_an_agency_is_ordered_only_what_it_gives_and_is_asked():
    found = {a.id: a.items for a in agencies(COUNTRY, line("national"))}
    assert found["320000.housing-fund"] == ASKED
    assert found["321200.housing-fund"] == (*IDENTITY_ITEMS, "status")


@pytest.mark.requirement("R051")
def test_an_agency_with_none_of_the_items_is_not_asked():
    asked = line("national", items=(*IDENTITY_ITEMS, "balance"))
    assert ids(agencies(COUNTRY, asked)) == ["320000.housing-fund", "500000.housing-fund"]
    assert ids(children_for(COUNTRY, "320000", asked)) == ["320000.housing-fund"]
    assert unserved(COUNTRY, "321200", asked) == NO_ITEMS


@pytest.mark.requirement("R051")
@pytest.mark.parametrize(
    ("provider", "me", "code"),
    [
        ("national", "hub", None),
        ("national", "320000", None),
        ("370000", "hub", NO_PROVIDER),
        ("hub", "hub", NO_PROVIDER),
        ("440000", "hub", NO_PROVIDER),
        ("500000", "320000", NO_PROVIDER),
        ("national", "370000", NO_PROVIDER),
    ],
)
def test_why_nobody_below_can_be_asked(provider, me, code):
    assert unserved(COUNTRY, me, line(provider)) == code
    assert (code is None) == bool(children_for(COUNTRY, me, line(provider)))


def test_who_is_cut_off_from_the_hub_is_not_asked():
    cut = directory(
        participant("hub", None),
        participant("321200", "320000"),
        participant("321200.fund", "321200", Offer("housing-fund-account", ("status",), 2)),
        participant("410000", "420000"),
        participant("420000", "410000"),
        participant("420000.fund", "420000", Offer("housing-fund-account", ("status",), 2)),
    )
    assert agencies(cut, line("national")) == ()
    assert agencies(cut, line("420000")) == ()


PROVINCES = ("320000", "370000", "410000")


@st.composite
def trees(draw):
    """Random directories: provinces, cities below them, agencies anywhere, offers at will."""
    made = [participant("hub", None)]
    centres = ["hub"]
    for province in draw(st.sets(st.sampled_from(PROVINCES))):
        made.append(participant(province, "hub"))
        centres.append(province)
        for city in draw(st.sets(st.integers(1, 3), max_size=3)):
            city_id = f"{province[:2]}0{city}00"
            made.append(participant(city_id, province))
            centres.append(city_id)
    for centre in centres:
        for agency in draw(st.sets(st.sampled_from(("a", "b")))):
            items = tuple(draw(st.sets(st.sampled_from(("status", "balance", "account")))))
            offer = Offer("housing-fund-account", items, draw(st.integers(1, 20)))
            made.append(participant(f"{centre}.{agency}", centre, offer))
    return directory(*made)


@pytest.mark.requirement("R018")
@pytest.mark.requirement("R051")
@given(trees(), st.sampled_from(("national", "hub", *PROVINCES)))
def test_handing_down_from_hub_to_leaf_reaches_exactly_the_agencies(tree, provider):
    asked = line(provider)
    reached = {}
    waiting = [("hub", asked.items, None)]
    while waiting:
        me, items, term = waiting.pop()
        for child in children_for(tree, me, line(provider, items=items)):
            assert tree.parent(child.id) == me
            assert set(child.items) <= set(items)
            assert term is None or child.term_working_days <= term
            if child.leaf:
                reached[child.id] = (child.items, child.term_working_days)
            else:
                waiting.append((child.id, child.items, child.term_working_days))
    direct = {a.id: (a.items, a.term_working_days) for a in agencies(tree, asked)}
    assert reached == direct
    assert (unserved(tree, "hub", asked) is None) == bool(direct)
