"""From the written application to CONNECTED and out again, at the hub of a country."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import NODE, OPERATOR, SECRETS, WHY, Admitting, Applicant

from adapters.country.issuing import Issuing
from bus.errors import ConfigError, HeduiError, InputError
from bus.flow.listing import listing
from bus.model.admission import Act, AdmissionState, QueuedRenewal
from bus.model.audit import Event
from signer.admission.grant import read_grant, write_grant
from signer.admission.renewal import make_renewal
from signer.admission.request import make_request
from signer.directory.view import KeyUse, Standing
from signer.errors import AdmissionError
from signer.suites.p256_aes256gcm import NAME as P256

NAME = NODE.participant


@pytest.fixture
async def country(country_of):
    """A country of P-256 keys alone: what is asked for by request is of that suite."""
    made = country_of(suite=P256)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def hub(country):
    return Admitting(country)


async def refused(code, coroutine):
    with pytest.raises(HeduiError) as caught:
        await coroutine
    assert caught.value.code == code
    return caught.value


@pytest.mark.requirement("R007")
async def test_nothing_is_listed_before_the_application_is_accepted_and_certified(hub):
    await hub.applied()
    assert NAME not in (await hub.publish()).participants
    await hub.act(Act.APPROVE)
    assert NAME not in (await hub.publish()).participants
    await hub.service.certify(NAME, None, OPERATOR, WHY)
    listed = (await hub.publish()).participants[NAME]
    assert listed.standing is Standing.CERTIFIED
    assert (listed.parent, listed.title, listed.hosts) == ("hub", NODE.title, NODE.hosts)
    assert {(key.use, key.generation) for key in listed.keys} == {(use, 1) for use in KeyUse}


@pytest.mark.requirement("R014")
async def test_connected_needs_a_report_that_passed_and_is_valid(hub):
    await hub.certified()
    await refused("REPORT_MISSING", hub.act(Act.CONNECT))
    await hub.report(passed=False)
    await refused("REPORT_FAILED", hub.act(Act.CONNECT))
    assert (await hub.publish()).participants[NAME].standing is Standing.CERTIFIED
    await hub.report()
    assert (await hub.publish()).participants[NAME].standing is Standing.TESTED
    hub.country.clock.move(timedelta(days=180))
    await refused("REPORT_EXPIRED", hub.act(Act.CONNECT))
    await hub.report()
    made = await hub.act(Act.CONNECT)
    assert made.state is AdmissionState.CONNECTED
    assert (await hub.publish()).participants[NAME].standing is Standing.CONNECTED


async def test_suspended_resumed_tested_again_and_withdrawn(hub):
    await hub.connected()
    await hub.act(Act.SUSPEND)
    assert (await hub.publish()).participants[NAME].standing is Standing.SUSPENDED
    await hub.act(Act.RESUME)
    await hub.act(Act.SUSPEND)
    hub.country.clock.move(timedelta(days=180))
    await refused("REPORT_EXPIRED", hub.act(Act.RESUME))
    assert (await hub.act(Act.RETEST)).state is AdmissionState.CERTIFIED
    await hub.report()
    await hub.act(Act.CONNECT)
    await hub.act(Act.WITHDRAW)
    assert (await hub.publish()).participants[NAME].standing is Standing.WITHDRAWN
    await refused("ADMISSION_ILLEGAL", hub.act(Act.RESUME))


@pytest.mark.requirement("R008")
async def test_every_act_names_operator_instant_and_reason_and_is_audited(hub):
    await hub.connected()
    dossier = await hub.service.dossier(NAME, OPERATOR)
    steps = [(s.act, s.by, s.at) for s in dossier.admission.steps]
    assert steps == [
        (Act.APPLY, OPERATOR, hub.now),
        (Act.APPROVE, OPERATOR, hub.now),
        (Act.CERTIFY, OPERATOR, hub.now),
        (Act.TEST, "hub", hub.now),
        (Act.CONNECT, OPERATOR, hub.now),
    ]
    moved = [e for e in await hub.audit() if e.event == Event.ADMISSION_MOVED]
    assert [e.detail["act"] for e in moved] == [str(s.act) for s in dossier.admission.steps]
    assert {e.actor for e in moved} == {f"operator:{OPERATOR}", "hub"}
    assert moved[0].detail["reason"] == WHY
    assert (await hub.audit())[-1].event == Event.ADMISSION_READ


@pytest.mark.requirement("R009")
@pytest.mark.requirement("R010")
async def test_contacts_and_standards_are_on_file_and_rest_sealed(hub):
    await hub.applied()
    dossier = await hub.service.dossier(NAME, OPERATOR)
    (application,) = dossier.applications
    assert {c.responsibility for c in application.answers.contacts} == {
        c.responsibility for c in NODE.contacts
    }
    assert application.answers.contacts[0].name == SECRETS[0]
    assert [s.name for s in dossier.admission.filing.standards] == [s.name for s in NODE.standards]
    tables = hub.country["hub"].store._tables
    everything = repr(tables.admissions) + repr(tables.filings) + repr(tables.audit)
    for secret in SECRETS:
        assert secret not in everything
        assert repr(secret.encode()) not in everything


@pytest.mark.requirement("R013")
async def test_an_amendment_changes_addresses_at_once_and_keeps_the_history(hub):
    applicant = await hub.connected()
    moved = applicant.application(hub.now, hosts=("10.33.0.12",))
    await hub.service.amend(moved, OPERATOR, WHY)
    assert (await hub.publish()).participants[NAME].hosts == ("10.33.0.12",)
    dossier = await hub.service.dossier(NAME, OPERATOR)
    assert [f.hosts for f in dossier.admission.filings] == [NODE.hosts, ("10.33.0.12",)]
    elsewhere = applicant.application(hub.now, parent="320000")
    await refused("AMENDMENT_PARENT", hub.service.amend(elsewhere, OPERATOR, WHY))


async def test_whoever_is_in_the_lists_file_is_not_admitted_too(hub, country):
    other = Applicant(replace(NODE, participant="370000"))
    await refused(
        "PARTICIPANT_LISTED", hub.service.submit(other.application(hub.now), OPERATOR, WHY)
    )
    await hub.connected()
    async with country["hub"].store.transaction() as unit:
        admissions = await unit.admissions()
    twice = replace(country.directory.participants["370000"], id=NAME)
    with pytest.raises(ConfigError, match="PARTICIPANT_TWICE"):
        listing([twice], (), admissions, ())


async def test_a_damaged_application_is_not_filed(hub):
    data = bytearray(Applicant().application(hub.now))
    data[-1] ^= 1
    with pytest.raises(AdmissionError):
        await hub.service.submit(bytes(data), OPERATOR, WHY)
    assert await hub.service.admissions() == []


async def test_a_second_application_waits_for_the_end_of_the_first(hub):
    applicant = await hub.applied()
    again = hub.service.submit(applicant.application(hub.now), OPERATOR, WHY)
    await refused("ADMISSION_ILLEGAL", again)
    await hub.act(Act.REFUSE)
    other = Applicant()
    await hub.service.submit(other.application(hub.now), OPERATOR, WHY)
    assert [a.state for a in await hub.service.admissions()] == [AdmissionState.APPLIED]
    assert await hub.service.admissions([AdmissionState.CONNECTED]) == []


async def test_a_place_below_somebody_who_is_not_listed_is_not_approved(hub):
    city = Applicant(replace(NODE, participant="330100", parent="330000"))
    await hub.applied(city)
    await refused("PARENT_NOT_LISTED", hub.act(Act.APPROVE, "330100"))
    await hub.certified()
    await hub.publish()
    await hub.act(Act.APPROVE, "330100")


@pytest.mark.requirement("R054")
async def test_a_county_below_a_city_is_admitted_and_nobody_deeper_than_an_envelopes_seals(hub):
    await hub.certified()
    await hub.publish()
    above = NAME
    for name in ("330100", "330101", "330102"):
        await hub.certified(Applicant(replace(NODE, participant=name, parent=above)))
        assert (await hub.publish()).participants[name].parent == above
        above = name
    await hub.applied(Applicant(replace(NODE, participant="330103", parent=above)))
    await refused("PARENT_TOO_DEEP", hub.act(Act.APPROVE, "330103"))


async def test_whoever_comes_back_cannot_join_below_itself(hub):
    await hub.connected()
    await hub.publish()
    city = Applicant(replace(NODE, participant="330100", parent=NAME))
    await hub.certified(city)
    await hub.publish()
    await hub.act(Act.WITHDRAW)
    back = Applicant(replace(NODE, parent="330100"), generation=2)
    await hub.service.submit(back.application(hub.now), OPERATOR, WHY)
    assert (await hub.publish()).participants[NAME].parent == "hub"
    await refused("PARENT_NOT_LISTED", hub.act(Act.APPROVE))


async def test_whoever_comes_back_gets_a_later_generation_beside_the_old_keys(hub):
    await hub.connected()
    await hub.act(Act.WITHDRAW)
    back = Applicant(generation=1)
    await hub.applied(back)
    await hub.act(Act.APPROVE)
    await refused("GENERATION_TAKEN", hub.service.certify(NAME, None, OPERATOR, WHY))
    assert hub.authority.issued == [(NAME, 1, NODE.hosts)]  # nothing was issued for nothing
    await hub.act(Act.WITHDRAW)
    await hub.certified(Applicant(generation=2))
    listed = (await hub.publish()).participants[NAME]
    assert listed.standing is Standing.CERTIFIED
    assert {key.generation for key in listed.keys} == {1, 2}


@pytest.mark.requirement("R012")
async def test_a_grant_made_offline_is_taken_when_it_certifies_what_was_asked(country):
    hub = Admitting(country, online=False)
    applicant = await hub.applied()
    await hub.act(Act.APPROVE)
    await refused("AUTHORITY_MISSING", hub.service.certify(NAME, None, OPERATOR, WHY))
    other = hub.grant(Applicant())
    await refused("GRANT_KEY", hub.service.certify(NAME, other, OPERATOR, WHY))
    foreign = hub.grant(Applicant(replace(NODE, participant="340000")))
    await refused("GRANT_OTHER", hub.service.certify(NAME, foreign, OPERATOR, WHY))
    stranger = Admitting(type(country)(**(vars(country) | _another_root(country))))
    unknown = stranger.grant(applicant)
    await refused("GRANT_ROOT", hub.service.certify(NAME, unknown, OPERATOR, WHY))
    await refused("GRANT_MALFORMED", hub.service.certify(NAME, b"HDG1", OPERATOR, WHY))
    given = hub.grant(applicant)
    made, grant = await hub.service.certify(NAME, given, OPERATOR, WHY)
    assert (made.state, grant) == (AdmissionState.CERTIFIED, given)


def _another_root(country):
    return {"authorities": Issuing.begin(P256, (), country.clock.now())}


async def test_a_grant_that_was_lost_is_made_again(hub):
    await hub.applied()
    await hub.act(Act.APPROVE)
    made, grant = await hub.service.certify(NAME, None, OPERATOR, WHY)
    again, same = await hub.service.certify(NAME, None, OPERATOR, WHY)
    assert (again, same) == (made, grant)
    assert len(hub.authority.issued) == 1


async def test_only_an_approved_application_is_certified(hub):
    await hub.applied()
    await refused("ADMISSION_ILLEGAL", hub.service.certify(NAME, None, OPERATOR, WHY))
    assert not hub.authority.issued


async def test_a_queued_renewal_is_certified_beside_the_earlier_keys(hub):
    await hub.connected()
    await hub.publish()
    newer = Applicant(generation=2)
    request = make_renewal(NAME, 2, newer.requests)
    async with hub.country["hub"].store.transaction() as unit:
        await unit.put_renewal(QueuedRenewal(NAME, 2, hub.now, request))
    assert [r.generation for r in await hub.service.renewals()] == [2]
    made, grant = await hub.service.certify(NAME, None, OPERATOR, WHY)
    assert made.state is AdmissionState.CONNECTED
    assert read_grant(grant).generation == 2
    assert write_grant(read_grant(grant)) == grant
    assert not await hub.service.renewals()
    listed = (await hub.publish()).participants[NAME]
    assert {key.generation for key in listed.keys} == {1, 2}
    assert listed.encryption_key(hub.now).generation == 2


async def test_a_key_that_is_listed_for_another_is_refused(hub):
    applicant = await hub.connected()
    await hub.publish()
    thief = Applicant(replace(NODE, participant="340000"))
    thief.keys = applicant.keys
    thief.requests = {use: make_request(thief.keys[use], "340000", 1, use) for use in KeyUse}
    await hub.applied(thief)
    await hub.act(Act.APPROVE, "340000")
    await refused("KEY_LISTED", hub.service.certify("340000", None, OPERATOR, WHY))


async def test_a_revoked_generation_is_listed_as_revoked_and_the_next_one_is_not(hub):
    await hub.connected()
    await hub.publish()
    await refused("GENERATION_UNKNOWN", hub.service.revoke(NAME, 7, OPERATOR, WHY))
    await refused("GENERATION_UNKNOWN", hub.service.revoke("nobody", 1, OPERATOR, WHY))
    made = await hub.service.revoke(NAME, 1, OPERATOR, WHY)
    await refused("GENERATION_REVOKED", hub.service.revoke(NAME, 1, OPERATOR, WHY))
    listed = (await hub.publish()).participants[NAME]
    assert {key.revoked for key in listed.keys} == {made.at}
    dossier = await hub.service.dossier(NAME, OPERATOR)
    assert dossier.revocations == (made,)
    assert dossier.admission.steps[-1].act is Act.REVOKE
    assert Event.KEYS_REVOKED in {e.event for e in await hub.audit()}


async def test_keys_of_a_participant_of_the_file_can_be_revoked_too(hub):
    await hub.service.revoke("370000", 1, OPERATOR, WHY)
    listed = (await hub.publish()).participants["370000"]
    assert {key.revoked for key in listed.keys} == {hub.now}


async def test_the_generation_that_signs_the_directory_is_not_revoked(hub):
    await refused("GENERATION_SIGNS", hub.service.revoke("hub", 1, OPERATOR, WHY))


async def test_what_changes_the_directory_asks_for_its_publication(hub):
    await hub.applied()
    assert hub.wakes == 0
    await hub.act(Act.APPROVE)
    before = hub.wakes
    await hub.service.certify(NAME, None, OPERATOR, WHY)
    await hub.service.revoke("370000", 1, OPERATOR, WHY)
    assert hub.wakes == before + 2


async def test_of_whom_there_is_no_admission_nothing_is_done(hub):
    await refused("ADMISSION_UNKNOWN", hub.act(Act.SUSPEND, "370000"))
    await refused("ADMISSION_UNKNOWN", hub.service.dossier("370000", OPERATOR))
    await refused("ADMISSION_UNKNOWN", hub.service.certify("370000", None, OPERATOR, WHY))
    with pytest.raises(InputError, match="ADMISSION_UNKNOWN"):
        await hub.service.amend(
            Applicant(replace(NODE, participant="340000")).application(hub.now), OPERATOR, WHY
        )


async def test_a_report_on_somebody_who_is_not_waiting_for_it_is_kept_only(hub):
    await hub.connected()
    await hub.report(passed=False)
    assert (await hub.service.dossier(NAME, OPERATOR)).report.passed is False
    assert [a.state for a in await hub.service.admissions()] == [AdmissionState.CONNECTED]
    await hub.report(participant="370000")
    filed = [e for e in await hub.audit() if e.event == Event.REPORT_FILED]
    assert filed[-1].detail == {"participant": "370000", "passed": 1}
