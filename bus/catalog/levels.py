"""At which level the data of a resource are organised, and who may state it (R038, R054, R055).

The tree says where an agency stands: the centre's own, a province's, a city's, a county's. ★ What
an offer states is where its data are organised. That may be below where the agency stands, which
is what R054 and R055 call raised; it may never be above, since nobody answers for a larger area
than its own. And a category that the rules organise at some level is not organised below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codes import categories
from signer.directory.view import Level

_BY_DEPTH = (Level.CENTRE, Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


def level_by_place(path: Sequence[str]) -> Level:
    """Return the level at which an agency stands.

    Args:
        path: Its path up to the hub, itself first.
    """
    return _BY_DEPTH[min(max(len(path) - 2, 0), len(_BY_DEPTH) - 1)]


def organised_at(category: str) -> Level | None:
    """Return the level at which the rules have a category organised, None where they do not say."""
    known = categories().get(category)
    return None if known is None or known.level is None else Level(known.level)
