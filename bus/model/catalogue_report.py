"""What a province reports of the resources in its area (资源目录上报, R037, R038), and its record.

Field names and order of the message are those of `schemas/message/catalogreport.v1.avsc`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signer.directory.view import Level, Mode, Offer, RangeAbility


@dataclass(frozen=True, slots=True)
class ReportedOffer:
    """A resource that an agency answers, with everything the catalogue says of it.

    `updates` is a code of the table of that name; `back_months` None does not limit.
    """

    resource: str
    items: tuple[str, ...]
    term_working_days: int
    level: Level
    range: RangeAbility
    back_months: int | None
    updates: str
    mode: Mode

    def offer(self) -> Offer:
        """Return it as the directory lists it."""
        return Offer(
            self.resource,
            self.items,
            self.term_working_days,
            self.level,
            self.range,
            self.back_months,
            self.updates,
            self.mode,
        )


@dataclass(frozen=True, slots=True)
class ReportedAgency:
    """One agency and all its resources; none when everything is withdrawn."""

    agency: str
    offers: tuple[ReportedOffer, ...]


@dataclass(frozen=True, slots=True)
class CatalogReport:
    """资源目录上报. `number` rises with each report of one reporter: none replaces a newer."""

    number: int
    made: datetime
    agencies: tuple[ReportedAgency, ...]

    @property
    def resources(self) -> int:
        """How many resources it states, over all agencies."""
        return sum(len(agency.offers) for agency in self.agencies)


class ReportState(StrEnum):
    """What became of a report: at its reporter SENT or REFUSED, at the hub FILED."""

    SENT = "SENT"
    FILED = "FILED"
    REFUSED = "REFUSED"


REPORT_ZH = {
    ReportState.SENT: "已上报",
    ReportState.FILED: "已收录",
    ReportState.REFUSED: "被退回",
}
"""What operators read."""


@dataclass(frozen=True, slots=True)
class FiledReport:
    """A report in a participant's books.

    `at` is when it was sent or filed; `message` its message digest. `code`, `zh` and `en` are the
    hub's reason, where it was refused.
    """

    reporter: str
    number: int
    at: datetime
    state: ReportState
    message: bytes
    report: CatalogReport
    code: str | None = None
    zh: str = ""
    en: str = ""
