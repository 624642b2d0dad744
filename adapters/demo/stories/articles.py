"""The articles that the accounts cite, by the number of the statement that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "R006": "第三条",
        "R007": "第四条",
        "R011": "第五条",
        "R017": "第七条",
        "R018": "第七条",
        "R019": "第八条",
        "R020": "第八条",
        "R021": "第八条",
        "R022": "第九条",
        "R023": "第九条",
        "R024": "第九条",
        "R025": "第九条",
        "R026": "第九条",
        "R027": "第九条",
        "R028": "第十条",
        "R029": "第十条",
        "R030": "第十条",
        "R031": "第十条",
        "R032": "第十条",
        "R033": "第十一条",
        "R034": "第十一条",
        "R035": "第十一条",
        "R039": "第十四条",
        "R054": "238号文一",
        "R057": "238号文一",
        "R067": "238号文四（一）",
        "R071": "238号文四（三）",
    }
)
"""Number → article of 民办发〔2018〕32号, or section of 民发〔2016〕238号."""


def cited(numbers: tuple[str, ...]) -> str:
    """Return articles with their statement numbers, as an account cites them."""
    return "、".join(f"{ARTICLES[number]}（{number}）" for number in numbers)
