"""What a written application says (R007 to R010, R013), and the checks of its fields.

Names, telephone numbers and addresses of contacts are personal data: they stand in the application
and nowhere else. No error repeats one, and no value shows them when it is printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address

from signer.admission.request import KeyRequests
from signer.directory.view import Offer
from signer.errors import AdmissionError
from signer.identity import HUB, IdentityError, Role, role_of

REQUIRED_STANDARDS = ("技术规范", "检测规范", "MZ/T 108-2018")
"""What R010 names: technical specification, inspection specification, the data standard."""

MAX_TEXT = 100
_MAX_ITEMS = 64
_MAX_TERM = 60
_PHONE = re.compile(r"[0-9+() -]{5,30}")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")
_RESOURCE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_ITEM = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Responsibility(StrEnum):
    """What a contact answers for: 安全, 技术, 运维 (R009)."""

    SECURITY = "security"
    TECHNICAL = "technical"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person who answers for one responsibility. Personal data."""

    responsibility: Responsibility
    name: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard the participant conforms to, with its version (R010)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What the applicant states; `parent` is where it joins the tree."""

    participant: str
    parent: str
    title: str
    contacts: tuple[Contact, ...]
    standards: tuple[Standard, ...]
    hosts: tuple[str, ...]
    offers: tuple[Offer, ...] = ()

    @property
    def role(self) -> Role:
        """The role its id implies."""
        return role_of(self.participant)


@dataclass(frozen=True, slots=True)
class AdmissionApplication:
    """A verified application. `digest` is the SHA-256 of its file, which names it in records."""

    answers: Answers
    keys: KeyRequests
    made: datetime
    digest: bytes

    @property
    def participant(self) -> str:
        """Who applies."""
        return self.answers.participant


def check_answers(answers: Answers) -> None:
    """Check every field; the first that is not acceptable is named.

    Raises:
        AdmissionError: `APPLICATION_ID`, `APPLICATION_ROLE`, `APPLICATION_PARENT`,
            `APPLICATION_TITLE`, `APPLICATION_CONTACT`, `APPLICATION_STANDARD`, `APPLICATION_HOST`,
            `APPLICATION_OFFER`; `where` names the field and, in lists, its place from 1.
    """
    _check_place(answers.participant, answers.parent)
    if not _is_text(answers.title):
        raise _fault(
            "APPLICATION_TITLE",
            "单位名称为空或过长",
            f"the unit's name is empty or longer than {MAX_TEXT}",
            "title",
        )
    _check_contacts(answers.contacts)
    _check_standards(answers.standards)
    _check_hosts(answers.hosts)
    _check_offers(answers.offers, answers.role)


def _check_place(participant: str, parent: str) -> None:
    try:
        role = role_of(participant)
    except IdentityError as error:
        raise AdmissionError(
            "APPLICATION_ID",
            error.zh,
            error.en,
            remedy_zh=error.remedy_zh,
            remedy_en=error.remedy_en,
            where="id",
        ) from error
    if role is Role.HUB:
        raise _fault("APPLICATION_ROLE", "部中心不申请入网", "the hub does not apply", "id")
    try:
        above = role_of(parent)
    except IdentityError:
        above = Role.ADAPTER
    fits = (
        parent == participant.partition(".")[0]
        if role is Role.ADAPTER
        else above is not Role.ADAPTER and parent != participant
    )
    if not fits:
        raise _fault(
            "APPLICATION_PARENT",
            "上级应为 hub 或其他节点；机构前置的上级是其标识中的节点",
            f"the parent is {HUB} or another node; an adapter's is the one its id names",
            "parent",
        )


def _check_contacts(contacts: Sequence[Contact]) -> None:
    missing = set(Responsibility) - {contact.responsibility for contact in contacts}
    if missing or len(contacts) > _MAX_ITEMS:
        names = ", ".join(sorted(missing))
        raise _fault(
            "APPLICATION_CONTACT",
            f"安全、技术、运维三项责任须各有联系人，缺 {names}",
            f"each responsibility needs a contact; missing: {names}",
            "contacts",
        )
    for place, contact in enumerate(contacts, 1):
        for name, fits in (
            ("name", _is_text(contact.name)),
            ("phone", _PHONE.fullmatch(contact.phone)),
            ("email", _EMAIL.fullmatch(contact.email)),
        ):
            if not fits:
                raise _fault(
                    "APPLICATION_CONTACT",
                    "联系人信息为空或格式有误",
                    "a contact's field is empty or malformed",
                    f"contacts.{place}.{name}",
                )


def _check_standards(standards: Sequence[Standard]) -> None:
    for place, standard in enumerate(standards, 1):
        if not (_is_text(standard.name) and _is_text(standard.version)):
            raise _fault(
                "APPLICATION_STANDARD",
                "规范名称或版本为空或过长",
                f"a standard's name or version is empty or longer than {MAX_TEXT}",
                f"standards.{place}",
            )
    names = [standard.name for standard in standards]
    missing = [name for name in REQUIRED_STANDARDS if name not in names]
    if missing or len(set(names)) != len(names) or len(names) > _MAX_ITEMS:
        raise _fault(
            "APPLICATION_STANDARD",
            f"须列明 {'、'.join(REQUIRED_STANDARDS)} 及其版本，每项一次",
            f"list {', '.join(REQUIRED_STANDARDS)} with their versions, each once",
            "standards",
        )


def _check_hosts(hosts: Sequence[str]) -> None:
    for place, host in enumerate(hosts, 1):
        try:
            literal = str(ip_address(host)) == host and not ip_address(host).is_unspecified
        except ValueError:
            literal = False
        if not literal:
            raise _fault(
                "APPLICATION_HOST",
                "须为单个 IP 地址，不可用网段、通配符或域名",
                "give one IP address in its usual form: no range, no wildcard, no name",
                f"hosts.{place}",
            )
    if not hosts or len(set(hosts)) != len(hosts) or len(hosts) > _MAX_ITEMS:
        raise _fault(
            "APPLICATION_HOST",
            "须备案至少一个 IP 地址，不可重复",
            "register at least one IP address, each once",
            "hosts",
        )


def _check_offers(offers: Sequence[Offer], role: Role) -> None:
    if (role is Role.ADAPTER) is not bool(offers):
        raise _fault(
            "APPLICATION_OFFER",
            "机构前置须列明可供查询的信息资源，节点则不列",
            "an adapter lists what it answers; a node lists nothing",
            "offers",
        )
    names = [offer.resource for offer in offers]
    for place, offer in enumerate(offers, 1):
        items = offer.items
        if not (
            _RESOURCE.fullmatch(offer.resource)
            and names.count(offer.resource) == 1
            and items
            and len(set(items)) == len(items)
            and all(_ITEM.fullmatch(item) for item in items)
            and 1 <= offer.term_working_days <= _MAX_TERM
        ):
            raise _fault(
                "APPLICATION_OFFER",
                f"信息资源、内容项或反馈期限（1 至 {_MAX_TERM} 个工作日）有误，或重复",
                f"resource, items or term (1 to {_MAX_TERM} working days) is wrong, or repeated",
                f"offers.{place}",
            )


def _is_text(value: str) -> bool:
    return 0 < len(value) <= MAX_TEXT and value == value.strip() and value.isprintable()


def _fault(code: str, zh: str, en: str, where: str) -> AdmissionError:
    return AdmissionError(
        code,
        zh,
        en,
        remedy_zh="请更正 apply.toml 中此项后重新生成申请",
        remedy_en="Correct it in apply.toml and make the application again",
        where=where,
    )
