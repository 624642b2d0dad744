"""Scenarios of Renewal messages: who may ask whom for its next certificates."""

from __future__ import annotations

from envelope_cases import Cases
from envelope_forge import Forge, Hop
from envelope_routes import EAST_KEY, HUB_KEY, REQUESTER_KEY, payload_bytes


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    renewal = payload_bytes("Renewal")
    hops = (Hop("320000.housing-fund", "320000", (HUB_KEY,)), Hop("320000", "hub"))
    made = forge.make("renewal-agency", "Renewal", hops)
    cases.accept(made, "An agency's renewal at the hub, past its province.", payload=renewal)
    made = forge.make("renewal-at-province", "Renewal", hops[:1], destination="hub")
    cases.relay(made, "A renewal on its way to the hub: not the province's to open.")
    made = forge.make("renewal-of-hub", "Renewal", [Hop("hub", "370000", (REQUESTER_KEY,))])
    cases.refuse("KIND_ORIGIN", made, "A renewal that the hub made.")
    hop = Hop("320000.housing-fund", "320000", (EAST_KEY,))
    made = forge.make("renewal-to-province", "Renewal", [hop])
    cases.refuse("KIND_DESTINATION", made, "A renewal addressed to a province.")
