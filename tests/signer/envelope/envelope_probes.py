"""Scenarios of Probe messages: what a participant that is not connected may say, and to whom."""

from __future__ import annotations

from datetime import timedelta

from envelope_cases import Cases
from envelope_forge import START, Forge, Hop
from envelope_routes import HUB_KEY, payload_bytes

TESTED_KEY = "510000/encryption"
COUNTY_KEY = "321200/encryption"


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    probe = payload_bytes("Probe")
    # R014: 510000 is tested and not connected; what else it may not say stands with the standings.
    made = forge.make("probe-tested", "Probe", [Hop("510000", "hub", (HUB_KEY,))])
    cases.accept(made, "A probe from a node that is tested and not connected yet.", payload=probe)
    made = forge.make("probe-to-tested", "Probe", [Hop("hub", "510000", (TESTED_KEY,))])
    cases.accept(made, "A probe of the hub to a node that is tested.", payload=probe)
    hops = (Hop("hub", "320000", (COUNTY_KEY,)), Hop("320000", "321200"))
    made = forge.make("probe-county", "Probe", hops)
    cases.accept(made, "A probe of the hub to a county, past its province.", payload=probe)
    made = forge.make("probe-county-at-province", "Probe", hops[:1], destination="321200")
    cases.relay(made, "A probe on its way to a county: not the province's to open.")
    made = forge.make("probe-suspended", "Probe", [Hop("520000", "hub", (HUB_KEY,))])
    cases.refuse("PEER_SUSPENDED", made, "A probe from a node that is suspended.")
    hop = Hop("510000", "hub", (COUNTY_KEY,))
    made = forge.make("probe-past-hub", "Probe", [hop], destination="321200")
    cases.refuse("KIND_DESTINATION", made, "A probe of which neither end is the hub.")
    late = {"expires": START + timedelta(days=1, milliseconds=1)}
    made = forge.make("probe-long", "Probe", [Hop("510000", "hub", (HUB_KEY,))], header=late)
    cases.refuse("LIFETIME", made, "A probe that lives longer than a day.")
