"""What an operator sees of a row's delay: the cause, the new date, what was said to it (R030)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from bus.api.body import Answered
from bus.model.case import RowDelay
from schemas.codes import delay_causes


class DelayBody(Answered):
    """What is known of why a row is late, and of the new date that was proposed."""

    cause: str
    cause_title: str
    objective: Annotated[
        bool, Field(description="是否属不可抗力或客观原因 / Force majeure or an objective cause")
    ]
    noticed: datetime
    until: datetime | None
    agreed: Annotated[bool | None, Field(description="空为尚未答复 / Null: no answer yet")]

    @classmethod
    def of(cls, delay: RowDelay | None) -> DelayBody | None:
        """Return the body of a delay, None where there is none."""
        if delay is None:
            return None
        cause = delay_causes().get(delay.cause)
        return cls(
            cause=delay.cause,
            cause_title=delay.cause if cause is None else cause.zh,
            objective=cause is not None and cause.objective,
            noticed=delay.noticed,
            until=delay.until,
            agreed=delay.agreed,
        )
