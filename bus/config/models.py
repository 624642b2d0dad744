"""The configuration of a hub, a node or an adapter: one TOML file, frozen once read.

Paths are relative to the file. Environment variables override it: `HEDUI_` + section + `__` + key,
e.g. `HEDUI_BROKER__BOOTSTRAP`. There is no built-in secret and no default that weakens security:
without `--dev` the broker needs TLS, and the operator's door is a Unix socket only.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bus.config.levels import LevelsSection, RuleSection
from bus.config.review import Rate, ReviewRuleSection, check_rate
from bus.flow.deadlines import WARN_WORKING_DAYS
from bus.flow.retention import DAYS, LEAST_DAYS, RetentionPolicy
from bus.rules.review_policy import Households, ReviewMode
from schemas.codes import business
from signer.identity import IdentityError, role_of
from signer.keystore import TokenSettings

MOST_DAYS = 36500
_HOSTS = re.compile(r"[^\s,:]+:[0-9]{1,5}(,[^\s,:]+:[0-9]{1,5})*")


def participant_id(value: str) -> str:
    """Check a participant id for pydantic."""
    try:
        role_of(value)
    except IdentityError as error:
        raise ValueError(f"{error.zh}，{error.remedy_zh} / {error.en}, {error.remedy_en}") from None
    return value


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def bootstrap(value: str) -> str:
    """Check the addresses of a cluster for pydantic."""
    if not _HOSTS.fullmatch(value):
        raise ValueError("应为 host:port，多个以逗号分隔 / host:port, several separated by commas")
    return value


class ParticipantSection(_Section):
    """Who this process is; `instance` tells it from others of the same participant and store."""

    id: Annotated[str, AfterValidator(participant_id)]
    instance: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")] = "1"


class KeysSection(_Section):
    """Where the participant's keys are (`hedui node import --out`).

    The three `pkcs11_` keys name the token whose signing and encryption keys have no file there:
    the vendor's library, the token's label, the file with the PIN. All of them, or none.

    `suite`: the cipher suite that messages are made in where all whom they concern have it.
    `renew_before_days`: how long before the first of the certificates ends the next ones are asked
    for; 0 where they are renewed by hand.
    """

    directory: Path
    passphrase_file: Path
    store_key: Path
    suite: Literal["p256-aes256gcm/1", "sm2-sm4gcm/1"] = "p256-aes256gcm/1"
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = None
    pkcs11_pin_file: Path | None = None
    renew_before_days: Annotated[int, Field(ge=0, le=90)] = 30

    @model_validator(mode="after")
    def _token_whole(self) -> Self:
        named = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin_file)
        if any(named) and not all(named):
            raise ValueError(
                "pkcs11_module、pkcs11_token、pkcs11_pin_file 须一并填写 / give all three of them"
            )
        return self

    @property
    def token(self) -> TokenSettings | None:
        """The token, None where all keys are files."""
        if not (self.pkcs11_module and self.pkcs11_token and self.pkcs11_pin_file):
            return None
        return TokenSettings(self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin_file)


class BrokerKind(StrEnum):
    """What is at the other end: a real Kafka, or the embedded broker of the demo."""

    KAFKA = "kafka"
    EMBEDDED = "embedded"


class BrokerSection(_Section):
    """The cluster this participant's topics are on.

    `session_timeout_seconds`: how long a silent instance keeps its partitions; what brokers allow
    unless they are told otherwise (`group.min.session.timeout.ms`, `group.max.…`).
    """

    bootstrap: Annotated[str, AfterValidator(bootstrap)]
    profile: BrokerKind = BrokerKind.KAFKA
    ca_file: Path | None = None
    session_timeout_seconds: Annotated[int, Field(ge=6, le=1800)] = 30


class StoreSection(_Section):
    """The participant's database; the files are for a PostgreSQL server."""

    url: str
    password_file: Path | None = None
    ca_file: Path | None = None


class HttpSection(_Section):
    """Health and metrics on TCP; the operator's API of a hub or node on a Unix socket.

    `api_listen`: where the operator's API is served over TLS too; nowhere unless it is given. It
    shows `api_certificate` (PEM, the whole chain) with `api_key`, or else the participant's own TLS
    certificate.
    """

    listen: str = "127.0.0.1:9464"
    socket: Path | None = None
    api_listen: str | None = None
    api_certificate: Path | None = None
    api_key: Path | None = None
    api_passphrase_file: Path | None = None

    @model_validator(mode="after")
    def _certificate_whole(self) -> Self:
        if (self.api_certificate is None) != (self.api_key is None):
            raise ValueError("api_certificate 与 api_key 须一并填写 / give both of them or neither")
        if self.api_listen is None and self.api_certificate is not None:
            raise ValueError("缺少 api_listen / api_listen is missing")
        return self


def address(value: str) -> str:
    """Check the address of an HTTP server for pydantic."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s]*)?", value):
        raise ValueError("应为 http:// 或 https:// 地址，不含口令 / http(s)://host/…, no password")
    return value


class TimestampsSection(_Section):
    """A timestamping authority (RFC 3161) that stamps the audit chain.

    `ca_file`: PEM of its root, and of the authorities between root and its certificate.
    """

    url: Annotated[str, AfterValidator(address)]
    ca_file: Path


def business_days(value: dict[str, int]) -> dict[str, int]:
    """Check retentions by business category for pydantic."""
    unknown = [code for code in value if code not in business()]
    if unknown:
        raise ValueError("键须为业务类别代码 / keys are codes of business categories")
    if any(not LEAST_DAYS <= days <= MOST_DAYS for days in value.values()):
        raise ValueError(f"天数须为 {LEAST_DAYS} 至 {MOST_DAYS} / {LEAST_DAYS} to {MOST_DAYS} days")
    return value


class AuditSection(_Section):
    """How often query and use are inspected (R077); 0 where no metric is to tell when."""

    inspect_every_days: Annotated[int, Field(ge=0, le=366)] = 90


class RetentionSection(_Section):
    """How long after a query has ended its contents are kept (R076); `business` by its code."""

    result_days: Annotated[int, Field(ge=LEAST_DAYS, le=MOST_DAYS)] = DAYS
    business: Annotated[dict[str, int], AfterValidator(business_days)] = Field(default_factory=dict)

    @property
    def policy(self) -> RetentionPolicy:
        """What it says, for the flow."""
        return RetentionPolicy(self.result_days, self.business)


class DeadlinesSection(_Section):
    """How many working days are left when a deadline is warned of (R028-R030)."""

    warn_working_days: Annotated[int, Field(ge=1, le=20)] = WARN_WORKING_DAYS


class AuthoritySection(_Section):
    """The issuing authority, where the hub issues certificates by itself (`hedui ca init`)."""

    directory: Path
    passphrase_file: Path


class ConformanceSection(_Section):
    """How the hub tests and inspects participants; `inspect_every_days` 0 makes none at random."""

    answer_within_minutes: Annotated[int, Field(ge=1, le=1200)] = 30
    valid_days: Annotated[int, Field(ge=1, le=366)] = 90
    probes: Annotated[int, Field(ge=1, le=1000)] = 50
    floor_per_second: Annotated[int, Field(ge=1, le=10_000)] = 5
    inspect_every_days: Annotated[int, Field(ge=0, le=366)] = 30


class CatalogueSection(_Section):
    """How the hub keeps the catalogue.

    `valid_days`: how long after a newer version an application may still name an older one.
    `report_every_days`: how long a province may be silent; 0 is never told.
    `resources`: a folder of resource schemas (`*.avsc`) that travel in the directory.
    """

    valid_days: Annotated[int, Field(ge=0, le=1000)] = 90
    report_every_days: Annotated[int, Field(ge=0, le=1000)] = 100
    resources: Path | None = None


class EvidenceSection(_Section):
    """How the hub calls evidence up (R024, R026).

    Without `seed_file` nobody is drawn. `suspend_after` 0: an operator is told, nobody suspended.
    """

    seed_file: Path | None = None
    sample_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    doubt_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    before_acceptance: bool = False
    overdue_to_manual: bool = True
    suspend_after: Annotated[int, Field(ge=0, le=1000)] = 0
    warn_before_hours: Annotated[int, Field(ge=1, le=120)] = 24


class HubSection(_Section):
    """What only the hub has: the participants it vouches for, and its review policy.

    Without `ca` certificates are issued on another machine, and their grants handed in.

    `review_rule`: the first that fits decides how a clean application is reviewed, else `review`.
    `sampling_seed_file`: the secret that draws are made from, needed where anything is sampled.
    """

    participants: Path
    ca: AuthoritySection | None = None
    review: ReviewMode = ReviewMode.MANUAL
    review_rate: Rate | None = None
    review_rule: tuple[ReviewRuleSection, ...] = ()
    sampling_seed_file: Path | None = None
    households: Households = Households.REFUSE
    conformance: ConformanceSection = ConformanceSection()
    catalogue: CatalogueSection = CatalogueSection()
    evidence: EvidenceSection = EvidenceSection()

    @model_validator(mode="after")
    def _sampling_whole(self) -> Self:
        check_rate(self.review, self.review_rate, "review_rate")
        modes = {self.review, *(rule.mode for rule in self.review_rule)}
        if ReviewMode.SAMPLED in modes and self.sampling_seed_file is None:
            raise ValueError("抽查须填写 sampling_seed_file / sampling needs sampling_seed_file")
        return self


class AdapterSection(_Section):
    """What only an adapter has beside its mapping.

    `resources`: a folder of resource schemas (`*.avsc`) that the software does not ship: the same
    files as travel in the directory.
    `check_people`: a CSV file, 0600, of people whom the source has, for `hedui adapter check`.

    How hard the source may be pressed: `lookups_at_once` rows are looked up at the same time, each
    in questions of `persons_at_once`; one without an answer after `lookup_timeout_seconds` is cut
    off.
    """

    resources: Path | None = None
    check_people: Path | None = None
    lookups_at_once: int = Field(default=1, ge=1, le=64)
    persons_at_once: int = Field(default=1000, ge=1, le=1000)
    lookup_timeout_seconds: float = Field(default=300, gt=0, le=86400)


class FileSettings(BaseSettings):
    """What a configuration file holds, the environment laid over it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="HEDUI_", env_nested_delimiter="__"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files here
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets have own files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file, and nothing else."""
        return env_settings, init_settings


class Config(FileSettings):
    """The configuration of one daemon.

    `levels` and `rule` are a node's: its say over what is below it.
    `source` and `resource` belong to an adapter's mapping and are read by `adapters.mapping`.
    """

    participant: ParticipantSection
    keys: KeysSection
    broker: BrokerSection
    store: StoreSection
    http: HttpSection = HttpSection()
    audit: AuditSection = AuditSection()
    hub: HubSection | None = None
    adapter: AdapterSection = AdapterSection()
    timestamps: TimestampsSection | None = None
    retention: RetentionSection = RetentionSection()
    levels: LevelsSection | None = None
    rule: tuple[RuleSection, ...] = ()
    deadlines: DeadlinesSection = DeadlinesSection()
    source: dict[str, Any] | None = None
    resource: Annotated[list[dict[str, Any]], Field(default_factory=list)]
