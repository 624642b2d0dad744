"""One open transaction: the parts of the `Unit` protocol put together."""

from __future__ import annotations

from bus.store.admissions import Admissions
from bus.store.audit import Audit
from bus.store.cases import Cases
from bus.store.catalogues import Catalogues
from bus.store.deadlines import Deadlines
from bus.store.evidence import EvidenceRows
from bus.store.leases import Leases
from bus.store.messages import Messages
from bus.store.operators import Operators
from bus.store.outbox import Outbox
from bus.store.parked import Parked
from bus.store.persons import Persons
from bus.store.progress import Progress
from bus.store.records import Records
from bus.store.returns import Returns
from bus.store.runs import Runs
from bus.store.tally import Tallies
from bus.store.uploads import Uploads


class SqlUnit(
    Cases,
    Messages,
    Outbox,
    Audit,
    Progress,
    Parked,
    Records,
    Tallies,
    Leases,
    Admissions,
    Runs,
    Deadlines,
    EvidenceRows,
    Operators,
    Persons,
    Catalogues,
    Uploads,
    Returns,
):
    """A `Unit` on SQL; see there for what each method promises."""
