"""Which uploads are here, which one is in use, and what does it hold of some persons?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, delete, func, insert, select

from bus.model.upload import UploadDuty, UploadRow, UploadState, UploadVersion
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import upload_duties, upload_rows, uploads

_VERSION = columns_of(uploads, UploadVersion)
_ROW = columns_of(upload_rows, UploadRow)
_DUTY = columns_of(upload_duties, UploadDuty)

FIND_UPLOAD = select(*_VERSION).where(uploads.c.id == bindparam("version"))
LIST_UPLOADS = select(*_VERSION).order_by(uploads.c.received.desc(), uploads.c.id.desc())
OF_RESOURCE = uploads.c.resource == bindparam("of_resource")
IN_STATE = uploads.c.state == bindparam("in_state")
DROP_UPLOAD = delete(uploads).where(uploads.c.id == bindparam("dropped"))

# For each query: what the current version holds of its persons.
FIND_ROWS = (
    select(*_ROW)
    .where(
        upload_rows.c.version == bindparam("of_version"),
        upload_rows.c.person.in_(bindparam("persons", expanding=True)),
    )
    .order_by(upload_rows.c.ordinal)
)

# A version is destroyed in bites, so that nobody waits long for the store.
FIRST_ROW = select(func.min(upload_rows.c.ordinal).label("first")).where(
    upload_rows.c.version == bindparam("of_version")
)
DROP_ROWS = delete(upload_rows).where(
    upload_rows.c.version == bindparam("of_version"),
    upload_rows.c.ordinal <= bindparam("through"),
)

FIND_DUTY = select(*_DUTY).where(upload_duties.c.resource == bindparam("of_resource"))


class Uploads(Statements):
    """The uploads of a unit; see `UploadBooks`."""

    async def upload(self, version: UUID) -> UploadVersion | None:
        """Return a version, or None."""
        row = await self._row(FIND_UPLOAD, {"version": version})
        return None if row is None else _version(row)

    async def save_upload(self, version: UploadVersion) -> None:
        """Insert or replace a version; its rows stay."""
        values = asdict(version) | {
            "state": str(version.state),
            "as_of": version.as_of.isoformat(),
        }
        await self._write(insert_or_replace(uploads, self._dialect), values)

    async def uploads(
        self, resource: str | None = None, state: UploadState | None = None
    ) -> Sequence[UploadVersion]:
        """Return versions, the newest first, of one resource or all, in one state or any."""
        statement, values = LIST_UPLOADS, dict[str, object]()
        if resource is not None:
            statement, values = statement.where(OF_RESOURCE), values | {"of_resource": resource}
        if state is not None:
            statement, values = statement.where(IN_STATE), values | {"in_state": str(state)}
        return [_version(row) for row in await self._rows(statement, values)]

    async def drop_upload(self, version: UUID) -> None:
        """Remove a version that has no rows any more."""
        await self._write(DROP_UPLOAD, {"dropped": version})

    async def put_upload_rows(self, version: UUID, rows: Sequence[UploadRow]) -> None:
        """Add rows to a version; each ordinal stands once."""
        values = [
            {
                "version": version,
                "person": row.person,
                "ordinal": row.ordinal,
                "sealed": row.sealed,
            }
            for row in rows
        ]
        if values:
            await self._write(insert(upload_rows), values)

    async def upload_rows(self, version: UUID, persons: Collection[bytes]) -> Sequence[UploadRow]:
        """Return the rows of some persons in a version, by ordinal."""
        values = {"of_version": version, "persons": sorted(persons)}
        return [UploadRow(**row) for row in await self._rows(FIND_ROWS, values)]

    async def first_upload_row(self, version: UUID) -> int:
        """Return the lowest ordinal of a version's rows, 0 where there is none."""
        row = await self._row(FIRST_ROW, {"of_version": version})
        return 0 if row is None or row["first"] is None else int(row["first"])

    async def drop_upload_rows(self, version: UUID, through: int) -> int:
        """Remove a version's rows up to an ordinal; returns how many."""
        return await self._write(DROP_ROWS, {"of_version": version, "through": through})

    async def upload_duty(self, resource: str) -> UploadDuty | None:
        """Return a resource's duty, or None."""
        row = await self._row(FIND_DUTY, {"of_resource": resource})
        return None if row is None else UploadDuty(**row)

    async def save_upload_duty(self, duty: UploadDuty) -> None:
        """Insert or replace a resource's duty."""
        await self._write(insert_or_replace(upload_duties, self._dialect), asdict(duty))


def _version(row: RowMapping) -> UploadVersion:
    values = dict(row)
    values |= {
        "state": UploadState(values["state"]),
        "as_of": date.fromisoformat(values["as_of"]),
    }
    return UploadVersion(**values)
