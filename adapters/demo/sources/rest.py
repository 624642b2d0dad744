"""An agency that answers by an HTTP service, with a token by client credentials."""

from __future__ import annotations

import secrets
from typing import ClassVar

from adapters.demo.rest_service import rest_toml
from adapters.demo.sources.source import Run, Source, Title
from signer.secretfiles import write_new

_CLIENT = "hedui"
_SECRET = "service.secret"  # noqa: S105 - a file's name


class RestSource(Source):
    """An agency's tables behind a service of its own."""

    title: ClassVar[Title] = Title("REST 连接器（HTTP 服务）", "REST, an HTTP service", "REST")

    @property
    def _name(self) -> str:
        return f"{self.agency.id}.service"

    def begin(self, run: Run) -> None:
        """Start the service."""
        secret = self.folder / _SECRET
        write_new(secret, secrets.token_hex(32).encode())
        command = ("-P", "-m", "adapters.demo.rest_service", "--tables", str(self.agency.folder))
        run.begin(
            self._name, (*command, "--client-id", _CLIENT, "--client-secret-file", str(secret))
        )

    def prepare(self, run: Run) -> None:
        """Wait until it listens, and take its address."""
        while not run.printed(self._name):
            run.pause()
        self._url = run.printed(self._name).split(b"\n", 1)[0].decode()

    def mapping(self) -> str:
        """The mapping of the service."""
        return rest_toml(self.agency.tables, self._url, _CLIENT, _SECRET)
