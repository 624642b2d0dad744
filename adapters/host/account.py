"""What the agency's audit chain says of lookups: by count and digest, never by content (R035).

| event | when |
|---|---|
| `lookup.begun` | before the source is first asked about a row, for each line |
| `lookup.done` | when its answer is sealed; or cannot be, or is not owed any more |
| `authority.refused` | a row's authority does not hold (authority.py) |

So every lookup that reached the source has left an entry, whether anything was sealed or not. A
source that is down is asked again and again about the same row, and a list that is out on a medium
every few seconds: the entry before the first attempt stands for all of them, and `lookup.done` says
how many there were. After a restart a row that is still open is begun anew. What cannot be sealed,
and what is refused, is told once for each reason.

Digests are those of messages, over ciphertext: a digest of personal data could be found by trying.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.host.authority import ApprovedLine, Authority
from adapters.host.disclosure import Disclosed
from bus.daemon.work import Work
from bus.model.audit import Event
from bus.model.case import Case, Row
from bus.model.messages import OutcomeKind

RowKey = tuple[bytes, int, str]
"""What names a row at an agency: its order, part and resource."""

Found = Mapping[ApprovedLine, Disclosed]
"""What may leave under each line of a row."""


def key_of(row: Row) -> RowKey:
    """Return what names a row."""
    return row.order, row.part, row.resource


@dataclass
class _Begun:
    """A row that is being looked up: how often so far, and the last reason it was not sealed."""

    attempts: int = 0
    told: str = ""


@dataclass
class Account:
    """Writes entries of lookups, each in the transaction of what it tells of."""

    _begun: dict[RowKey, _Begun] = field(default_factory=dict)
    _refused: dict[RowKey, str] = field(default_factory=dict)

    def keep(self, owed: Iterable[RowKey]) -> None:
        """Forget rows that are not owed any more."""
        still = frozenset(owed)
        self._begun = {key: one for key, one in self._begun.items() if key in still}
        self._refused = {key: one for key, one in self._refused.items() if key in still}

    def begins(
        self, work: Work, case: Case, row: Row, authority: Authority, persons: int, asked: bytes
    ) -> None:
        """Note that the source is about to be asked about `persons` persons.

        `asked` is the message digest of the roster part.
        """
        self._refused.pop(key_of(row), None)
        begun = self._begun.setdefault(key_of(row), _Begun())
        begun.attempts += 1
        if begun.attempts > 1:
            return
        for line in authority.lines:
            if not line.withdrawn:
                work.note(
                    case.query,
                    Event.LOOKUP_BEGUN,
                    None,
                    **_named(row, line),
                    persons=persons,
                    items=len(line.items),
                    late=int(authority.late),
                    asked=asked.hex(),
                )

    def done(
        self, work: Work, case: Case, row: Row, found: Found, asked: bytes, code: str = ""
    ) -> None:
        """Note what the source has answered; `code` is why nothing was sealed, empty where it was.

        `asked` is the message digest of the roster part.
        """
        begun = self._begun.get(key_of(row))
        if begun is None or (code and begun.told == code):
            return
        begun.told = code
        for line, disclosed in found.items():
            if line.withdrawn:
                continue
            work.note(
                case.query,
                Event.LOOKUP_DONE,
                None,
                **_named(row, line),
                persons=len(disclosed.outcomes),
                found=disclosed.count(OutcomeKind.FOUND),
                not_found=disclosed.count(OutcomeKind.NOT_FOUND),
                not_answerable=disclosed.count(OutcomeKind.NOT_ANSWERABLE),
                records=sum(len(one.records) for one in disclosed.outcomes),
                items=len(line.items),
                attempts=begun.attempts,
                asked=asked.hex(),
                code=code or None,
            )

    def refused(self, work: Work, case: Case, row: Row, code: str, where: str) -> bool:
        """Authority does not hold; returns whether that is new."""
        if self._refused.get(key_of(row)) == code:
            return False
        self._refused[key_of(row)] = code
        work.note(
            case.query,
            Event.AUTHORITY_REFUSED,
            part=row.part,
            resource=row.resource,
            order=row.order.hex(),
            code=code,
            where=where or None,
        )
        return True


def sealed(work: Work, case: Case, row: Row, answers: Sequence[bytes]) -> None:
    """Note that a row was answered, by the message digests of its fragments."""
    work.note(
        case.query,
        Event.ANSWER_SENT,
        part=row.part,
        resource=row.resource,
        order=row.order.hex(),
        fragments=len(answers),
        messages=" ".join(digest.hex() for digest in answers),
    )


def _named(row: Row, line: ApprovedLine) -> dict[str, str | int | None]:
    return {
        "part": row.part,
        "resource": row.resource,
        "line": line.line,
        "order": row.order.hex(),
    }
