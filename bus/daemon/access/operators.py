"""Who are the operators of this centre, and who made them so? Every act here is audited (R078)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bus.daemon.access.gate import AccessError
from bus.daemon.access.tokens import MOST_DAYS, make_token
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.audit import Event
from bus.model.messages import Finding
from bus.model.operator import Caller, Operator, OperatorRole, Roles, Token
from bus.ports.store import Store, Unit
from bus.rules.access import check_roles


@dataclass
class OperatorService:
    """What administrators do with operators and tokens, and everybody with his own tokens."""

    office: Office
    store: Store

    async def operators(self) -> Sequence[tuple[Operator, tuple[Token, ...]]]:
        """Return the operators with their tokens, by name."""
        async with self.store.transaction() as unit:
            found, tokens = await unit.operators(), await unit.tokens()
        return [(one, tuple(t for t in tokens if t.operator == one.name)) for one in found]

    async def add(self, name: str, roles: Roles, group: str, caller: Caller) -> Operator:
        """Register an operator.

        Args:
            name: As the audit chain will name it, for ever.
            roles: What it is trusted with.
            group: Its entrusting unit (委托单位), empty for the centre's own staff.
            caller: Who does it.

        Raises:
            InputError: `OPERATOR_EXISTS`, `ROLES_EMPTY`, `ROLES_TOGETHER`, `UNIT_ONLY_VIEWS`,
                `FIRST_ADMINISTRATOR`.
        """
        _check(roles, group)
        async with self.store.transaction() as unit:
            known = await unit.operators()
            if name in {one.name for one in known}:
                raise InputError(
                    "OPERATOR_EXISTS",
                    "该操作员已登记；停用的名称也不再另给他人",
                    "the operator is registered already; a name is never given to another",
                    remedy_zh="请用 hedui operator roles 或 enable，或换一个名称",
                    remedy_en="Use `hedui operator roles` or `enable`, or another name",
                    where="name",
                )
            if not known and OperatorRole.ADMINISTRATOR not in roles:
                raise InputError(
                    "FIRST_ADMINISTRATOR",
                    "首先登记的须为管理员",
                    "the first operator must be an administrator",
                    remedy_zh="登记后各项操作均须凭令牌，没有管理员则无人可办",
                    remedy_en="From then on everything needs a token, which administrators make",
                    where="roles",
                )
            now = self.office.clock.now()
            made = Operator(name, roles, group, True, now, caller.name)
            await unit.save_operator(made)
            await self._note(unit, Event.OPERATOR_ADDED, caller, made, roles=" ".join(roles))
        return made

    async def change(self, name: str, roles: Roles, group: str, caller: Caller) -> Operator:
        """Give an operator other roles, or another unit; errors as `add`, and `_another`."""
        _check(roles, group)
        async with self.store.transaction() as unit:
            known = await _another(unit, name, caller)
            made = replace(known, roles=roles, unit=group)
            await unit.save_operator(made)
            before, after = " ".join(known.roles), " ".join(roles)
            await self._note(unit, Event.OPERATOR_CHANGED, caller, made, roles=after, before=before)
        return made

    async def enable(self, name: str, caller: Caller, *, enabled: bool) -> Operator:
        """Disable an operator, from the next call on, or enable it again.

        Raises:
            InputError: `OPERATOR_UNKNOWN`.
            AccessError: `OPERATOR_OWN`.
        """
        async with self.store.transaction() as unit:
            made = replace(await _another(unit, name, caller), enabled=enabled)
            await unit.save_operator(made)
            await self._note(unit, Event.OPERATOR_CHANGED, caller, made, enabled=int(enabled))
        return made

    async def new_token(self, name: str, days: int, caller: Caller) -> tuple[Token, str]:
        """Make a token; returns it as it is kept, and its text, which nobody is told again.

        Raises:
            InputError: `OPERATOR_UNKNOWN`, `TOKEN_DAYS`.
            AccessError: `TOKEN_NOT_YOURS`.
        """
        if not 1 <= days <= MOST_DAYS:
            raise InputError(
                "TOKEN_DAYS",
                f"令牌有效期须为 1 至 {MOST_DAYS} 天",
                f"a token serves for 1 to {MOST_DAYS} days",
                where="days",
            )
        async with self.store.transaction() as unit:
            known = await _own(unit, name, caller)
            kept, text = make_token(self.office, name, self.office.clock.now(), days)
            await unit.save_token(kept)
            await self._note(unit, Event.TOKEN_MADE, caller, known, token=kept.id, days=days)
        return kept, text

    async def revoke_token(self, name: str, token: str, caller: Caller) -> Token:
        """Take a token back, from the next call on; one taken back already stays as it is.

        Raises:
            InputError: `OPERATOR_UNKNOWN`, `TOKEN_UNKNOWN`.
            AccessError: `TOKEN_NOT_YOURS`.
        """
        async with self.store.transaction() as unit:
            known, kept = await _own(unit, name, caller), await unit.token(token)
            if kept is None or kept.operator != name:
                raise InputError(
                    "TOKEN_UNKNOWN",
                    "该操作员没有此令牌",
                    "the operator has no such token",
                    remedy_zh="令牌编号见 hedui operator list",
                    remedy_en="See the ids with hedui operator list",
                    where="token",
                )
            if kept.revoked is None:
                kept = replace(kept, revoked=self.office.clock.now())
                await unit.save_token(kept)
                await self._note(unit, Event.TOKEN_REVOKED, caller, known, token=kept.id)
        return kept

    async def _note(
        self, unit: Unit, event: Event, caller: Caller, about: Operator, **detail: str | int
    ) -> None:
        work = Work(self.office, unit, self.office.clock.now())
        uid = {} if caller.uid is None else {"uid": caller.uid}
        work.note(None, event, f"operator:{caller.name}", operator=about.name, **uid, **detail)
        await work.finish()


async def _known(unit: Unit, name: str) -> Operator:
    known = await unit.operator(name)
    if known is None:
        raise InputError(
            "OPERATOR_UNKNOWN", "没有登记该操作员", "no such operator is registered", where="name"
        )
    return known


async def _another(unit: Unit, name: str, caller: Caller) -> Operator:
    """Return an operator that is not the caller: nobody changes what he himself may do."""
    if name == caller.name and caller.registered:
        raise AccessError(
            "OPERATOR_OWN",
            "不得更改本人的角色与状态",
            "nobody changes his own roles or standing",
            remedy_zh="请由另一名管理员办理",
            remedy_en="Let another administrator do it",
            where="name",
        )
    return await _known(unit, name)


async def _own(unit: Unit, name: str, caller: Caller) -> Operator:
    """Return an operator whose tokens the caller may make and revoke."""
    administers = caller.roles is None or OperatorRole.ADMINISTRATOR in caller.roles
    if not administers and name != caller.name:
        raise AccessError(
            "TOKEN_NOT_YOURS",
            "只能办理本人的令牌",
            "only your own tokens are yours to make and take back",
            where="name",
        )
    return await _known(unit, name)


def _check(roles: Roles, group: str) -> None:
    findings = list(check_roles(roles))
    if group and set(roles) - {OperatorRole.VIEWER}:
        # R034: a unit gets results; it does not run the centre.
        findings.append(
            Finding(
                "UNIT_ONLY_VIEWS",
                "委托单位的人员只能为查看员",
                "staff of an entrusting unit are viewers and nothing else",
                "unit",
            )
        )
    if findings:
        first = findings[0]
        raise InputError(first.code, first.zh, first.en, where=first.where)
