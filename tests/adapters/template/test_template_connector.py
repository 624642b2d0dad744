"""The connectors of lists: mapping and kit; what was taken back and cannot be used any more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from list_samples import NOW, PEOPLE, TASK, WITHDRAWAL, filled

from adapters.contract import Books, Lookup, Setup, SourcePendingError, Subject, Task
from adapters.kit.run import run_kit
from adapters.mapping.faults import MappingError
from adapters.registry import open_connector
from adapters.template.kept import seal
from adapters.template.read import FilledWorkbook
from bus.errors import DefectError
from bus.model.returns import ReturnedAnswer
from bus.ports.memory_store import MemoryStore
from schemas.resources import resources
from signer.storekey import StoreKey

KEY = TASK.token.key
ENTRY = {"name": WITHDRAWAL.name, "not_held": ["paid_to"]}


def setup(folder, books=None, source=None, known=None, **changed):
    document = {"source": source or {"kind": "template"}, "resource": [{**ENTRY, **changed}]}
    return Setup(document, "adapter.toml", folder, known or resources(), books)


@pytest.fixture
async def books():
    store, key = MemoryStore(), StoreKey.ephemeral()
    await store.open()
    return Books("320000.housing-fund", store, lambda: key)


def lookup(items=TASK.items):
    people = tuple(Subject(p.reference, p.name, p.id_type, p.id_number) for p in PEOPLE)
    task = Task(TASK.query, KEY.order, KEY.part, KEY.line, "370000", "b", "p", TASK.due)
    return Lookup(WITHDRAWAL.name, items, None, None, people, task)


async def keep(books, resource=WITHDRAWAL, **changed):
    found = FilledWorkbook(filled().saved(), NOW).answers(TASK, WITHDRAWAL)
    sealed = seal(books.key(), KEY, resource, found)
    kept = ReturnedAnswer(
        KEY, TASK.query, WITHDRAWAL.name, sealed, found.as_of, NOW, "王芳", bytes(32)
    )
    async with books.store.transaction() as unit:
        await unit.save_returned_answer(replace(kept, **changed))


@pytest.mark.requirement("R117")
async def test_the_kit_finds_nothing_against_a_list_but_that_people_answer(tmp_path):
    connector = open_connector(setup(tmp_path))
    report = await run_kit(connector, {WITHDRAWAL.name: WITHDRAWAL}, (), NOW)
    assert report.passes()
    assert not [line for line in report.lines if line.result.code]


@pytest.mark.requirement("R020")
async def test_every_fault_of_the_mapping_is_named(tmp_path):
    with pytest.raises(MappingError) as caught:
        open_connector(setup(tmp_path, columns={"name": "xm"}, source={"kind": "medium"}))
    assert [(f.code, f.where) for f in caught.value.findings] == [
        ("MAPPING_INVALID", "source.agency_keys"),
        ("MAPPING_INVALID", "resource[1].columns"),
    ]
    with pytest.raises(MappingError) as caught:
        await open_connector(setup(tmp_path, not_held=["paid_too"])).check()
    assert [(f.code, f.where) for f in caught.value.findings] == [
        ("ITEM_UNKNOWN", "housing-fund-withdrawal.not_held.paid_too")
    ]
    with pytest.raises(MappingError) as caught:
        await open_connector(setup(tmp_path, name="nothing")).check()
    assert [f.code for f in caught.value.findings] == ["RESOURCE_UNKNOWN"]
    twice = {"source": {"kind": "template"}, "resource": [ENTRY, ENTRY]}
    with pytest.raises(MappingError, match="MAPPING_INVALID"):
        open_connector(Setup(twice, "adapter.toml", tmp_path, resources(), None))


@pytest.mark.requirement("R052")
async def test_only_the_items_asked_for_leave(tmp_path, books):
    await keep(books)
    connector = open_connector(setup(tmp_path, books))
    result = await connector.lookup(lookup(("amount",)), NOW)
    assert {frozenset(record) for record in result.outcomes[0].records} == {frozenset({"amount"})}
    other = replace(lookup(), resource="housing-fund-loan")
    codes = {one.code for one in (await connector.lookup(other, NOW)).outcomes}
    assert codes == {"RESOURCE_NOT_OFFERED"}


async def test_a_list_answers_in_bites_too(tmp_path, books):
    await keep(books)
    connector = open_connector(setup(tmp_path, books))
    whole = await connector.lookup(lookup(), NOW)
    assert len(whole.outcomes) > 1
    for person, outcome in zip(lookup().persons, whole.outcomes, strict=True):
        bite = await connector.lookup(replace(lookup(), persons=(person,)), NOW)
        assert bite.outcomes == (outcome,)


async def test_what_rests_names_nobody_and_opens_for_its_own_task_only(tmp_path, books):
    await keep(books)
    async with books.store.transaction() as unit:
        kept = await unit.returned_answer(KEY)
    assert "测试甲".encode() not in kept.sealed
    other = replace(KEY, line=KEY.line + 1)
    async with books.store.transaction() as unit:
        await unit.save_returned_answer(replace(kept, key=other))
    connector = open_connector(setup(tmp_path, books))
    asked = lookup()
    moved = replace(asked, task=replace(asked.task, line=other.line))
    with pytest.raises(DefectError) as caught:
        await connector.lookup(moved, NOW)
    assert caught.value.code == "RETURN_DAMAGED"


async def test_a_resource_that_changed_since_waits_for_another_list(tmp_path, books):
    await keep(books)
    changed = replace(WITHDRAWAL, schema=resources()["housing-fund-loan"].schema)
    known = {**resources(), WITHDRAWAL.name: changed}
    connector = open_connector(setup(tmp_path, books, known=known))
    with pytest.raises(SourcePendingError) as caught:
        await connector.lookup(lookup(), NOW)
    assert caught.value.code == "RETURN_OF_OLDER_SCHEMA"
