"""A province's say over what is below it: `[levels]` (R006), its own rules: `[[rule]]` (R039)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bus.flow.levels import Assenting, AssentPolicy
from bus.rules.provincial_rules import ProvincialRule
from schemas.codes import business
from schemas.resources import IDENTITY_ITEMS, resources
from signer.identity import IdentityError, Role, role_of


def _node(value: str) -> str:
    try:
        role = role_of(value)
    except IdentityError as error:
        raise ValueError(f"{error.zh}，{error.remedy_zh} / {error.en}, {error.remedy_en}") from None
    if role is not Role.NODE:
        raise ValueError("应为六位行政区划代码的市县节点 / a city or county node, six digits")
    return value


def _business(value: str) -> str:
    row = business().find(value)
    if row is None:
        raise ValueError("没有此业务类别：填代码或名称 / no such business: its code or name")
    return row.code


class LevelsSection(BaseModel):
    """How this province assents to what its cities and counties apply for (R006).

    `subordinates`: by node; one that is not named goes by the nearest above it that is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    assent: Assenting = Assenting.MANUAL
    subordinates: Mapping[Annotated[str, AfterValidator(_node)], Assenting] = Field(
        default_factory=dict
    )

    @property
    def policy(self) -> AssentPolicy:
        """The policy that it says."""
        return AssentPolicy(self.assent, self.subordinates)


class RuleSection(BaseModel):
    """One rule of our own: a shorter term, items that are not handed out, or both (R039).

    A resource that does not ship may come with the directory (R005): whether it is known is asked
    when the daemon starts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    business: Annotated[str, AfterValidator(_business)] | None = None
    term_working_days: Annotated[int, Field(ge=1, le=60)] | None = None
    items_excluded: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        shipped = resources().get(self.resource)
        names = set(self.items_excluded) if shipped is None else {i.name for i in shipped.items}
        if unknown := set(self.items_excluded) - (names - set(IDENTITY_ITEMS)):
            listed = "、".join(sorted(unknown))
            raise ValueError(
                f"items_excluded 中没有这些内容项，或为身份项：{listed} / "
                "items_excluded names items that the resource lacks, or that say who a person is"
            )
        if self.term_working_days is None and not self.items_excluded:
            raise ValueError(
                "term_working_days 与 items_excluded 至少填一项 / give at least one of the two"
            )
        return self

    def rule(self, number: int) -> ProvincialRule:
        """Return the rule that it says.

        Args:
            number: Its place in the configuration, from 1.
        """
        return ProvincialRule(
            number, self.resource, self.business, self.term_working_days, self.items_excluded
        )
