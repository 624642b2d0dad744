"""The synthetic people of the known query: area code 990000, two of them faulty on purpose.

Nothing here may change: every product of every version must come to the same result. Another set
of people is another test.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from signer.directory.view import Directory, Offer, Participant
from signer.identity import HUB, role_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""The instant at which the known request is written and reviewed."""

PROVINCE = "990000"
ACCOUNT = "housing-fund-account"
MARRIAGE = "marriage-registration"
_AGENCY = f"{PROVINCE}.housing-fund"
_REGISTRY = f"{HUB}.marriage"

ACCOUNT_ITEMS = ("name", "id_type", "id_number", "status", "balance", "account", "opened_on")
MARRIAGE_ITEMS = ("name", "id_type", "id_number", "status", "registered_on")


def _listed(name: str, parent: str | None, *offers: Offer) -> Participant:
    return Participant(name, role_of(name), parent, f"测试单位 {name}", (), offers=offers)


DIRECTORY = Directory(
    1,
    NOW,
    NOW,
    {
        HUB: _listed(HUB, None),
        PROVINCE: _listed(PROVINCE, HUB),
        _AGENCY: _listed(_AGENCY, PROVINCE, Offer(ACCOUNT, ACCOUNT_ITEMS, 5)),
        _REGISTRY: _listed(_REGISTRY, HUB, Offer(MARRIAGE, MARRIAGE_ITEMS, 5)),
    },
)
"""A country of its own, in which the known request is asked."""


def _person(household: str, relation: str, name: str, id_number: str) -> DraftPerson:
    return DraftPerson(
        household=household,
        relation=relation,
        name=name,
        id_type="111",
        id_number=id_number,
        reason="申请最低生活保障",
        document=f"授权书 {household}",
        authorised_on=date(2026, 2, 20),
        guardian=None,
    )


PERSONS = (
    _person("H1", "01", "测试甲", "990000198001010012"),
    _person("H1", "10", "测试乙", "990000198102020025"),
    _person("H2", "01", "测试丙", "990000197503030035"),
    # A check digit that is wrong, and a person who stands on the list twice.
    _person("H3", "01", "测试丁", "990000199004040042"),
    _person("H4", "01", "测试丙", "990000197503030035"),
)

DRAFT = Draft(
    addressee="民政部低收入家庭认定指导中心",
    legal_basis="《社会救助暂行办法》（国务院令第649号）",
    authority="测试县民政局",
    business="subsistence-allowance",
    business_text="城乡低保",
    purpose="最低生活保障对象认定",
    first_named="测试甲",
    person_count=len(PERSONS),
    query_text="住房公积金、婚姻登记",
    declaration=Declaration(True, "全国各核对机构"),
    list_submitted_on=date(2026, 3, 1),
    contact=Contact("测试联系人", "01000000000"),
    applied_on=date(2026, 3, 2),
    lines=(
        DraftLine(1, "national", "housing-fund", (), None, None),
        DraftLine(2, "hub", "marriage", (), None, None),
    ),
    persons=PERSONS,
)

RECORDS: dict[int, tuple[dict[str, object], ...]] = {
    1: (
        {
            "name": "测试甲",
            "id_type": "111",
            "id_number": "990000198001010012",
            "status": "正常",
            "balance": Decimal("12345.60"),
            "account": "0000000001",
            "opened_on": date(2010, 5, 1),
        },
        {
            "name": "测试甲",
            "id_type": "111",
            "id_number": "990000198001010012",
            "status": "封存",
            "balance": Decimal("0.05"),
            "account": "0000000002",
            "opened_on": None,
        },
    ),
}
"""What the known agency finds, by the number of the person."""

UNANSWERABLE = 4
"""The person of whom it cannot say anything; of the others it finds nothing."""
