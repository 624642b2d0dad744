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
level = "prefecture"                             # these five where they are to be stated:
range = "latest"                                 # codes or Chinese names of schemas/codes
back_months = 36
updates = "monthly"
mode = "online"
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bus.config.faults import faults_of, told
from bus.config.models import participant_id
from bus.errors import ConfigError
from bus.flow.listing import message_schemas
from bus.rules.catalogue_report import LONGEST_BACK, check_level
from schemas.codes import Code, CodeTable, levels, modes, time_ranges, updates
from schemas.resources import IDENTITY_ITEMS, resources
from signer.certificates import to_key
from signer.directory.view import (
    Directory,
    Key,
    Level,
    Mode,
    Offer,
    Participant,
    RangeAbility,
)
from signer.errors import CertificateError
from signer.identity import HUB, Role, role_of
from signer.keydirectory import read_certificates


class _OfferEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: str
    term_working_days: Annotated[int, Field(ge=1, le=60)]
    items: tuple[str, ...] = ()
    level: str | None = None
    range: str | None = None
    back_months: Annotated[int, Field(ge=1, le=LONGEST_BACK)] | None = None
    updates: str | None = None
    mode: str = Mode.ONLINE


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
    listed = tuple(_participant_of(entry, path) for entry in entries)
    _check_levels(listed, path)
    return listed


def _check_levels(listed: Sequence[Participant], path: Path) -> None:
    """Refuse a level that does not fit; not where the tree above an agency is not in the file."""
    tree = Directory(1, datetime.min, datetime.max, {p.id: p for p in listed})  # noqa: DTZ901 - no instant
    for participant in listed:
        above = tree.path_up(participant.id)
        for offer in participant.offers if above[-1] == HUB else ():
            if offer.level is not None:
                category = resources()[offer.resource].category
                where = f"{participant.id} {offer.resource}"
                for finding in check_level(offer.level, category, above, where):
                    raise _fault(path, f"{where}：{finding.zh}", f"{where}: {finding.en}")


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
    level = _code(levels(), offer.level, path)
    ability = _code(time_ranges(), offer.range, path)
    if ability == RangeAbility.LATEST and offer.back_months is not None:
        raise _fault(
            path, "只有最新数据的资源不填 back_months", "the latest data only reach back no months"
        )
    return Offer(
        offer.resource,
        tuple(chosen),
        offer.term_working_days,
        None if level is None else Level(level),
        None if ability is None else RangeAbility(ability),
        offer.back_months,
        _code(updates(), offer.updates, path),
        Mode(_code(modes(), offer.mode, path) or Mode.ONLINE),
    )


def _code(table: CodeTable[Code], text: str | None, path: Path) -> str | None:
    if text is None:
        return None
    row = table.find(text)
    if row is None:
        allowed = "、".join(f"{r.code} {r.zh}" for r in table.values())
        raise _fault(path, f"可填：{allowed}", f"not one of: {', '.join(table)}")
    return row.code


def _fault(path: Path, zh: str, en: str) -> ConfigError:
    return ConfigError(
        "PARTICIPANTS_INVALID",
        zh,
        en,
        remedy_zh="请按 docs/operate/hub.md 更正",
        remedy_en="Correct it as docs/operate/hub.md says",
        where=str(path),
    )
