"""An admission in the books: found, saved with its step in the audit chain."""

from __future__ import annotations

from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.admission import Admission
from bus.model.audit import Event
from bus.ports.store import Unit


async def save(
    office: Office,
    unit: Unit,
    made: Admission,
    operator: str | None,
    generation: int | None = None,
) -> None:
    """Save an admission after an act, and note the act.

    Args:
        office: The hub.
        unit: The open transaction.
        made: The admission; its last step is what is noted.
        operator: Who did it; None where the hub did by itself.
        generation: The key generation it was about, if it was about one.
    """
    await unit.save_admission(made)
    step = made.steps[-1]
    work = Work(office, unit, step.at)
    work.note(
        None,
        Event.ADMISSION_MOVED,
        None if operator is None else by_operator(operator),
        participant=made.participant,
        act=step.act,
        to=step.to,
        reason=step.reason,
        generation=generation,
    )
    await work.finish()


def by_operator(operator: str) -> str:
    """Return how the audit chain names an operator."""
    return f"operator:{operator}"


async def known_admission(unit: Unit, participant: str) -> Admission:
    """Return a participant's admission.

    Raises:
        InputError: `ADMISSION_UNKNOWN`.
    """
    known = await unit.admission(participant)
    if known is None:
        raise InputError(
            "ADMISSION_UNKNOWN",
            "没有该参与方的入网备案",
            "there is no admission of that participant",
            remedy_zh="participants.toml 中的参与方不在此办理；其他参与方请先提交申请文件",
            remedy_en="Participants of the list's file are not handled here; others apply first",
            where=repr(participant[:64]),
        )
    return known
