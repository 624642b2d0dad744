"""Chinese names beside ids, as far as the directory in force tells them."""

from __future__ import annotations

from bus.api.query import Titles
from bus.daemon.office import Office


def titles_of(office: Office) -> Titles:
    """Return the titles a participant's directory and resources give."""

    def participant(name: str) -> str:
        found = office.directory.get(name) if office.ready else None
        return name if found is None else found.title

    def resource(name: str) -> str:
        found = office.resource(name)
        return name if found is None else found.zh

    return Titles(participant, resource)
