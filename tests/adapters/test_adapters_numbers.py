"""ID numbers however a source holds them: found, or named at start-up, never a wrong NOT_FOUND."""

from __future__ import annotations

import pytest

from adapters.mapping.faults import MappingError
from adapters.numbers import plain_number, stored_forms
from bus.model.messages import OutcomeKind


def wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


async def unseen(connector) -> MappingError:
    with pytest.raises(MappingError) as caught:
        await connector.check()
    return caught.value


@pytest.mark.requirement("R072")
@pytest.mark.parametrize("lower", [False, True])
async def test_a_number_stored_full_width_is_found(
    connector, withdrawal, person, ask, now, number_with_x, lower
):
    stored = wide(number_with_x.lower() if lower else number_with_x)
    withdrawal(1, zjhm=f" {stored} ")
    reading = connector()
    await reading.check()
    asked = (person(1, id_number=number_with_x), person(1, id_number=stored, reference=2))
    result = await reading.lookup(ask(*asked), now)
    assert [one.kind for one in result.outcomes] == [OutcomeKind.FOUND, OutcomeKind.FOUND]


@pytest.mark.requirement("R072")
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda number: wide(number[:6]) + number[6:],
        lambda number: number[:-1] + wide(number[-1]),
        lambda number: f"{number[:6]} {number[6:]}",
        lambda number: f"{number[:6]}\u3000{number[6:]}",
        lambda number: f"{wide(number[:6])} {wide(number[6:])}",
        lambda number: f"{number}\u3000",
        lambda number: f"\t{number}",
        lambda number: f"{number}\u200b",
        lambda number: f"{number[:3]}\ufeff{number[3:]}",
    ],
)
async def test_a_number_no_lookup_can_find_stops_the_start(
    connector, withdrawal, number_with_x, exact, spoil
):
    withdrawal(1)
    withdrawal(2, zjhm=spoil(number_with_x))
    withdrawal(2, zjhm=spoil(number_with_x))
    error = await unseen(connector(id_number_exact=exact))
    assert [(one.code, one.where) for one in error.findings] == [
        ("ID_NUMBER_UNSEEN", "gjj_tq.zjhm")
    ]
    assert error.findings[0].en.startswith("1 ID numbers hold blanks")
    assert number_with_x[6:14] not in str(error)


async def test_full_width_numbers_are_not_exact(connector, withdrawal, number):
    withdrawal(1, zjhm=wide(number(1)))
    error = await unseen(connector(id_number_exact=True))
    assert [one.code for one in error.findings] == ["ID_NUMBER_UNSEEN"]


@pytest.mark.parametrize("stored", [None, "", "  ", "E12345678", "军字第2001988号", "H0-12/3"])
async def test_other_documents_and_missing_numbers_are_no_fault(connector, withdrawal, stored):
    withdrawal(1, zjhm=stored, zjlx="414")
    for exact in (False, True):
        if stored != "  ":
            await connector(id_number_exact=exact).check()
    await connector().check()


async def test_a_number_with_a_blank_asked_as_it_is_stored_is_found(
    connector, withdrawal, person, ask, now
):
    withdrawal(1, zjhm="AB 123")
    result = await connector().lookup(ask(person(1, id_number="ab 123")), now)
    assert result.outcomes[0].kind is OutcomeKind.FOUND


def test_the_forms_of_a_number():
    assert stored_forms("99X") == {"99X", "９９Ｘ", "９９ｘ"}
    assert stored_forms("990") == {"990", "９９０"}
    assert plain_number(" 9９ ０\u200b1x") == "9901X"
