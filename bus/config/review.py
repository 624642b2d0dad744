"""How the hub reviews applications, as its configuration says it: `[[hub.review_rule]]`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bus.rules.review_policy import ReviewMode
from schemas.codes import business, regions

Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


def _province(value: str) -> str:
    region = regions().find(value)
    if region is None:
        raise ValueError("没有此省份：填六位代码或名称 / no such province: its code or name")
    return region.code


def _business(value: str) -> str:
    row = business().find(value)
    if row is None:
        raise ValueError("没有此业务类别：填代码或名称 / no such business: its code or name")
    return row.code


class ReviewRuleSection(BaseModel):
    """One rule: province and business it is about, each left out for all; mode; rate if sampled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    province: Annotated[str, AfterValidator(_province)] | None = None
    business: Annotated[str, AfterValidator(_business)] | None = None
    mode: ReviewMode
    rate: Rate | None = None

    @model_validator(mode="after")
    def _rate_where_sampled(self) -> Self:
        check_rate(self.mode, self.rate, "rate")
        return self


def check_rate(mode: ReviewMode, rate: float | None, key: str) -> None:
    """Check for pydantic that a rate stands where something is sampled, and nowhere else."""
    if (mode is ReviewMode.SAMPLED) != (rate is not None):
        raise ValueError(f'{key} 与 "sampled" 须一并填写 / {key} goes with "sampled" and only so')
