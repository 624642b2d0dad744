"""May this call be made, and by whom is it? Every call of the operator's API passes here first.

| operators | Unix socket | TLS |
|---|---|---|
| none registered | whoever opens it (root, the daemon's user), by name | nobody |
| registered | an operator's token | an operator's token |
| no administrator has a token that serves | the daemon's user may manage operators | as above |

The last line is how the first administrator is made, and the way back when all tokens are lost: who
has the daemon's user has its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bus.daemon.access.failures import Failures
from bus.daemon.access.tokens import Presented, is_right, read_token
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.operator import ROLE_ZH, Caller, Operator, OperatorRole, Token
from bus.ports.store import Store, Unit
from bus.rules.access import MAY, Deed, may

USED_EVERY = timedelta(hours=1)
"""How exactly it is kept when a token last served: no write for each call."""


class Door(StrEnum):
    """Which way a call came in."""

    SOCKET = "socket"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call shows of who makes it.

    `address` names where it comes from, `uid` the user at the Unix socket. `name` is the operator
    it names, `token` the bearer token, each None where there is none.
    """

    door: Door
    address: str
    uid: int | None
    name: str | None
    token: str | None


class AccessError(InputError):
    """The call may not be made; nothing was done."""


@dataclass
class Gate:
    """Admits calls, or refuses them with a code; refusals of known operators are audited (R076)."""

    office: Office
    store: Store
    metrics: Metrics
    log: Logger
    failures: Failures = field(default_factory=Failures)

    async def admit(self, shown: Shown, deed: Deed, act: str) -> Caller:
        """Return who makes a call.

        Args:
            shown: What the call shows.
            deed: What it would do.
            act: Its route, for the audit chain; no ids, no values.

        Raises:
            AccessError: `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_REVOKED`,
                `TOKEN_OF_ANOTHER`, `OPERATOR_DISABLED`, `ROLE_MISSING`, `TOO_MANY_FAILURES`.
        """
        try:
            if shown.token is None:
                return await self._without_token(shown, deed)
            return await self._by_token(shown, shown.token, deed, act)
        except AccessError as error:
            self.metrics.access_refused.labels(code=error.code).inc()
            raise

    async def _without_token(self, shown: Shown, deed: Deed) -> Caller:
        if shown.door is Door.SOCKET:
            async with self.store.transaction() as unit:
                registered = await unit.operators()
                if not registered:
                    return Caller(shown.name or "", None, uid=shown.uid)
                now = self.office.clock.now()
                alone = not _administered(registered, await unit.tokens(), now)
            if alone and deed in {Deed.OPERATORS, Deed.OWN_TOKEN}:
                roles = frozenset({OperatorRole.ADMINISTRATOR})
                return Caller(shown.name or "", roles, uid=shown.uid)
        raise AccessError(
            "TOKEN_MISSING",
            "没有出示令牌",
            "no token was shown",
            remedy_zh="请以 --token-file 或 HEDUI_TOKEN_FILE 指定令牌文件；令牌由管理员签发",
            remedy_en="Give the file with your token: --token-file or HEDUI_TOKEN_FILE; an "
            "administrator makes tokens",
        )

    async def _by_token(self, shown: Shown, text: str, deed: Deed, act: str) -> Caller:
        now = self.office.clock.now()
        presented = read_token(text)
        limited = shown.door is Door.TLS
        name = "" if presented is None else presented.id
        if limited and self.failures.must_wait(shown.address, name, now):
            raise AccessError(
                "TOO_MANY_FAILURES",
                "该地址短时间内多次出示错误令牌，请一分钟后再试",
                "too many wrong tokens came from this address",
                remedy_zh="已用过的有效令牌不受影响",
                remedy_en="Try again in a minute; a token that has served from here is let in",
            )
        found = None if presented is None else await self._judge(presented, shown, deed, act, now)
        if found is None:
            await self._wrong(shown, now, limited=limited)
            raise AccessError(
                "TOKEN_INVALID",
                "令牌无效",
                "the token is not valid",
                remedy_zh="请核对令牌文件；若遗失请由管理员另发",
                remedy_en="Check the token file; have a new one made if it was lost",
            )
        if limited:
            self.failures.served(shown.address, name)
        if isinstance(found, AccessError):
            raise found
        return found

    async def _judge(
        self, presented: Presented, shown: Shown, deed: Deed, act: str, now: datetime
    ) -> Caller | AccessError | None:
        """Return the caller, why it may not do this, or None where the token is wrong."""
        async with self.store.transaction() as unit:
            kept = await unit.token(presented.id)
            if not is_right(self.office, presented, kept) or kept is None:
                return None
            operator = await unit.operator(kept.operator)
            if operator is None:
                return None
            refusal = _refusal(kept, operator, shown, deed, now)
            if refusal is None:
                await _note_use(unit, kept, now)
                return Caller(operator.name, frozenset(operator.roles), operator.unit, shown.uid)
            # R076, R078: who tried what stands in the books.
            work = Work(self.office, unit, now)
            actor = f"operator:{operator.name}"
            work.note(None, Event.ACCESS_REFUSED, actor, code=refusal.code, act=act)
            await work.finish()
        return refusal

    async def _wrong(self, shown: Shown, now: datetime, *, limited: bool) -> None:
        self.log.warning("access.failed", code="TOKEN_INVALID", where=shown.address)
        # One entry a minute and address at most: nobody fills the chain with wrong tokens.
        if limited and self.failures.failed(shown.address, now):
            async with self.store.transaction() as unit:
                work = Work(self.office, unit, now)
                work.note(None, Event.ACCESS_BLOCKED, address=shown.address)
                await work.finish()


def _administered(operators: Sequence[Operator], tokens: Sequence[Token], now: datetime) -> bool:
    """Whether any enabled administrator has a token that serves."""
    able = {
        one.name for one in operators if one.enabled and OperatorRole.ADMINISTRATOR in one.roles
    }
    return any(token.operator in able and token.serves(now) for token in tokens)


async def _note_use(unit: Unit, token: Token, now: datetime) -> None:
    if token.used is None or not token.used <= now < token.used + USED_EVERY:
        await unit.save_token(token.at_use(now))


def _refusal(
    token: Token, operator: Operator, shown: Shown, deed: Deed, now: datetime
) -> AccessError | None:
    if token.revoked is not None:
        return AccessError("TOKEN_REVOKED", "令牌已收回", "the token was taken back")
    if not token.serves(now):
        return AccessError(
            "TOKEN_EXPIRED",
            "令牌已过期",
            "the token has expired",
            remedy_zh="请由管理员另发（hedui operator token new）",
            remedy_en="Have a new one made: hedui operator token new",
        )
    if not operator.enabled:
        return AccessError("OPERATOR_DISABLED", "该操作员已停用", "the operator is disabled")
    if shown.name is not None and shown.name != operator.name:
        return AccessError(
            "TOKEN_OF_ANOTHER",
            "令牌不是所述操作员的",
            "the token is not that of the operator who is named",
            remedy_zh="请更正 --operator（或 HEDUI_OPERATOR），或换用本人的令牌",
            remedy_en="Mend --operator (or HEDUI_OPERATOR), or show your own token",
        )
    if not may(operator.roles, deed):
        needed = [role for role in OperatorRole if role in MAY[deed]]
        return AccessError(
            "ROLE_MISSING",
            "没有此项操作所需的角色：" + "、".join(ROLE_ZH[role] for role in needed),
            "this needs the role of " + " or ".join(needed),
            remedy_zh="请由有此角色的人员办理，或由管理员调整角色",
            remedy_en="Let somebody with the role do it, or have an administrator change yours",
        )
    return None
