"""Opens mutants of valid messages and keeps account: taken, the same message, refused, raised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from envelope_mutations import mutate
from fuzz_world import Country

from signer.envelope.verdict import Hold, Refuse

CHUNK = 1000


@dataclass
class Account:
    """What became of the mutants.

    Attributes:
        opened: Mutants opened.
        same: Way of mutation → those taken that are a message really signed, arrived as it may.
        endings: (way of mutation, code) → how many were refused or held.
        faults: What must not be: one line each, with all that repeats it.
    """

    opened: int = 0
    accepted: int = 0
    raised: int = 0
    same: Counter[str] = field(default_factory=Counter)
    endings: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Add another account to this one."""
        self.opened += other.opened
        self.same.update(other.same)
        self.accepted += other.accepted
        self.raised += other.raised
        self.endings.update(other.endings)
        self.faults += other.faults


def run_chunk(country: Country, seed: int, number: int, size: int = CHUNK) -> Account:
    """Open `size` mutants; the same seed and number make the same ones, whoever runs them."""
    choose = Random(f"{seed}/{number}")  # noqa: S311 - repeatable, nothing secret
    account = Account()
    while account.opened < size:
        valid, donor = choose.choice(country.valid), choose.choice(country.valid)
        mutant = mutate(choose, valid, donor)
        if mutant is None:
            continue
        how, data, arrival = mutant
        account.opened += 1
        where = f"seed {seed}, chunk {number}, mutant {account.opened}: {valid.name}, {how}"
        try:
            verdict = country.open(data, valid.now, arrival)
        except Exception as error:  # noqa: BLE001 - any exception at all is the finding
            account.raised += 1
            account.faults.append(f"{where}: raised {type(error).__name__}: {data.hex()}")
            continue
        taken = country.taken(verdict, arrival)
        if taken is None:
            assert isinstance(verdict, (Hold, Refuse))
            account.endings[how, verdict.code] += 1
        elif taken in country.known:
            account.same[how] += 1
        else:
            account.accepted += 1
            account.faults.append(f"{where}: accepted: {data.hex()}")
    return account
