"""Whether the catalogue version that an application names may be judged by (R020).

★ An application is judged by the version it was written against, also when the catalogue has
changed meanwhile; a version that is unknown, or has been superseded for too long, fails.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bus.catalog.versions import Cited
from bus.model.messages import Finding

CATALOGUE_LIMIT = timedelta(days=90)
"""★ How long ago a version may have been superseded, unless the hub is told otherwise."""

_WHERE = "附表"


def check_version(cited: Cited, now: datetime, limit: timedelta) -> tuple[Finding, ...]:
    """Return what is wrong with the version an application names.

    Args:
        cited: The version, as far as it is known here.
        now: The present instant.
        limit: How long ago it may have been superseded.

    Returns:
        `CATALOGUE_VERSION` or `CATALOGUE_TOO_OLD`, at most one.
    """
    if cited.catalogue is None:
        return (
            Finding(
                "CATALOGUE_VERSION",
                "申请所依的资源目录版本不存在",
                "the catalogue version the application names does not exist",
                _WHERE,
            ),
        )
    if cited.superseded is not None and now - cited.superseded > limit:
        days = limit.days
        return (
            Finding(
                "CATALOGUE_TOO_OLD",
                f"申请所依的资源目录已被新版取代超过 {days} 天，请按现行目录重新填写",
                f"the catalogue it was written against was superseded more than {days} days ago:"
                " write it anew against the one in force",
                _WHERE,
            ),
        )
    return ()
