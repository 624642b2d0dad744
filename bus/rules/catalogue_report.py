"""Whether a province's report of its resources can be listed (R037, R038, R054, R055).

The same rules serve the province before it sends and the hub before it lists, so that what is
refused is refused where somebody can mend it. A report is taken whole or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bus.catalog.levels import level_by_place, organised_at
from bus.model.catalogue_report import CatalogReport, ReportedAgency, ReportedOffer
from bus.model.messages import Finding
from schemas.codes import levels, updates
from schemas.resources import IDENTITY_ITEMS, Resource
from signer.directory.view import Directory, Level, RangeAbility, Standing
from signer.identity import HUB, Role

LONGEST_TERM = 366
"""Working days of the longest feedback term a report may state."""

LONGEST_BACK = 1200
"""Months: a hundred years."""


def check_reporter(reporter: str, directory: Directory) -> tuple[Finding, ...]:
    """Return why a participant may not report.

    Provinces do, for all levels below them (R038), and the centre for its own agencies (R037).
    """
    listed = directory.get(reporter)
    if reporter == HUB or (listed and listed.role is Role.NODE and listed.parent == HUB):
        return ()
    return (
        Finding(
            "REPORT_NOT_PROVINCIAL",
            "资源目录由省级核对机构上报，请报省级汇总",
            "provinces report the catalogue: have yours report it",
            reporter,
        ),
    )


def check_report(
    report: CatalogReport,
    reporter: str,
    directory: Directory,
    resources: Mapping[str, Resource],
) -> tuple[Finding, ...]:
    """Return everything wrong with a report; each finding names the entry and what would be right.

    Args:
        report: The report; its names are names (`bus.wire.bodies`).
        reporter: Who reports.
        directory: The directory in force.
        resources: Known resources by name.
    """
    found = list(check_reporter(reporter, directory))
    if not report.agencies:
        found.append(
            Finding(
                "REPORT_EMPTY",
                "没有列出任何机构；撤回资源须列出机构并将其资源留空",
                "no agency is listed; to withdraw, list the agency without resources",
                "",
            )
        )
    times = Counter(agency.agency for agency in report.agencies)
    for agency in report.agencies:
        if times[agency.agency] > 1:
            found.append(
                Finding("REPORT_AGENCY_TWICE", "机构重复", "it is listed twice", agency.agency)
            )
        found += _agency(agency, reporter, directory, resources)
    return tuple(found)


def _agency(
    stated: ReportedAgency,
    reporter: str,
    directory: Directory,
    resources: Mapping[str, Resource],
) -> Iterable[Finding]:
    listed = directory.get(stated.agency)
    path = directory.path_up(stated.agency)
    above = path[1:2] if reporter == HUB else path[1:]
    present = listed is not None and listed.standing is not Standing.WITHDRAWN
    if not present or path[0].partition(".")[1] == "" or reporter not in above:
        # R037, R038: of its own area, and of nobody else's; the centre's area is its own agencies.
        yield Finding(
            "REPORT_AGENCY_NOT_BELOW",
            "不是上报方及其下级的机构前置",
            "no agency of the reporter or below it",
            stated.agency,
        )
        return
    times = Counter(offer.resource for offer in stated.offers)
    for offer in stated.offers:
        where = f"{stated.agency} {offer.resource}"
        if times[offer.resource] > 1:
            yield Finding("REPORT_RESOURCE_TWICE", "资源重复", "it is listed twice", where)
        resource = resources.get(offer.resource)
        if resource is None:
            yield Finding(
                "REPORT_RESOURCE_UNKNOWN",
                "没有该信息资源的模式",
                "there is no schema of such a resource",
                where,
            )
            continue
        yield from _items(offer, resource, where)
        yield from _terms(offer, where)
        yield from check_level(offer.level, resource.category, path, f"{where} level")


def _items(offer: ReportedOffer, resource: Resource, where: str) -> Iterable[Finding]:
    names = {item.name for item in resource.items}
    unknown = sorted(set(offer.items) - names)
    if unknown:
        listed = "、".join(unknown[:5])
        yield Finding(
            "REPORT_ITEM_UNKNOWN",
            f"模式中没有内容项 {listed}",
            f"the schema has no such items: {listed}",
            f"{where} items",
        )
    if len(set(offer.items)) < len(offer.items):
        yield Finding("REPORT_ITEM_TWICE", "内容项重复", "an item stands twice", f"{where} items")
    if not set(offer.items) & (names - set(IDENTITY_ITEMS)):
        yield Finding(
            "REPORT_ITEMS_EMPTY",
            "除身份项外没有任何内容项",
            "there is no item besides those of identity",
            f"{where} items",
        )


def _terms(offer: ReportedOffer, where: str) -> Iterable[Finding]:
    if not 1 <= offer.term_working_days <= LONGEST_TERM:
        # R029
        yield Finding(
            "REPORT_TERM",
            f"反馈期限须为 1 至 {LONGEST_TERM} 个工作日",
            f"the feedback term is 1 to {LONGEST_TERM} working days",
            f"{where} term_working_days",
        )
    limited = offer.back_months is not None
    if limited and offer.range is RangeAbility.LATEST:
        yield Finding(
            "REPORT_BACK",
            "只有最新数据的资源不填可追溯月数",
            "a resource with the latest data only reaches back no months",
            f"{where} back_months",
        )
    elif offer.back_months is not None and not 1 <= offer.back_months <= LONGEST_BACK:
        yield Finding(
            "REPORT_BACK",
            f"可追溯月数须为 1 至 {LONGEST_BACK}",
            f"the months it reaches back are 1 to {LONGEST_BACK}",
            f"{where} back_months",
        )
    if offer.updates not in updates():
        allowed = "、".join(updates())
        yield Finding(
            "REPORT_UPDATES",
            f"更新周期代码须为 {allowed} 之一",
            "the update schedule is no code of the table",
            f"{where} updates",
        )


def check_level(level: Level, category: str, path: Sequence[str], where: str) -> Iterator[Finding]:
    """Yield why a level does not fit an agency or a category (R054, R055).

    Args:
        level: Where the data are said to be organised.
        category: The category of the resource.
        path: The agency's path up to the hub, itself first.
        where: The place a finding names.
    """
    place = level_by_place(path)
    if level.rank > place.rank:
        # ★ Nobody answers for a larger area than its own.
        zh = levels()[place].zh
        yield Finding(
            "REPORT_LEVEL_ABOVE",
            f"层级高于机构所在的层级，应不高于{zh}",
            f"the level is above the agency's own, which is {place}",
            where,
        )
    organised = organised_at(category)
    if organised is not None and level.rank < organised.rank:
        # R054, R055: raised where conditions allow, never lowered.
        zh = levels()[organised].zh
        yield Finding(
            "REPORT_LEVEL_BELOW",
            f"该类数据按规定由{zh}组织，可以提高，不得降低",
            f"the rules have such data organised at the level {organised}: higher, never lower",
            where,
        )
