"""Packages on a medium: sealed and opened, every change of a byte refused, keys pinned."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.errors import HeduiError
from schemas.loader import decode, encode, load
from signer.errors import CertificateError, KeyFileError
from signer.keyfiles import HeldKeys
from signer.medium.agency import PUBLIC, AgencyKeys, make_keys, read_keys
from signer.medium.authority import signer_of
from signer.medium.failures import CODES, MediumError
from signer.medium.package import (
    MAX_PACKAGE,
    SUITE,
    PackageHeader,
    PackageKind,
    open_package,
    seal,
)

ADAPTER = "320000.housing-fund"
ID = UUID("019c2f00-0000-7000-8000-000000000001")
SECRET = bytes(range(32))
CONTENTS = "名单：测试甲".encode()


@pytest.fixture(scope="module")
def agency():
    """The agency's keys in memory: private, and public."""
    signing, encryption = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ring = HeldKeys("agency", signing, [encryption])
    return ring, AgencyKeys(signing.public_key(), encryption.public_key())


@pytest.fixture
def header(tree, agency):
    leaf = tree.leaves[ADAPTER].signing.der
    return PackageHeader(
        kind=PackageKind.QUERY,
        id=ID,
        answers=None,
        made=tree.now,
        adapter=ADAPTER,
        suite=SUITE,
        signer=tree.rings[ADAPTER].signing_key,
        recipient=agency[1].encryption_id,
        certificates=(leaf, tree.issuing.der),
    )


@pytest.fixture
def sealed(tree, agency, header):
    return seal(header, CONTENTS, agency[1].encryption, tree.rings[ADAPTER], SECRET)


@pytest.fixture
def opening(tree, agency):
    """Open as the agency does."""

    def run(data, kind=PackageKind.QUERY, ring=None, now=None, verifier=None):
        at = now or tree.now
        verifier = verifier or partial(signer_of, validator=tree.validator, now=at)
        return open_package(data, kind, ring or agency[0], verifier, at)

    return run


def code(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    assert isinstance(caught.value, MediumError | CertificateError)
    return caught.value.code


@pytest.mark.requirement("R066")
def test_a_package_opens_for_whom_it_was_sealed_and_shows_nothing_outside(opening, sealed, header):
    assert opening(sealed) == (header, CONTENTS)
    assert CONTENTS not in sealed
    assert "测试".encode() not in sealed


@pytest.mark.requirement("R066")
def test_every_changed_byte_is_refused(opening, sealed):
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1 << place % 8
        assert code(opening, bytes(changed)), place


@pytest.mark.requirement("R066")
def test_every_cut_is_refused(opening, sealed):
    for size in (0, 4, 5, 100, len(sealed) // 2, len(sealed) - 1):
        assert code(opening, sealed[:size]) in {"MEDIUM_SIZE", "MEDIUM_MALFORMED"}
    assert code(opening, sealed + b"\0") == "MEDIUM_MALFORMED"
    assert code(opening, b"PK\x03\x04" + sealed[4:]) == "MEDIUM_MALFORMED"
    assert code(opening, b"HDM1" + bytes(MAX_PACKAGE)) == "MEDIUM_SIZE"


@pytest.mark.requirement("R012")
def test_only_the_adapters_own_certificate_under_the_root_makes_a_query(
    tree, agency, header, opening
):
    recipient = agency[1].encryption

    def made(name, certificates, **changed):
        ring = tree.rings[name]
        fields = {"signer": ring.signing_key, "certificates": certificates} | changed
        return seal(replace(header, **fields), CONTENTS, recipient, ring, SECRET)

    mine = header.certificates
    other = (tree.leaves["321200.housing-bureau"].signing.der, tree.issuing.der)
    assert code(opening, made("321200.housing-bureau", other)) == "CERT_ROLE"
    assert code(opening, made("321200.housing-bureau", mine)) == "MEDIUM_SIGNER"
    assert code(opening, made(ADAPTER, ())) == "MEDIUM_SIGNER"
    tls = (tree.leaves[ADAPTER].encryption.der, tree.issuing.der)
    assert code(opening, made(ADAPTER, tls)) == "CERT_EKU"
    # A certificate that is right, and a signature by somebody else under it.
    forged = made("321200.housing-bureau", mine, signer=header.signer)
    assert code(opening, forged) == "MEDIUM_SIGNATURE"


@pytest.mark.requirement("R012")
def test_a_certificate_counts_by_the_clock_of_who_opens(opening, sealed, tree):
    later = tree.now + timedelta(days=400)
    assert code(opening, sealed, now=later) == "CERT_EXPIRED"
    earlier = tree.now - timedelta(days=1, minutes=1)
    assert code(opening, sealed, now=earlier) == "CERT_NOT_YET_VALID"


@pytest.mark.requirement("R066")
def test_keys_kind_suite_and_time_must_fit(opening, sealed, header, tree, agency):
    ring, keys = agency
    stranger = HeldKeys("agency", *_pair())
    assert code(opening, sealed, ring=stranger) == "MEDIUM_RECIPIENT"
    assert code(opening, sealed, kind=PackageKind.RETURN) == "MEDIUM_KIND"
    early = seal(
        replace(header, made=tree.now + timedelta(days=1, seconds=1)),
        CONTENTS,
        keys.encryption,
        tree.rings[ADAPTER],
        SECRET,
    )
    assert code(opening, early) == "MEDIUM_TIME"
    with pytest.raises(MediumError, match="MEDIUM_SUITE"):
        seal(replace(header, suite="x/1"), CONTENTS, keys.encryption, ring, SECRET)


@pytest.mark.requirement("R066")
def test_the_contents_of_one_package_cannot_go_under_another_signature(
    opening, sealed, header, agency, tree
):
    """Whoever takes a sealed package and signs it anew, as another adapter, opens nothing."""
    schema = load("medium/package.v1")
    name = "321200.housing-bureau"
    ring = tree.rings[name]
    own = replace(
        header,
        adapter=name,
        signer=ring.signing_key,
        certificates=(tree.leaves[name].signing.der, tree.issuing.der),
    )
    theirs = decode(schema, seal(own, b"", agency[1].encryption, ring, SECRET))
    datum = decode(schema, sealed) | {"protected": theirs["protected"]}
    h = load("medium/header.v1")
    assert decode(h, datum["protected"])["adapter"] == name
    signed = _signed(datum)
    datum["signature"] = ring.sign(signed)
    assert code(opening, encode(schema, datum)) == "MEDIUM_SEALED"


def _signed(datum):
    parts = (datum[name] for name in ("protected", "epoch", "ciphertext"))
    return b"hedui/medium/1" + b"".join(hashlib.sha256(part).digest() for part in parts)


def _pair():
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    return first, [second]


@pytest.mark.requirement("R066")
def test_a_return_is_opened_under_the_pinned_key_only(tree, agency, opening):
    ring, keys = agency
    recipient = tree.leaves[ADAPTER].encryption
    header = PackageHeader(
        kind=PackageKind.RETURN,
        id=ID,
        answers=ID,
        made=tree.now,
        adapter=ADAPTER,
        suite=SUITE,
        signer=keys.signing_id,
        recipient=tree.rings[ADAPTER].encryption_keys[0],
        certificates=(),
    )
    public = recipient.private_key.public_key()
    data = seal(header, CONTENTS, public, ring, SECRET)
    how = {"kind": PackageKind.RETURN, "ring": tree.rings[ADAPTER]}
    assert opening(data, verifier=lambda _: keys.signing, **how) == (header, CONTENTS)
    other = _pair()[0].public_key()
    assert code(opening, data, verifier=lambda _: other, **how) == "MEDIUM_SIGNATURE"
    without = seal(replace(header, answers=None), CONTENTS, public, ring, SECRET)
    assert code(opening, without, verifier=lambda _: keys.signing, **how) == "MEDIUM_MALFORMED"


def test_keys_are_made_in_a_directory_of_their_own_and_read_back(tmp_path):
    made = make_keys(tmp_path / "agency", b"passphrase")
    assert (tmp_path / "agency").stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in (tmp_path / "agency").iterdir()} == {0o600}
    public = AgencyKeys.read(tmp_path / "agency" / PUBLIC)
    assert public.fingerprint == made.fingerprint
    groups = made.fingerprint.split(" ")
    assert (len(groups), {len(group) for group in groups}) == (8, {4})
    ring = read_keys(tmp_path / "agency", b"passphrase")
    assert ring.signing_key == public.signing_id
    assert ring.encryption_keys == (public.encryption_id,)
    with pytest.raises(KeyFileError, match="KEY_PASSPHRASE"):
        read_keys(tmp_path / "agency", b"other")
    with pytest.raises(KeyFileError, match="KEY_FILE_EXISTS"):
        make_keys(tmp_path / "agency", b"passphrase")


def test_a_file_that_is_no_pair_of_keys_is_refused(tmp_path):
    def pem(curve):
        key = ec.generate_private_key(curve).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    one, other = pem(ec.SECP256R1()), pem(ec.SECP384R1())
    for number, content in enumerate((b"", one, one + one, one + other, one * 3, b"x" * 9)):
        file = tmp_path / f"{number}.pub"
        file.write_bytes(content)
        with pytest.raises(KeyFileError, match="KEY_FILE_MALFORMED"):
            AgencyKeys.read(file)


def test_every_code_says_what_to_do_in_both_languages():
    for name, texts in CODES.items():
        error = MediumError(name)
        assert all(texts)
        assert (error.zh, error.en, error.remedy_zh, error.remedy_en) == texts
