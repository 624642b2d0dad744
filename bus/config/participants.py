"""The hub's list of participants: one TOML file from which the directory is signed.

[[participant]]
id = "320000.housing-fund"
title = "江苏省住房公积金管理中心"
parent = "320000"
certificates = "ca/issued/320000.housing-fund"   # every *.pem below it
hosts = ["10.0.0.7"]
[[participant.offer]]
resource = "housing-fund-account"
term_working_days = 5
items = ["balance"]                              # default: every item of the resource
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bus.config.faults import faults_of, told
from bus.config.models import participant_id
from bus.errors import ConfigError
from bus.flow.listing import message_schemas
from schemas.resources import IDENTITY_ITEMS, resources
from signer.certificates import to_key
from signer.directory.view import Key, Offer, Participant
from signer.errors import CertificateError
from signer.identity import HUB, Role, role_of
from signer.keydirectory import read_certificates


class _OfferEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: str
    term_working_days: Annotated[int, Field(ge=1, le=60)]
    items: tuple[str, ...] = ()


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, AfterValidator(participant_id)]
    title: Annotated[str, Field(min_length=1, max_length=100)]
    certificates: Path
    parent: str | None = None
    hosts: tuple[str, ...] = ()
    offer: tuple[_OfferEntry, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    participant: tuple[_Entry, ...]


def load_participants(path: Path) -> tuple[Participant, ...]:
    """Return the participants a file lists, with the certificates found on disk.

    Raises:
        ConfigError: `PARTICIPANTS_INVALID` with file, key and remedy.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = _File.model_validate(data).participant
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(path, "参与方清单无法读取", "the list cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        # The parser's text says line and column and quotes no value.
        raise _fault(path, f"不是有效的 TOML（{error}）", f"not valid TOML ({error})") from None
    except ValidationError as error:
        zh, en = told(faults_of(error))
        raise _fault(path, f"参与方清单有误：{zh}", f"the list is invalid: {en}") from None
    names = [entry.id for entry in entries]
    if len(set(names)) != len(names) or HUB not in names:
        raise _fault(path, "参与方重复，或缺少 hub", "an id stands twice, or hub is missing")
    return tuple(_participant_of(entry, path) for entry in entries)


def _participant_of(entry: _Entry, path: Path) -> Participant:
    role = role_of(entry.id)
    parent = entry.parent
    if parent is None and role is not Role.HUB:
        parent = entry.id.partition(".")[0] if role is Role.ADAPTER else HUB
    return Participant(
        id=entry.id,
        role=role,
        parent=parent,
        title=entry.title,
        keys=_keys(path.parent / entry.certificates, entry.id, path),
        hosts=entry.hosts,
        offers=tuple(_offer(offer, path) for offer in entry.offer),
        reads=message_schemas(),
    )


def _keys(folder: Path, participant: str, path: Path) -> tuple[Key, ...]:
    try:
        found = [
            to_key(der) for file in sorted(folder.rglob("*.pem")) for der in read_certificates(file)
        ]
    except CertificateError as error:
        raise _fault(
            path, f"{participant} 的证书有误：{error.zh}", f"a certificate is unfit: {error.en}"
        ) from error
    if not found:
        raise _fault(path, f"{participant} 没有证书", f"no certificates for {participant}")
    return tuple(sorted(found, key=lambda key: (key.use, key.generation)))


def _offer(offer: _OfferEntry, path: Path) -> Offer:
    resource = resources().get(offer.resource)
    if resource is None:
        raise _fault(path, f"没有信息资源 {offer.resource}", f"no such resource: {offer.resource}")
    names = [item.name for item in resource.items]
    unknown = set(offer.items) - set(names)
    if unknown:
        listed = "、".join(sorted(unknown))
        raise _fault(path, f"{offer.resource} 没有内容项 {listed}", f"no such items: {listed}")
    chosen = [n for n in names if not offer.items or n in offer.items or n in IDENTITY_ITEMS]
    return Offer(offer.resource, tuple(chosen), offer.term_working_days)


def _fault(path: Path, zh: str, en: str) -> ConfigError:
    return ConfigError(
        "PARTICIPANTS_INVALID",
        zh,
        en,
        remedy_zh="请按 docs/operate/hub.md 更正",
        remedy_en="Correct it as docs/operate/hub.md says",
        where=str(path),
    )
