"""The two bases of everything that crosses the operator's API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answered(BaseModel):
    """Something the API gives; a reader passes over fields a newer daemon may add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Asked(BaseModel):
    """Something the API takes; a field it does not know is refused, never passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")
