"""`apply.toml`: what the applicant states, as a person writes it.

The file holds personal data of the contacts, so it is written readable to its owner alone, and an
error names the key at fault and never its value.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.resources import IDENTITY_ITEMS, resources
from signer.admission.contents import Answers, Contact, Responsibility, Standard, check_answers
from signer.directory.view import Offer
from signer.errors import AdmissionError
from signer.identity import HUB
from signer.secretfiles import read_public

EXAMPLE = """\
# 入网书面申请 / Written application. 填写后执行 / Fill it in, then run:
#   hedui node apply apply.toml --pending keys/370000.pending --passphrase-file 370000.passphrase
# 机构前置用 / For an agency's adapter: hedui adapter apply …
# 本文件含联系人个人信息，请妥善保管 / It holds personal data of the contacts: keep it safe.

# 参与方标识：节点为六位行政区划代码，机构前置为“节点.机构”
# Participant id: a node's region code, or <node>.<agency> for an adapter, e.g. 320000.housing-fund
id = "370000"

# 单位名称，不写个人 / Name of the unit, not of a person
title = "山东省核对中心"

# 上级：节点默认 hub，机构前置由标识得出 / Parent: hub for a node, the id's node for an adapter
# parent = "hub"

# 备案的 IP 地址：代理所见的地址，逐个列出，不可用网段
# Registered IP addresses, as the broker sees them, one by one: no range and no name
hosts = ["192.0.2.11"]

# 三项责任的联系人：安全、技术、运维 / Who answers for security, technical operation, maintenance
[contact.security]
name = "姓名"
phone = "010-00000000"
email = "security@example.cn"

[contact.technical]
name = "姓名"
phone = "010-00000000"
email = "technical@example.cn"

[contact.maintenance]
name = "姓名"
phone = "010-00000000"
email = "maintenance@example.cn"

# 所遵循的规范及版本 / Standards it conforms to, with versions
[standards]
"技术规范" = "版本 version"
"检测规范" = "版本 version"
"MZ/T 108-2018" = "2018"

# 仅机构前置：可供查询的信息资源，items 省略即全部内容项，期限以工作日计
# Adapters only: what it answers; without items all of them; the term in working days
# [[offer]]
# resource = "housing-fund-account"
# term_working_days = 5
# items = ["balance"]
"""


class _Contact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    phone: str
    email: str


class _Offer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: str
    term_working_days: int
    items: tuple[str, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    parent: str | None = None
    hosts: tuple[str, ...]
    contact: dict[Responsibility, _Contact]
    standards: dict[str, str]
    offer: tuple[_Offer, ...] = ()


def read_answers(path: Path) -> Answers:
    """Return what a file states, every field checked.

    Raises:
        AdmissionError: `APPLICATION_FILE` with the keys at fault, and the codes of `check_answers`.
        KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_UNREADABLE`.
    """
    data = read_public(path)
    try:
        stated = _File.model_validate(tomllib.loads(data.decode()))
    except UnicodeDecodeError:
        raise _fault(path, "不是 UTF-8 文本", "it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        # The parser's text says line and column and quotes no value.
        raise _fault(path, f"不是有效的 TOML（{error}）", f"not valid TOML ({error})") from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        keys = ", ".join(".".join(map(str, fault["loc"])) for fault in faults)
        raise _fault(
            path, f"缺少、多余或类型不符：{keys}", f"missing, unknown or of another type: {keys}"
        ) from None
    centre, dot, _ = stated.id.partition(".")
    answers = Answers(
        participant=stated.id,
        parent=stated.parent or (centre if dot else HUB),
        title=stated.title,
        contacts=tuple(
            Contact(responsibility, found.name, found.phone, found.email)
            for responsibility in Responsibility
            if (found := stated.contact.get(responsibility)) is not None
        ),
        standards=tuple(Standard(name, version) for name, version in stated.standards.items()),
        hosts=stated.hosts,
        offers=tuple(_offer(offer) for offer in stated.offer),
    )
    check_answers(answers)
    return answers


def _offer(offer: _Offer) -> Offer:
    """An offer with the items that say whom a record is about, and without items with all.

    A resource we do not ship stays as it is written: the hub judges whether it knows it.
    """
    known = resources().get(offer.resource)
    if known is None:
        return Offer(offer.resource, offer.items, offer.term_working_days)
    names = [item.name for item in known.items]
    chosen = [n for n in names if not offer.items or n in offer.items or n in IDENTITY_ITEMS]
    unknown = [n for n in offer.items if n not in names]
    return Offer(offer.resource, (*chosen, *unknown), offer.term_working_days)


def _fault(path: Path, zh: str, en: str) -> AdmissionError:
    return AdmissionError(
        "APPLICATION_FILE",
        f"申请内容文件有误：{zh}",
        f"the file of answers is faulty: {en}",
        remedy_zh="请按 hedui node apply --init 所写样例更正",
        remedy_en="Correct it after the example that `hedui node apply --init` writes",
        where=str(path),
    )
