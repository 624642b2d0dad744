"""What is asked while things die: small applications, and what each must bring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from uuid import UUID

import httpx
from crash_site import PATIENCE, CrashFailureError, Site

from adapters.demo.agencies import SHANDONG, shipped_data
from adapters.demo.sample import sample_draft
from bus.model.case import QueryState
from bus.model.request import Draft

HOUSEHOLDS = [list(each) for _, each in groupby(sample_draft().persons, lambda p: p.household)]
OPERATOR = "crash"
_HEADERS = {"X-Hedui-Operator": OPERATOR}


def holdings() -> list[tuple[str, str]]:
    """Agency and resource of every table: each must answer every query, once."""
    return [(file.parent.name, file.stem) for file in (shipped_data() / "tables").glob("*/*.csv")]


@dataclass
class Asked:
    """One application as handed in. `query` is None while nobody knows whether it was taken."""

    tag: str
    persons: int
    query: UUID | None = None

    @property
    def known(self) -> UUID:
        """The query's id, which is known by now."""
        if self.query is None:
            raise CrashFailureError(f"{self.tag} was never taken")
        return self.query


@dataclass
class Load:
    """The operator of the asking node: submits, and knows what was submitted."""

    site: Site
    asked: list[Asked] = field(default_factory=list)
    _tags: dict[UUID, str] = field(default_factory=dict)
    """What each query's text says: it never changes."""

    def submit(self) -> Asked:
        """Hand in the next application; one whose reply is cut off is uncertain, not lost."""
        number = len(self.asked) + 1
        household = HOUSEHOLDS[number % len(HOUSEHOLDS)]
        asked = Asked(f"第{number}号", len(household))
        self.asked.append(asked)
        self._hand_in(asked, number)
        return asked

    def settle_uncertain(self) -> int:
        """Do as an operator whose reply was cut off: look whether it was taken, else ask again.

        Returns how many were asked again.
        """
        again = 0
        for number, asked in enumerate(self.asked, 1):
            if asked.query is None:
                taken = self.taken().get(asked.tag, [])
                if taken:
                    asked.query = taken[0]
                else:
                    again += 1
                    self._hand_in(asked, number)
        return again

    def all_delivered(self) -> bool:
        """Whether the asking node says that everything it took is delivered."""
        with self._client() as client:
            taken = client.get("queries").raise_for_status().json()
        return all(one["state"] == QueryState.DELIVERED for one in taken)

    def taken(self) -> dict[str, list[UUID]]:
        """Return the queries that the node says it took, by their tag."""
        with self._client() as client:
            listed = client.get("queries").raise_for_status().json()
            for query in {UUID(one["query"]) for one in listed} - self._tags.keys():
                text = self._result(client, query)["application"]["query_text"]
                self._tags[query] = text.rpartition("，")[2]
        found: dict[str, list[UUID]] = {}
        for one in listed:
            query = UUID(one["query"])
            found.setdefault(self._tags[query], []).append(query)
        return found

    def result(self, query: UUID) -> dict[str, Any]:
        """Return a query's result as its operator gets it."""
        with self._client() as client:
            return self._result(client, query)

    def _result(self, client: httpx.Client, query: UUID) -> dict[str, Any]:
        answer = client.get(f"queries/{query}/result", params={"purpose": "subsistence-allowance"})
        return answer.raise_for_status().json()

    def _hand_in(self, asked: Asked, number: int) -> None:
        household = HOUSEHOLDS[number % len(HOUSEHOLDS)]
        draft = replace(
            sample_draft(),
            persons=tuple(household),
            person_count=len(household),
            first_named=household[0].name,
            query_text=f"住房公积金、住房保障、婚姻登记，{asked.tag}",
        )
        try:
            with self._client() as client:
                answer = client.post("queries", json=draft_json(draft))
        except httpx.TransportError:
            return
        asked.query = UUID(answer.raise_for_status().json()["query"])

    def _client(self) -> httpx.Client:
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.site.state.socket(SHANDONG))),
            base_url="http://hedui/api/v1/",
            headers=_HEADERS,
            timeout=PATIENCE,
            trust_env=False,
        )


def draft_json(draft: Draft) -> dict[str, Any]:
    """Return a draft as the API takes it."""
    return {
        "addressee": draft.addressee,
        "legal_basis": draft.legal_basis,
        "authority": draft.authority,
        "business": draft.business,
        "business_text": draft.business_text,
        "purpose": draft.purpose,
        "first_named": draft.first_named,
        "person_count": draft.person_count,
        "query_text": draft.query_text,
        "declaration": {
            "authorised": draft.declaration.authorised,
            "scope": draft.declaration.scope,
        },
        "list_submitted_on": draft.list_submitted_on.isoformat(),
        "contact": {"name": draft.contact.name, "phone": draft.contact.phone},
        "applied_on": draft.applied_on.isoformat(),
        "lines": [
            {
                "provider": line.provider,
                "category": line.category,
                "time_from": line.time_from and line.time_from.isoformat(),
                "time_to": line.time_to and line.time_to.isoformat(),
            }
            for line in draft.lines
        ],
        "persons": [
            {
                "household": person.household,
                "relation": person.relation,
                "name": person.name,
                "id_type": person.id_type,
                "id_number": person.id_number,
                "reason": person.reason,
                "document": person.document,
                "authorised_on": person.authorised_on.isoformat(),
                "guardian": person.guardian,
            }
            for person in draft.persons
        ],
    }
