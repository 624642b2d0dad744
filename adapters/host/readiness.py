"""What `/readyz` of an adapter says of its source: 503 while it is down, with code and place.

Ready means ready to answer. An adapter whose source is down takes orders all the same, and lives
(`/healthz`): restarting it would help nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from adapters.host.answering import Answering
from bus.errors import UnavailableError

_SHANGHAI = ZoneInfo("Asia/Shanghai")


def source_missing(answering: Answering) -> UnavailableError | None:
    """Return why the source is not asked now, or None where it is up."""
    breaker = answering.source.breaker
    if breaker.since is None:
        return None
    since = f"{breaker.since.astimezone(_SHANGHAI):%Y-%m-%d %H:%M}"
    return UnavailableError(
        breaker.code,
        f"数据来源自 {since} 起不可用，已连续失败 {breaker.failures} 次",
        f"the source has been down since {since} (UTC+8), {breaker.failures} times in a row",
        remedy_zh="指令照常接收，来源恢复后自动查询；请检查数据来源",
        remedy_en="Orders are taken, and looked up once it is back; look at the source",
        where=breaker.where,
    )


def facts(answering: Answering) -> Mapping[str, int | str]:
    """Return what `/readyz` tells of an adapter that is ready: its source, and what waits."""
    return {
        "source": answering.source.breaker.state.value,
        "waiting_for_people": answering.waiting_for_people,
    }
