"""Which column is probably meant by an item: by its name, its Chinese name, a usual abbreviation.

Only a proposal, which a person confirms. No similarity is computed: a wrong proposal that looks
right would be confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adapters.sql.look import Column
from schemas.resources import Item

_ABBREVIATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("xm", "xingming"),
        "id_type": ("zjlx", "zjlxdm", "sfzjlx"),
        "id_number": ("zjhm", "sfzh", "sfzhm", "sfzjh", "sfzjhm", "gmsfhm", "zjh"),
        "account": ("grzh", "zh", "zhhm"),
        "amount": ("je", "tqje", "jine"),
        "balance": ("ye", "zhye", "dkye"),
        "status": ("zt", "zhzt"),
        "reason": ("yy", "tqyy"),
        "opened_on": ("khrq", "khsj"),
        "withdrawn_on": ("tqrq", "tqsj"),
        "monthly_deposit": ("yjce", "yjje"),
        "address": ("dz", "zz", "zldz"),
        "sex": ("xb", "xbdm"),
        "born_on": ("csrq",),
        "registered_on": ("djrq", "djsj"),
        "paid_on": ("ffrq", "jfrq", "jkrq"),
        "granted_on": ("ffrq", "dkffrq"),
        "received_on": ("qdrq", "lqrq"),
        "ended_on": ("zzrq",),
        "died_on": ("swrq",),
        "household_number": ("hh", "hkbh"),
        "authority": ("djjg",),
        "employer": ("dwmc",),
        "credit_code": ("tyshxydm", "xydm"),
        "bank": ("yhmc",),
        "area": ("mj", "jzmj"),
        "spouse_name": ("poxm", "dfxm"),
        "spouse_id_number": ("pozjhm", "dfzjhm"),
    }
)
"""Initials of the Chinese names that tables of departments are built with."""


def proposed(item: Item, columns: Sequence[Column]) -> str | None:
    """Return the column that is probably the item's, None where none suggests itself."""
    for wanted in ({_plain(item.name)}, {_plain(item.zh)}, set(_ABBREVIATIONS.get(item.name, ()))):
        for column in columns:
            if _plain(column.name) in wanted or _plain(column.comment) in wanted:
                return column.name
    return None


def _plain(text: str) -> str:
    return "".join(text.split()).replace("_", "").casefold()
