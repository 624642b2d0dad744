"""What a run writes to disk is what the daemons read."""

from __future__ import annotations

import os
import tempfile
import tomllib
from datetime import UTC, datetime

import pytest

from adapters.demo import state as room
from adapters.demo.agencies import CENTRES, load_agencies, shipped_data
from adapters.demo.state import (
    State,
    make_ca,
    make_folder,
    make_keys,
    to_toml,
    write_configs,
    write_tables,
)
from adapters.sql.connector import SqlConnector
from adapters.sql.mapping import SqlMapping
from bus.config.load import load_config
from bus.config.participants import load_participants
from schemas.resources import resources
from signer.keyfiles import FileKeyRing

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    state = State(tmp_path_factory.mktemp("s"), load_agencies(shipped_data() / "tables"))
    asked = []
    make_ca(state, NOW)
    make_keys(state, NOW, lambda: asked.append(1))
    write_tables(state)
    write_configs(state, "127.0.0.1:9", "embedded", 1)
    assert len(asked) == len(state.participants)
    return state


def test_every_participant_has_a_configuration_and_keys_of_its_own(made):
    passphrases = set()
    for participant in made.participants:
        config = load_config(made.config(participant))
        keys = config.keys
        ring = FileKeyRing.load(keys.directory, keys.passphrase_file, NOW)
        passphrases.add(keys.passphrase_file.read_bytes())

        assert config.participant.id == ring.participant == participant
        assert (config.broker.bootstrap, config.broker.profile.value) == ("127.0.0.1:9", "embedded")
        assert config.store.url == f"sqlite+aiosqlite:///{made.folder / participant / 'store.db'}"
        assert config.http.listen == "127.0.0.1:0"
        sockets = made.socket(participant) if participant in CENTRES else None
        assert config.http.socket == sockets
    passphrases.add((made.folder / "ca.pass").read_bytes())
    assert len(passphrases) == len(made.participants) + 1


def test_the_hub_vouches_for_everybody_and_their_offers(made):
    config = load_config(made.config("hub"))

    listed = {p.id: p for p in load_participants(config.hub.participants)}

    assert tuple(listed) == made.participants
    assert all(len(participant.keys) == 3 for participant in listed.values())
    assert {o.resource for o in listed["500000.housing-fund"].offers} == {
        *("housing-fund-account", "housing-fund-loan", "housing-fund-withdrawal")
    }
    assert listed["hub.marriage"].title == "部中心婚姻登记库"
    assert config.hub.review.value == "automatic"


async def test_every_agencys_mapping_fits_its_tables(made):
    for agency in made.agencies:
        path = made.config(agency.id)
        document = tomllib.loads(path.read_text("utf-8"))
        mapping = SqlMapping.from_toml(document, str(path), path.parent)
        connector = SqlConnector(mapping, resources())
        await connector.check()
        await connector.close()


def test_an_item_without_a_column_is_said_not_to_be_held(made):
    document = tomllib.loads(made.config("320000.housing-bureau").read_text("utf-8"))

    (entry,) = document["resource"]
    assert entry["not_held"] == ["id_type"]
    assert "id_type" not in entry
    assert entry["person_name"] == "name"


def test_only_the_owner_can_look_into_the_folder(made):
    folder = make_folder()

    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    secret = [file for file in made.folder.rglob("*") if file.suffix in {".pass", ".key"}]
    assert len(secret) > len(made.participants)
    assert all(file.stat().st_mode & 0o077 == 0 for file in secret)


def test_sockets_get_a_path_that_is_short_enough(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    folder = make_folder()

    assert len(os.fsencode(folder / "370000.sock")) <= 100
    assert list(deep.iterdir()) == []
    folder.rmdir()


def test_topics_are_a_pair_for_each_but_the_hub_and_the_directory(made):
    topics = made.topics()

    assert topics[0] == "hedui.directory"
    assert len(topics) == 1 + 2 * (len(made.participants) - 1)
    assert "hedui.hub.inbox" not in topics


def test_texts_survive_the_way_through_toml():
    keys = {"title": '引号"、反斜杠\\ 与换行\n', "number": 5, "list": ["a", "乙"]}

    assert tomllib.loads(to_toml({"section": keys}))["section"] == keys
    assert room.TERM_WORKING_DAYS == 5
