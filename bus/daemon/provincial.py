"""Do our own rules still tighten what the catalogue says (R039)?

One that would relax it keeps the daemon from starting. Where a directory with shorter terms comes
later the exchange goes on: the rule's term is then passed over, as `tightened` takes the shorter
one anyway, and that is said in the log, the books and a metric until somebody mends the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import ConfigError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.ports.store import Store
from bus.rules.provincial_rules import ProvincialRule, relaxing

LOOK_EVERY = timedelta(seconds=30)


def terms_below(office: Office) -> Mapping[str, int]:
    """Return the shortest feedback term of each resource that agencies below us offer."""
    directory = office.directory
    found: dict[str, int] = {}
    for name, participant in directory.participants.items():
        if office.me in directory.path_up(name)[1:]:
            for offer in participant.offers:
                term = found.get(offer.resource, offer.term_working_days)
                found[offer.resource] = min(term, offer.term_working_days)
    return found


def check_rules(office: Office, where: str) -> None:
    """Refuse to start with a rule that relaxes the catalogue, as far as one is known (R039).

    Args:
        office: The centre, with its rules.
        where: The configuration file.

    Raises:
        ConfigError: `RULE_RELAXES` with the first such rule; `RULE_RESOURCE_UNKNOWN`.
    """
    if not (office.rules and office.ready):
        return
    for rule in office.rules:
        if office.resource(rule.resource) is None:
            raise ConfigError(
                "RULE_RESOURCE_UNKNOWN",
                f"第 {rule.number} 条本省细则所指的信息资源 {rule.resource} 不存在",
                f"rule {rule.number} is about {rule.resource}, which is no resource",
                remedy_zh="请按资源目录更正 resource",
                remedy_en="Write resource as the catalogue does",
                where=f"{where} [[rule]] {rule.number}",
            )
    terms = terms_below(office)
    for rule in relaxing(office.rules, terms):
        most = terms[rule.resource]
        raise ConfigError(
            "RULE_RELAXES",
            f"第 {rule.number} 条本省细则（{rule.resource}）的反馈期限 {rule.term_working_days} 个"
            f"工作日长于资源目录的 {most} 个工作日",
            f"rule {rule.number} ({rule.resource}) sets a term of {rule.term_working_days} working "
            f"days, the catalogue {most}",
            remedy_zh=f"细则只能收紧：请改为不超过 {most}，或删除此项",
            remedy_en=f"A rule may only tighten: set at most {most}, or remove it",
            where=f"{where} [[rule]] {rule.number}",
        )


@dataclass
class RuleWatch:
    """Watches the rules against every directory that comes into force."""

    office: Office
    store: Store
    metrics: Metrics
    log: Logger
    _told: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    async def look(self) -> None:
        """Set the gauge, and say what would relax the catalogue and did not before.

        Raises:
            HeduiError: Store trouble; it is said the next time.
        """
        if not (self.office.rules and self.office.ready):
            return
        terms = terms_below(self.office)
        found = relaxing(self.office.rules, terms)
        self.metrics.rules_ignored.set(len(found))
        ignored = frozenset((rule.number, terms[rule.resource]) for rule in found)
        for rule in found:
            if (rule.number, terms[rule.resource]) not in self._told:
                await self._tell(rule, terms[rule.resource])
        self._told = ignored

    async def _tell(self, rule: ProvincialRule, term: int) -> None:
        self.log.error(
            "rule.ignored", code="RULE_RELAXES", where=f"[[rule]] {rule.number}", count=term
        )
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            work.note(
                None,
                Event.RULE_IGNORED,
                rule=rule.number,
                resource=rule.resource,
                term=rule.term_working_days,
                catalogue=term,
            )
            await work.finish()
