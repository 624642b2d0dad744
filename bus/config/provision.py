"""The configuration of `hedui hub provision`: one small TOML file, read as a daemon's is.

[keys]
directory = "keys/hub-admin"
passphrase_file = "hub-admin.passphrase"
[broker]
bootstrap = "kafka1.example:9093"
[hub]
participants = "participants.toml"        # without --from-directory and --follow
[directory]
state = "hub-admin.directory"             # with them
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bus.config.load import read_settings
from bus.config.models import FileSettings, bootstrap
from signer.identity import IdentityError, role_of


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AdminKeysSection(_Section):
    """Where the administrator's TLS material is (`hedui ca issue-service --out`)."""

    directory: Path
    passphrase_file: Path


class ClusterSection(_Section):
    """The cluster to provision; always over mutual TLS."""

    bootstrap: Annotated[str, AfterValidator(bootstrap)]
    ca_file: Path | None = None


class ListSection(_Section):
    """The hub's list of participants, the same file the hub signs the directory from."""

    participants: Path


class DirectorySection(_Section):
    """Where the directory that was adopted last is kept, against an older one."""

    state: Path = Path("hub-admin.directory")


class TopicsSection(_Section):
    """How topics are laid out; a site of one broker sets both replica numbers to 1."""

    partitions: Annotated[int, Field(ge=1, le=100)] = 3
    replication_factor: Annotated[int, Field(ge=1, le=7)] = 3
    min_insync_replicas: Annotated[int, Field(ge=1, le=7)] = 2

    @model_validator(mode="after")
    def _writable(self) -> Self:
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError(
                "min_insync_replicas 不得大于 replication_factor / "
                "min_insync_replicas is above replication_factor"
            )
        return self


def _not_a_participant(value: str) -> str:
    name = value.removeprefix("User:")
    try:
        role_of(name.rpartition(".g")[0])
    except IdentityError:
        if value != name and name not in {"", "*"}:
            return value
    raise ValueError(
        "应为 User:名称，且不是参与方或通配符 / User:<name>, neither a participant nor a wildcard"
    )


class RightsSection(_Section):
    """Principals of the site's own, such as monitoring, whose rights are not reported as drift."""

    accepted_principals: tuple[Annotated[str, AfterValidator(_not_a_participant)], ...] = ()


class ProvisionConfig(FileSettings):
    """The configuration of the administrator's command."""

    keys: AdminKeysSection
    broker: ClusterSection
    hub: ListSection | None = None
    directory: DirectorySection = DirectorySection()
    topics: TopicsSection = TopicsSection()
    rights: RightsSection = RightsSection()


def load_provision_config(path: Path) -> ProvisionConfig:
    """Return the configuration in a TOML file, environment variables laid over it.

    Relative paths become relative to the file's folder.

    Raises:
        ConfigError: `CONFIG_UNREADABLE`, `CONFIG_SYNTAX`, `CONFIG_INVALID`; the last names every
            faulty key and repeats no value.
    """
    config = read_settings(path, ProvisionConfig)
    folder = path.resolve().parent
    keys, broker, hub = config.keys, config.broker, config.hub
    return config.model_copy(
        update={
            "keys": keys.model_copy(
                update={
                    "directory": folder / keys.directory,
                    "passphrase_file": folder / keys.passphrase_file,
                }
            ),
            "broker": broker.model_copy(
                update={"ca_file": None if broker.ca_file is None else folder / broker.ca_file}
            ),
            "hub": None
            if hub is None
            else hub.model_copy(update={"participants": folder / hub.participants}),
            "directory": DirectorySection(state=folder / config.directory.state),
        }
    )
