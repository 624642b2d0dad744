"""Check 7: what the time of each message rests on, and what a revocation does to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from proof_world import MARRIAGE, REQUESTER, STEP, World, delivered_world, row
from timestamp_authority import TimestampAuthority, needs_openssl

from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, to_key
from signer.errors import CertificateError
from signer.proof.account import Basis, CertificateStanding, ProofState
from signer.proof.failures import ProofError
from signer.proof.later import DirectoryFileError, directory_file, read_directory_file
from signer.proof.verify import verify

DAY = timedelta(days=1)


def revoked(tree, name: str, at: datetime):
    """The directory of a week later, in which a participant's keys are revoked as of `at`."""
    participant = tree.participants[name]
    keys = tuple(replace(key, revoked=at) for key in participant.keys)
    others = tree.participants | {name: replace(participant, keys=keys)}
    return replace(tree.directory, version=9, participants=others, issued=tree.now + 7 * DAY)


def failure_of(data, tree, **given) -> ProofError:
    with pytest.raises(ProofError) as caught:
        verify(data, tree.validator, **given)
    return caught.value


def times(account):
    return {(m.kind, m.source.id): m.time for m in account.messages}


def standing(account):
    return {c.owner.id: (c.standing, c.revoked) for c in account.certificates}


@pytest.fixture(name="authority", scope="module")
def authority_fixture(tmp_path_factory):
    return TimestampAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(name="stamped")
def stamped_fixture(tree, authority):
    """A delivered query of these days, its head stamped by an authority with the real clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    root = make_root(now)
    issuing = make_issuing(root, now)
    for name in tree.participants:
        leaves = issue_participant(issuing, name, 1, now)
        keys = tuple(to_key(leaf.der) for leaf in leaves.leaves)
        tree.participants[name] = replace(tree.participants[name], keys=keys)
        tree.rings[name] = type(tree.rings[name]).of(leaves)
    tree.root, tree.issuing, tree.now = root, issuing, now - timedelta(minutes=5)
    tree.validator = PathValidator(root.der)
    return delivered_world(tree, stamp=authority.stamp)


# --- what the time rests on


def test_without_an_authority_time_rests_on_what_others_signed(tree):
    world = delivered_world(tree)
    found = times(verify(world.file(), tree.validator))
    decision = world.messages["decision"]
    application = found["Application", REQUESTER]
    # The hub names the application in its decision; it stated the time when it sealed that.
    assert (application.basis, application.by) == (Basis.ENDORSEMENT, "hub")
    assert application.at == decision.received - STEP
    # The requester noted the decision when it came.
    assert found["Decision", "hub"].by == REQUESTER
    assert found["Decision", "hub"].at == decision.received
    # An answer's first relay says when it had it.
    assert found["Answer", "321200.housing-bureau"].by == "321200"
    # Whoever answers names the roster part; nobody has to name a consent or a receipt.
    assert found["Roster", REQUESTER].basis is Basis.ENDORSEMENT
    assert found["Consent", REQUESTER] == found["Receipt", REQUESTER]
    assert (found["Consent", REQUESTER].basis, found["Consent", REQUESTER].at) == (
        Basis.NONE,
        None,
    )


def test_the_signer_s_own_clock_is_never_what_time_rests_on(tree):
    account = verify(delivered_world(tree).file(), tree.validator)
    for told in account.messages:
        assert told.time.by != told.source.id


@needs_openssl
def test_a_timestamp_covers_every_message_before_it(stamped, authority):
    tree = stamped.tree
    account = verify(stamped.file(), tree.validator, authorities=[authority.root])
    (stamp,) = account.timestamps
    assert (stamp.known, stamp.authority) == (True, "CN=Test TSA")
    assert {m.time for m in account.messages} == {account.messages[0].time}
    assert account.messages[0].time.basis is Basis.TIMESTAMP
    assert account.messages[0].time.at == stamp.at


@needs_openssl
def test_a_timestamp_of_an_unknown_authority_is_told_and_not_relied_on(stamped):
    account = verify(stamped.file(), stamped.tree.validator)
    assert [s.known for s in account.timestamps] == [False]
    assert Basis.TIMESTAMP not in {m.time.basis for m in account.messages}


@needs_openssl
def test_a_timestamp_over_another_head_fails_check_6(stamped, authority):
    other = authority.stamp(b"another head")
    stamped.stamp = lambda _data: other
    failure = failure_of(stamped.file(), stamped.tree, authorities=[authority.root])
    assert (failure.code, failure.check.number) == ("PROOF_TIMESTAMP", 6)
    assert "TIMESTAMP_IMPRINT" in failure.en


# --- revoked since, revoked before


@pytest.mark.parametrize(
    "name", ["hub", "320000", "321200", "hub.marriage", "321200.housing-bureau"]
)
def test_a_certificate_revoked_the_next_day_leaves_the_proof_valid_and_is_told(tree, name):
    world = delivered_world(tree)
    at = tree.now + DAY
    account = verify(world.file(), tree.validator, later=revoked(tree, name, at))
    assert account.state is ProofState.DELIVERED
    assert standing(account)[name] == (CertificateStanding.REVOKED_SINCE, at)
    assert {s for owner, (s, _) in standing(account).items() if owner != name} == {
        CertificateStanding.VALID
    }
    assert not any(m.unproven for m in account.messages)
    assert (account.later.version, account.later.issued) == (9, tree.now + 7 * DAY)


@pytest.mark.parametrize(
    "name", ["hub", "320000", "321200", "hub.marriage", "321200.housing-bureau"]
)
def test_a_certificate_revoked_the_day_before_fails_check_7(tree, name):
    world = delivered_world(tree)
    failure = failure_of(world.file(), tree, later=revoked(tree, name, tree.now - DAY))
    assert (failure.code, failure.check.number) == ("PROOF_KEY_REVOKED", 7)


def test_of_two_known_revocations_the_earlier_counts(tree):
    world = delivered_world(tree)
    agency = tree.participants["hub.marriage"]
    keys = tuple(replace(key, revoked=world.now + STEP) for key in agency.keys)
    later = revoked(tree, "hub.marriage", tree.now + 9 * DAY)
    tree.participants["hub.marriage"] = replace(agency, keys=keys)
    account = verify(world.file(made_at=world.now + 2 * STEP), tree.validator, later=later)
    assert standing(account)["hub.marriage"][1] == world.now + STEP
    later = revoked(tree, "hub.marriage", tree.now)
    assert failure_of(world.file(), tree, later=later).code == "PROOF_KEY_REVOKED"


def test_what_the_requester_alone_vouches_for_is_not_relied_on_once_its_key_is_revoked(tree):
    world = delivered_world(tree)
    at = tree.now + DAY
    account = verify(world.file(), tree.validator, later=revoked(tree, REQUESTER, at))
    # Application and roster were named by others in time; the rest may be a thief's.
    told = {(m.kind, m.unproven) for m in account.messages if m.source.id == REQUESTER}
    assert told == {
        ("Application", False),
        ("Roster", False),
        ("Consent", True),
        ("Dispatch", True),
        ("Receipt", True),
    }
    assert account.state is ProofState.ANSWERED
    assert standing(account)[REQUESTER] == (CertificateStanding.REVOKED_SINCE, at)


@needs_openssl
def test_with_a_timestamp_a_requester_s_revocation_takes_nothing_away(stamped, authority):
    tree = stamped.tree
    later = revoked(tree, REQUESTER, tree.now + DAY)
    account = verify(stamped.file(), tree.validator, authorities=[authority.root], later=later)
    assert account.state is ProofState.DELIVERED
    assert not any(m.unproven for m in account.messages)
    assert standing(account)[REQUESTER][0] is CertificateStanding.REVOKED_SINCE


@needs_openssl
def test_a_message_stamped_after_the_revocation_fails_check_7(stamped, authority):
    tree = stamped.tree
    later = revoked(tree, REQUESTER, tree.now)
    failure = failure_of(stamped.file(), tree, authorities=[authority.root], later=later)
    assert failure.code == "PROOF_KEY_REVOKED"


def test_with_hub_and_requester_revoked_nobody_is_left_to_say_when(tree):
    world = delivered_world(tree)
    later = revoked(tree, REQUESTER, tree.now + DAY)
    hub = revoked(tree, "hub", tree.now + DAY).participants["hub"]
    later = replace(later, participants=later.participants | {"hub": hub})
    failure = failure_of(world.file(), tree, later=later)
    assert (failure.code, failure.check.number) == ("PROOF_TIME_UNPROVEN", 7)


@needs_openssl
def test_with_a_timestamp_even_then_the_proof_stands(stamped, authority):
    tree = stamped.tree
    later = revoked(tree, REQUESTER, tree.now + DAY)
    hub = revoked(tree, "hub", tree.now + DAY).participants["hub"]
    later = replace(later, participants=later.participants | {"hub": hub})
    account = verify(stamped.file(), tree.validator, authorities=[authority.root], later=later)
    assert account.state is ProofState.DELIVERED


def test_a_certificate_that_ended_on_the_way_fails_check_7(tree):
    """Sealed in the last second of the certificate, received by anybody only after it."""
    root = make_root(tree.now - 400 * DAY)
    tree.root, tree.issuing = root, make_issuing(root, tree.now - 400 * DAY)
    for name in tree.participants:
        year = timedelta(days=365) if name == "hub.marriage" else timedelta(0)
        leaves = issue_participant(tree.issuing, name, 1, tree.now - year + 60 * STEP)
        keys = tuple(to_key(leaf.der) for leaf in leaves.leaves)
        tree.participants[name] = replace(tree.participants[name], keys=keys)
        tree.rings[name] = type(tree.rings[name]).of(leaves)
    tree.validator = PathValidator(root.der)
    world = World(tree)
    world.applied()
    world.decide()
    world.dispatch("hub", [row("hub.marriage", MARRIAGE, world.due)])
    end = next(k.not_after for k in tree.participants["hub.marriage"].keys if k.use == "signing")
    world.now, world.transit = end - STEP, 10 * STEP
    world.answer("hub.marriage", MARRIAGE)
    failure = failure_of(world.file(), tree)
    assert (failure.code, failure.check.number) == ("PROOF_KEY_EXPIRED", 7)
    assert failure.where.endswith("seal 0 hub.marriage")


def revocation_list(tree, name: str, at: datetime) -> bytes:
    """The issuing authority's list of a week later, with a participant's certificates on it."""
    issuing = tree.issuing
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing.certificate.subject)
        .last_update(tree.now + 7 * DAY)
        .next_update(tree.now + 14 * DAY)
        .add_extension(x509.CRLNumber(5), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.private_key.public_key()),
            critical=False,
        )
    )
    for leaf in tree.leaves[name].leaves:
        serial = leaf.certificate.serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        builder = builder.add_revoked_certificate(entry.build())
    made = builder.sign(issuing.private_key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def test_a_revocation_list_says_as_much_as_a_later_directory(tree):
    world = delivered_world(tree)
    at = tree.now + DAY
    account = verify(world.file(), tree.validator, crls=[revocation_list(tree, "hub.marriage", at)])
    assert standing(account)["hub.marriage"] == (CertificateStanding.REVOKED_SINCE, at)
    assert standing(account)["hub"] == (CertificateStanding.VALID, None)
    assert [(crl.number, crl.issued) for crl in account.crls] == [(5, tree.now + 7 * DAY)]
    before = revocation_list(tree, "hub.marriage", tree.now - DAY)
    assert failure_of(world.file(), tree, crls=[before]).code == "PROOF_KEY_REVOKED"


def test_a_revocation_list_that_is_none_or_of_another_authority_is_refused(tree):
    data = delivered_world(tree).file()
    with pytest.raises(CertificateError) as caught:
        verify(data, tree.validator, crls=[b"nothing"])
    assert caught.value.code == "CRL_MALFORMED"
    other = make_root(tree.now)
    tree.issuing = make_issuing(other, tree.now)
    with pytest.raises(CertificateError) as caught:
        verify(data, tree.validator, crls=[revocation_list(tree, "hub.marriage", tree.now)])
    assert caught.value.code == "CRL_ISSUER"


# --- years later


def test_ten_years_later_with_every_certificate_expired_a_proof_verifies(tree):
    """The world is of 2015: the clock of this machine is more than ten years on."""
    then = datetime(2015, 3, 2, 8, 0, tzinfo=UTC)
    root = make_root(then)
    tree.root, tree.issuing, tree.now = root, make_issuing(root, then), then
    for name in tree.participants:
        leaves = issue_participant(tree.issuing, name, 1, then)
        keys = tuple(to_key(leaf.der) for leaf in leaves.leaves)
        tree.participants[name] = replace(tree.participants[name], keys=keys)
        tree.rings[name] = type(tree.rings[name]).of(leaves)
    tree.validator = PathValidator(root.der)
    world = delivered_world(tree)
    assert all(
        key.not_after < datetime.now(UTC) - 9 * 365 * DAY
        for participant in tree.participants.values()
        for key in participant.keys
    )
    account = verify(world.file(), tree.validator)
    assert account.state is ProofState.DELIVERED
    assert account.made_at.year == 2015


# --- a later directory in a file


def test_a_later_directory_is_read_from_a_file_as_of_its_own_time(tree):
    records = tree.records()
    later = read_directory_file(directory_file(records), tree.validator)
    assert (later.version, set(later.participants)) == (1, set(tree.participants))


def test_a_directory_file_that_is_none_or_of_another_root_is_refused(tree):
    data = directory_file(tree.records())
    for broken in (b"", b"HDDF", data[:-1], b"HDP1" + data[4:], directory_file({})):
        with pytest.raises(DirectoryFileError) as caught:
            read_directory_file(broken, tree.validator)
        assert caught.value.code == "DIRECTORY_FILE_MALFORMED"
    with pytest.raises(DirectoryFileError) as caught:
        read_directory_file(data, PathValidator(make_root(tree.now).der))
    assert caught.value.code == "DIRECTORY_FILE_INVALID"
