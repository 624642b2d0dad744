"""Over TLS: whom the service is, and who the adapter is to it."""

from __future__ import annotations

import pytest
from rest_site import Authority, reply, rest_site

from adapters.contract import SourceUnavailableError
from bus.errors import ConfigError
from bus.model.messages import OutcomeKind
from signer.errors import KeyFileError

GOOD = {"code": 0, "total": 0, "data": []}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return Authority(folder / "ours", "Test CA"), Authority(folder / "other", "Other CA")


@pytest.fixture(scope="module")
def mutual(authorities):
    """A service that lets in only whom our authority knows."""
    ours, _ = authorities
    with rest_site((*ours.issue("service"), ours.file)) as site:
        site.answer = lambda _: reply(GOOD)
        yield site


@pytest.fixture
def secure(rest, mutual, authorities):
    def make(**source):
        ours, _ = authorities
        given = {"ca_file": str(ours.file), "retries": 0, **source}
        kept = {key: value for key, value in given.items() if value is not None}
        return rest(kept, url=f"{mutual.url}/api/")

    return make


def shown(files, **more):
    return {"client_certificate": str(files[0]), "client_key": str(files[1]), **more}


async def test_both_sides_show_certificates(secure, authorities, person, ask, now):
    ours, _ = authorities
    mutually = secure(**shown(ours.issue("adapter")))
    await mutually.check()
    [outcome] = (await mutually.lookup(ask(person(1)), now)).outcomes
    assert outcome.kind is OutcomeKind.NOT_FOUND


async def test_a_key_may_be_locked(secure, authorities, person, ask, now, tmp_path):
    ours, _ = authorities
    files = ours.issue("locked", b"sesame")
    (tmp_path / "pass").write_text("sesame\n")
    (tmp_path / "pass").chmod(0o600)
    open_with = shown(files, client_key_passphrase_file="pass")
    await secure(**open_with).lookup(ask(person(1)), now)
    (tmp_path / "pass").write_text("other\n")
    with pytest.raises(ConfigError, match="SOURCE_CERTIFICATE"):
        secure(**open_with)
    with pytest.raises(ConfigError, match="SOURCE_CERTIFICATE"):
        secure(**shown(files))


async def test_a_service_of_another_authority_is_told_nothing(
    secure, authorities, mutual, person, ask, now
):
    ours, other = authorities
    mutual.asked.clear()
    for ca_file in (str(other.file), None):
        stranger = secure(**shown(ours.issue("adapter")), ca_file=ca_file)
        with pytest.raises(SourceUnavailableError, match="SOURCE_TLS"):
            await stranger.lookup(ask(person(1)), now)
        with pytest.raises(SourceUnavailableError, match="SOURCE_TLS"):
            await stranger.check()
    assert mutual.asked == []


async def test_a_service_with_another_name_is_told_nothing(
    rest, mutual, authorities, person, ask, now
):
    ours, _ = authorities
    mutual.asked.clear()
    source = {"ca_file": str(ours.file), **shown(ours.issue("adapter"))}
    wrong_host = rest(source, url=f"https://localhost:{mutual.port}/api/")
    with pytest.raises(SourceUnavailableError, match="SOURCE_TLS"):
        await wrong_host.lookup(ask(person(1)), now)
    assert mutual.asked == []


@pytest.mark.parametrize("stranger", [False, True])
async def test_an_adapter_without_a_good_certificate_is_not_let_in(
    secure, authorities, mutual, person, ask, now, stranger
):
    _, other = authorities
    mutual.asked.clear()
    outside = secure(**(shown(other.issue("adapter")) if stranger else {}))
    with pytest.raises(SourceUnavailableError, match=r"SOURCE_(TLS|FAILED)"):
        await outside.lookup(ask(person(1)), now)
    assert mutual.asked == []


async def test_clear_text_to_a_tls_service_is_no_answer(rest, mutual, person, ask, now):
    clear = rest(url=f"http://127.0.0.1:{mutual.port}/api/")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await clear.lookup(ask(person(1)), now)


def test_a_key_that_others_can_read_is_refused(secure, authorities):
    ours, _ = authorities
    files = ours.issue("open")
    files[1].chmod(0o640)
    with pytest.raises(KeyFileError, match="KEY_FILE_READABLE"):
        secure(**shown(files))


def test_files_that_are_no_certificates_are_named_not_shown(secure, authorities, tmp_path):
    ours, other = authorities
    (tmp_path / "junk").write_text("sesame")
    for faulty in (
        {"ca_file": "junk"},
        {"ca_file": "missing"},
        shown((ours.issue("one")[0], other.issue("two")[1])),
        shown((tmp_path / "junk", ours.issue("three")[1])),
    ):
        with pytest.raises(ConfigError, match="SOURCE_CERTIFICATE") as caught:
            secure(**faulty)
        assert "sesame" not in str(caught.value)
