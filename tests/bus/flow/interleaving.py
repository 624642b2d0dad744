"""Drives one query through every participant, its messages in a random order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import interleaving_desks as desks
from flow_samples import NOW
from interleaving_desks import Desk
from interleaving_world import AGENCIES, TREE, Books, Letter

from bus.flow import delay
from bus.flow.expiry import application_ends, orders_end, orders_ran_out
from bus.flow.lifecycle import RUNNING, TRANSITIONS
from bus.model.case import Case, CaseRole, QueryState, RowState
from signer.identity import HUB

_S, _R = QueryState, CaseRole


@dataclass(frozen=True)
class Plot:
    """What happens beside the plain path, and after how many steps; None: never.

    `silent` agencies never answer; `suspended` is one that is cut off.
    """

    seed: int
    requester: str = "370000"
    assented: bool = True
    accepted: bool = True
    withdrawn: int | None = None
    undecided: int | None = None
    expired: int | None = None
    cut: int | None = None
    suspended: str | None = None
    silent: frozenset[str] = frozenset()
    again: float = 0.0
    delays: int = 0


def plot(seed: int) -> Plot:
    """Return a plot: plain, or with a few of all the things that may happen."""
    rng = Random(seed)  # noqa: S311 - it only shuffles
    own = rng.choice(("370000", "321200"))
    chosen = {
        "requester": own,
        "assented": rng.random() < 0.9,
        "accepted": rng.random() < 0.9,
        "again": rng.choice((0.0, 0.2)),
        "delays": rng.choice((0, 0, 3)),
    }
    if rng.random() < 0.6:
        chosen["withdrawn"] = rng.randrange(160)
    if rng.random() < 0.15:
        chosen["undecided"] = rng.randrange(40)
    if rng.random() < 0.3:
        chosen["expired"] = rng.randrange(40, 200)
        chosen["silent"] = frozenset(rng.sample(AGENCIES, rng.randint(0, 2)))
    if rng.random() < 0.25:
        others = [n for n in TREE if n not in (HUB, own, "320000") and not n.startswith(own)]
        chosen["suspended"] = rng.choice(others)
        chosen["cut"] = rng.randrange(160)
    return Plot(seed, **chosen)


@dataclass
class Country:
    """All desks, and the letters in the air."""

    plot: Plot
    rng: Random
    books: Books = field(default_factory=Books)
    desks: dict[str, Desk] = field(default_factory=dict)
    air: list[Letter] = field(default_factory=list)
    now: object = NOW
    ran_out: bool = False
    steps: int = 0
    told: int = 0

    def case(self, name: str, role: CaseRole) -> Case | None:
        return self.desks[name].cases.get(role)

    @property
    def own(self) -> Desk:
        return self.desks[self.plot.requester]

    def state(self, name: str, role: CaseRole) -> QueryState | None:
        case = self.case(name, role)
        return None if case is None else case.state


def begin(plot: Plot) -> Country:
    """Return the country in which a plot's application has just been sent."""
    books = Books()
    made = {name: Desk(name, books) for name in TREE}
    rng = Random(plot.seed + 1)  # noqa: S311 - it only shuffles
    country = Country(plot, rng, books, made)
    country.air += desks.submit(country.own, NOW)
    return country


def finish(country: Country, limit: int = 5000) -> Country:
    """Go on until nothing moves any more."""
    end = country.steps + limit
    while country.steps < end:
        country.steps += 1
        if not _happen(country) and not _move(country):
            return country
    raise AssertionError("it never comes to an end")


def play(plot: Plot) -> Country:
    """Play a plot until nothing moves any more."""
    return finish(begin(plot))


def _move(country: Country) -> bool:
    """Hand over a letter, or let somebody do what is due; False where nothing is left."""
    rng = country.rng
    able = [i for i, one in enumerate(country.air) if not country.desks[one.to].paused]
    doings = _doings(country)
    if able and (not doings or rng.random() < 0.8):
        letter = country.air.pop(rng.choice(able))
        if rng.random() < country.plot.again:
            country.air.append(letter)
        hand_over(country, letter)
        return True
    if doings:
        country.air += rng.choice(doings)()
        return True
    return _at_rest(country)


def hand_over(country: Country, letter: Letter) -> None:
    desk = country.desks[letter.to]
    country.air += desk.take(letter, country.now)


def _doings(country: Country) -> list:
    """What participants may do by themselves now."""
    return [*_decisions(country), *_lookups(country), *_readings(country)]


def _decisions(country: Country) -> Iterator:
    plot, now, hub, province = (
        country.plot,
        country.now,
        country.desks[HUB],
        country.desks["320000"],
    )
    if country.state(HUB, _R.REVIEWER) is _S.UNDER_REVIEW:
        yield lambda: desks.decide(hub, now, accepted=plot.accepted)
    if country.state("320000", _R.SUPERIOR) is _S.UNDER_REVIEW:
        yield lambda: desks.assent(province, now, yes=plot.assented)
    case = country.own.cases[_R.REQUESTER]
    if case.state in RUNNING and any(delay.unanswered(row) for row in case.rows):
        yield lambda: desks.agree(country.own, country.rng, now)


def _lookups(country: Country) -> Iterator:
    for name in AGENCIES:
        desk = country.desks[name]
        case = desk.cases.get(_R.AGENCY)
        owing = case is not None and any(row.state is RowState.OPEN for row in case.rows)
        if owing and not desk.paused:
            if name not in country.plot.silent:
                yield lambda desk=desk: desks.work(desk, country.rng, country.now)
            if country.told < country.plot.delays:
                yield lambda desk=desk: _told(country, desk)


def _readings(country: Country) -> Iterator:
    """The hub lists somebody as suspended, and the others read it, each in its own time."""
    cut, listed = country.plot.cut, country.desks[HUB].suspended
    if listed is None and cut is not None and country.steps >= cut:
        yield lambda: _read(country, HUB)
    for name, desk in country.desks.items():
        if desk.suspended != listed:
            yield lambda name=name: _read(country, name)


def _told(country: Country, desk: Desk) -> list[Letter]:
    country.told += 1
    return desks.notify(desk, country.rng, country.now)


def _read(country: Country, name: str) -> list[Letter]:
    """A participant reads the directory that cuts somebody off."""
    desk = country.desks[name]
    desk.suspended = country.plot.suspended
    return [] if name in AGENCIES else desk.cut(country.now)


def _happen(country: Country, *, rest: bool = False) -> bool:
    """Let happen what the plot has for this step; at rest, what it has for a later one."""
    for name, doing in (
        ("undecided", _undecided),
        ("withdrawn", _withdrawn),
        ("expired", _expired),
    ):
        step = getattr(country.plot, name)
        if step is not None and (rest or country.steps >= step):
            letters = doing(country)
            if letters is not None:
                country.plot = replace(country.plot, **{name: None})
                country.air += letters
                return True
    return False


def _undecided(country: Country) -> list[Letter] | None:
    """The requester gives up waiting for a decision."""
    case = country.own.cases[_R.REQUESTER]
    if case.state is not _S.SUBMITTED:
        return None
    return desks.run_out_undecided(country.own, application_ends(case))


def _withdrawn(country: Country) -> list[Letter] | None:
    """The requester withdraws, where that is possible still."""
    state = country.own.cases[_R.REQUESTER].state
    if _S.CANCELLING not in TRANSITIONS[_R.REQUESTER].get(state, ()):
        return None
    return desks.withdraw(country.own, country.now)


def _expired(country: Country) -> list[Letter] | None:
    """Thirty days have passed: the hub ends what is owed."""
    case = country.case(HUB, _R.REVIEWER)
    if case is None or not orders_ran_out(case, orders_end(case)):
        return None
    country.now, country.ran_out = orders_end(case), True
    return desks.run_out(country.desks[HUB], country.now)


def _at_rest(country: Country) -> bool:
    """Let timers look, and what the plot had for a later step; False where nothing comes of it."""
    if _happen(country, rest=True):
        return True
    before = len(country.air), [dict(desk.cases) for desk in country.desks.values()]
    for name, desk in country.desks.items():
        if name not in AGENCIES and not desk.paused:
            country.air += desk.cut(country.now) + desk.retry(country.now)
    return before != (len(country.air), [dict(desk.cases) for desk in country.desks.values()])
