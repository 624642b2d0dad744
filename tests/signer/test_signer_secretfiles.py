"""A directory of keys that is renewed: whole at every moment, the earlier one kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from signer import secretfiles
from signer.errors import KeyFileError
from signer.exchange import exchange
from signer.secretfiles import place_directory


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def keys(tmp_path):
    directory = tmp_path / "keys"
    place_directory(directory, {"key": b"first"})
    return directory


def test_two_directories_change_places(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)

    assert exchange(tmp_path / "a", tmp_path / "b")

    assert (tmp_path / "a" / "file").read_text() == "b"
    assert (tmp_path / "b" / "file").read_text() == "a"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "none")


@pytest.mark.parametrize("able", [True, False])
def test_the_earlier_keys_are_kept(keys, monkeypatch, able):
    if not able:
        monkeypatch.setattr(secretfiles, "exchange", lambda _one, _other: False)
    kept = keys.with_name("keys.g1")

    place_directory(keys, {"key": b"second"}, kept)

    assert (keys / "key").read_bytes() == b"second"
    assert (kept / "key").read_bytes() == b"first"
    assert sorted(path.name for path in keys.parent.iterdir()) == ["keys", "keys.g1"]


def test_a_renewal_that_dies_half_way_leaves_keys_in_their_place(keys, monkeypatch):
    def dies(self, target):
        raise Killed

    monkeypatch.setattr(Path, "rename", dies)
    with pytest.raises(Killed):
        place_directory(keys, {"key": b"second"}, keys.with_name("keys.g1"))

    assert (keys / "key").read_bytes() == b"second"


def test_a_renewal_whose_earlier_keys_cannot_be_kept_changes_nothing(keys, monkeypatch):
    def refuses(self, target):
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(KeyFileError, match="KEY_FILE_UNWRITABLE"):
        place_directory(keys, {"key": b"second"}, keys.with_name("keys.g1"))

    assert (keys / "key").read_bytes() == b"first"
    assert [path.name for path in keys.parent.iterdir()] == ["keys"]
