"""All scenarios, in the order that numbers them."""

from __future__ import annotations

import envelope_endings
import envelope_later_kinds
import envelope_probes
import envelope_refusals_altered
import envelope_refusals_bytes
import envelope_refusals_chain
import envelope_refusals_hostile
import envelope_refusals_sealed
import envelope_renewals
from envelope_cases import Case, Cases
from envelope_forge import Forge
from envelope_world import World, participants_json


def scenarios() -> list[Case]:
    """Return every scenario."""
    cases, forge = Cases(), Forge(World.read(participants_json()))
    for group in (
        envelope_endings,
        envelope_refusals_bytes,
        envelope_refusals_altered,
        envelope_refusals_chain,
        envelope_refusals_sealed,
        envelope_refusals_hostile,
        envelope_renewals,
        envelope_probes,
        envelope_later_kinds,
    ):
        group.add(cases, forge)
    return cases.found
