"""What a unit promises of admissions: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from store_samples import KINDS, LATER, NOW, digest, new_place, opened

from bus.errors import DefectError
from bus.model.admission import (
    Act,
    Admission,
    AdmissionState,
    ConformanceReport,
    FiledStandard,
    Filing,
    IssuedGeneration,
    QueuedRenewal,
    Revocation,
    Step,
    StoredFiling,
)
from bus.ports.admission_codec import decode_admission, encode_admission
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt
from signer.directory.view import Offer

FILING = Filing(
    digest=digest(1),
    at=NOW,
    parent="320000",
    title="测试住房公积金",
    generation=1,
    standards=(FiledStandard("MZ/T 108-2018", "2018"),),
    hosts=("10.0.0.7", "2001:db8::7"),
    offers=(Offer("housing-fund-account", ("name", "balance"), 5),),
)
ADMISSION = Admission(
    participant="320000.housing-fund",
    state=AdmissionState.CONNECTED,
    opened=NOW,
    updated=LATER,
    filings=(FILING,),
    issued=(IssuedGeneration(1, (b"\x30\x00der",), (b"\x30issuer",), NOW),),
    steps=(Step(Act.APPLY, AdmissionState.APPLIED, NOW, "王芳", "书面申请"),),
)
REPORT = ConformanceReport("370000", NOW, LATER, True, b"\x00signed")
REVOCATION = Revocation("370000", 1, NOW, "王芳", "私钥泄露")
RENEWAL = QueuedRenewal("370000", 2, NOW, b"HDN1")


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


async def test_an_admission_comes_back_as_it_was_saved_and_is_replaced_whole(store):
    other = replace(ADMISSION, participant="370000", state=AdmissionState.APPLIED, issued=())
    async with store.transaction() as unit:
        assert await unit.admission("370000") is None
        for one in (other, ADMISSION):
            await unit.save_admission(one)
    async with store.transaction() as unit:
        assert await unit.admission("320000.housing-fund") == ADMISSION
        assert await unit.admissions() == [ADMISSION, other]
        changed = replace(other, state=AdmissionState.REFUSED)
        await unit.save_admission(changed)
    async with store.transaction() as unit:
        assert await unit.admission("370000") == changed


async def test_the_mark_changes_with_each_step_and_each_revocation(store):
    step = ADMISSION.steps[0]
    async with store.transaction() as unit:
        marks = [await unit.admission_mark()]
        await unit.save_admission(ADMISSION)
        marks.append(await unit.admission_mark())
        await unit.save_admission(replace(ADMISSION, steps=(step, step)))
        marks.append(await unit.admission_mark())
        assert await unit.revoke(REVOCATION)
        marks.append(await unit.admission_mark())
        assert await unit.admission_mark() == marks[-1]
    assert len(set(marks)) == len(marks)


async def test_the_first_form_of_an_application_file_is_kept(store):
    filed = StoredFiling(digest(1), "370000", NOW + timedelta(microseconds=7), b"\x00sealed")
    async with store.transaction() as unit:
        assert await unit.filing(digest(1)) is None
        await unit.put_filing(filed)
        await unit.put_filing(replace(filed, sealed=b"other"))
    async with store.transaction() as unit:
        assert await unit.filing(digest(1)) == replace(filed, at=NOW)
        assert await unit.filing(digest(2)) is None


async def test_the_latest_report_counts_also_one_that_did_not_pass(store):
    async with store.transaction() as unit:
        assert await unit.report("370000") is None
        await unit.put_report(REPORT)
        assert await unit.report("370000") == REPORT
        failed = replace(REPORT, passed=False, made=LATER)
        await unit.put_report(failed)
    async with store.transaction() as unit:
        assert await unit.report("370000") == failed
        assert await unit.report("320000") is None


async def test_a_generation_is_revoked_once(store):
    second = replace(REVOCATION, generation=2)
    async with store.transaction() as unit:
        assert await unit.revoke(second)
        assert await unit.revoke(REVOCATION)
        assert not await unit.revoke(replace(REVOCATION, at=LATER, reason="再次"))
    async with store.transaction() as unit:
        assert await unit.revocations() == [REVOCATION, second]


async def test_a_renewal_waits_until_it_is_ended(store):
    async with store.transaction() as unit:
        await unit.put_renewal(RENEWAL)
        await unit.put_renewal(replace(RENEWAL, generation=3))
        assert await unit.renewals() == [replace(RENEWAL, generation=3)]
        await unit.end_renewal("320000")
        await unit.end_renewal("370000")
        assert await unit.renewals() == []


async def test_what_a_transaction_wrote_goes_with_it(store):
    with suppress(ZeroDivisionError):
        async with store.transaction() as unit:
            await unit.save_admission(ADMISSION)
            await unit.put_report(REPORT)
            await unit.revoke(REVOCATION)
            await unit.put_renewal(RENEWAL)
            await unit.put_filing(StoredFiling(digest(1), "370000", NOW, b"sealed"))
            raise ZeroDivisionError
    async with store.transaction() as unit:
        assert not await unit.admissions()
        assert not await unit.revocations()
        assert not await unit.renewals()
        assert await unit.report("370000") is None
        assert await unit.filing(digest(1)) is None


@pytest.mark.parametrize("text", ["", "[]", "[{}]", encode_admission(ADMISSION) + "]"])
def test_what_is_no_admission_is_refused(text):
    with pytest.raises(StoreCorrupt) as caught:
        decode_admission(text)
    assert caught.value.code == "ADMISSION_UNREADABLE"


def test_an_admission_with_text_that_is_not_unicode_is_a_defect():
    bad = replace(ADMISSION, steps=(replace(ADMISSION.steps[0], reason="\ud800"),))
    with pytest.raises(DefectError) as caught:
        encode_admission(bad)
    assert caught.value.code == "ADMISSION_UNWRITABLE"
    assert caught.value.where == ADMISSION.participant
