"""The hub's directory follows file, admissions and revocations, at once and from elsewhere."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import NODE, OPERATOR, WHY, Admitting, Applicant
from daemon_deeds import reader_of

from bus.daemon.admission.hub_directory import HubDirectory
from bus.daemon.catalogue.service import CatalogueService
from bus.errors import ConfigError
from bus.model.admission import Act
from bus.ports.broker_errors import topic_missing
from schemas.loader import load
from signer.directory.view import Standing
from signer.identity import inbox_topic, outbox_topic
from signer.suites.p256_aes256gcm import NAME as P256

NAME = NODE.participant


@pytest.fixture
async def country(country_of):
    """A country of P-256 keys alone: certificates are found in files by their use, one of each."""
    made = country_of(suite=P256)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def hub(country):
    return Admitting(country)


@pytest.fixture
def directory(hub, country, tmp_path):
    made = HubDirectory(
        hub.publisher, country["hub"].store, tmp_path / "participants.toml", (), _published
    )
    made.issuers = country.issuers
    made.told = told = []

    async def published():
        told.append(country["hub"].office.directory.version)

    made.published = published
    _list(country, tmp_path, "hub", "370000")
    return made


async def _published():
    return


def _list(country, folder, *names):
    """Write the list's file, with certificates on disk."""
    entries = []
    for name in names:
        participant = country.directory.participants[name]
        place = folder / "issued" / name
        place.mkdir(parents=True, exist_ok=True)
        for key in participant.keys:
            pem = x509.load_der_x509_certificate(key.certificate).public_bytes(Encoding.PEM)
            (place / f"{key.use}.pem").write_bytes(pem)
        entries.append(
            f'[[participant]]\nid = "{name}"\ntitle = "单位"\ncertificates = "{place}"\n'
        )
    (folder / "participants.toml").write_text("\n".join(entries), encoding="utf-8")


def listed(country):
    return country["hub"].office.directory.participants


async def test_the_directory_is_the_file_and_the_admitted_ones(hub, country, directory):
    await directory.publish()
    assert set(listed(country)) == {"hub", "370000"}
    await hub.certified()
    await directory.publish()
    assert set(listed(country)) == {"hub", "370000", NAME}
    assert listed(country)[NAME].standing is Standing.CERTIFIED
    assert directory.told == [2, 3]
    await directory.publish()
    assert directory.told == [2, 3]  # nothing was due


async def test_what_another_instance_did_is_noticed(hub, country, directory):
    await directory.publish()
    await directory.look()
    assert not directory.wake.is_set()
    await hub.certified()
    await directory.look()
    assert directory.wake.is_set()
    directory.wake.clear()
    await directory.publish()
    await directory.look()
    assert not directory.wake.is_set()
    await hub.service.revoke(NAME, 1, OPERATOR, WHY)
    await directory.look()
    assert directory.wake.is_set()


async def test_an_id_in_both_publishes_nothing_until_it_is_mended(
    hub, country, directory, tmp_path
):
    await directory.publish()
    before = listed(country)
    hub.service.filed = frozenset
    await hub.certified(Applicant(replace(NODE, participant="320000"), generation=2))
    _list(country, tmp_path, "hub", "370000", "320000")
    with pytest.raises(ConfigError, match="PARTICIPANT_TWICE"):
        await directory.publish()
    assert listed(country) == before
    assert directory.filed() == {"hub", "370000", "320000"}
    _list(country, tmp_path, "hub", "370000")
    await directory.publish()
    assert {key.generation for key in listed(country)["320000"].keys} == {2}


async def test_topics_of_who_has_left_are_read_while_they_are_there_and_then_no_more(hub, country):
    await hub.connected()
    await hub.publish()
    reader = reader_of(country, "hub")
    await reader.round()
    topic = outbox_topic(NAME)
    assert topic in reader._topics
    # A topic that is missing is looked for while its participant has not left.
    reader._subscription._refused[topic] = topic_missing(topic)
    await reader.round()
    await reader.round()
    assert topic in reader._topics
    await hub.act(Act.WITHDRAW)
    await hub.publish()
    await reader.round()
    await reader.round()
    assert topic not in reader._topics
    assert outbox_topic("370000") in reader._topics
    # Whoever comes back is read again.
    await hub.certified(Applicant(generation=2))
    await hub.publish()
    await reader.round()
    assert topic in reader._topics
    await reader.close()


async def test_a_topic_of_who_has_left_that_is_there_is_read_to_its_end(hub, country):
    await hub.connected()
    await hub.act(Act.WITHDRAW)
    await hub.publish()
    reader = reader_of(country, "hub")
    await reader.round()
    await reader.round()
    assert outbox_topic(NAME) in reader._topics
    assert inbox_topic(NAME) not in reader._topics
    await reader.close()


REPORT = """
[[agency]]
id = "370000.housing-fund"
"""


@pytest.mark.requirement("R037")
async def test_a_report_has_the_directory_published_and_is_listed(country, directory, tmp_path):
    _list(country, tmp_path, "hub", "370000", "370000.housing-fund")
    file = tmp_path / "participants.toml"
    offer = '[[participant.offer]]\nresource = "housing-fund-account"\nterm_working_days = 5\n'
    file.write_text(file.read_text(encoding="utf-8") + offer, encoding="utf-8")
    await directory.publish()
    assert listed(country)["370000.housing-fund"].offers
    first = country["hub"].office.catalogue.version
    desk = country["370000"]
    service = CatalogueService(desk.office, desk.store, desk.outbox.wake.set)
    await service.report(REPORT, OPERATOR)
    await country.settle()
    await directory.look()
    assert directory.wake.is_set()
    await directory.publish()
    assert listed(country)["370000.housing-fund"].offers == ()
    assert country["hub"].office.catalogue.version > first


@pytest.mark.requirement("R005")
async def test_schemas_of_the_folder_travel_and_a_broken_one_leaves_the_directory_as_it_is(
    country, directory, tmp_path
):
    directory.resources = tmp_path / "schemas"
    directory.resources.mkdir()
    await directory.publish()
    source = json.loads(json.dumps(load("resource/housing-fund-account.v1").source))
    source["hedui"] |= {"resource": "fishing-boat", "category": "boats", "zh": "渔船"}
    file = directory.resources / "boat.avsc"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="RESOURCES_INVALID"):
        await directory.publish()
    assert country["hub"].office.resource("fishing-boat") is None
    file.write_text(json.dumps(source), encoding="utf-8")
    await directory.publish()
    assert country["hub"].office.resource("fishing-boat").zh == "渔船"
