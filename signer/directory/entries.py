"""A participant's entry as data, and read back with its certificates.

Two versions are read. Version 2 is written only for what version 1 has no room for, so that an
entry that says nothing new keeps its bytes and is read by those who know version 1 alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from signer.certificates import PathValidator, require, suite_of
from signer.directory.signed import SignedRecord, malformed
from signer.directory.view import (
    CatalogueMark,
    Key,
    Level,
    Mode,
    Offer,
    Participant,
    RangeAbility,
    Standing,
)
from signer.errors import CertificateError, DirectoryError
from signer.identity import HUB, IdentityError, Role, role_of


def entry_version(participant: Participant) -> int:
    """Return the version of `directory/entry` that a participant's entry is written in."""
    plain = all(offer.plain for offer in participant.offers)
    return 1 if plain and participant.catalogue is None else 2


def entry_content(participant: Participant) -> dict[str, Any]:
    """Return an entry's payload as data of its `entry_version`.

    Of a key the certificate, suite and revocation are written.
    """
    version = entry_version(participant)
    content = _content(participant)
    if version == 1:
        return content
    mark = participant.catalogue
    content["offers"] = [
        written | offer_terms(offer)
        for written, offer in zip(content["offers"], participant.offers, strict=True)
    ]
    content["catalogue"] = (
        None
        if mark is None
        else {"version": mark.version, "since": mark.since, "digest": mark.digest}
    )
    return content


def offer_terms(offer: Offer) -> dict[str, Any]:
    """Return what version 2 says of an offer beyond version 1, as data."""
    return {
        "level": None if offer.level is None else str(offer.level),
        "range": None if offer.range is None else str(offer.range),
        "back_months": offer.back_months,
        "updates": offer.updates,
        "mode": str(offer.mode),
    }


def read_offer(content: Mapping[str, Any]) -> Offer:
    """Return the offer that data of either version state, with the defaults of version 1."""
    level, ability = content.get("level"), content.get("range")
    return Offer(
        content["resource"],
        tuple(content["items"]),
        content["term_working_days"],
        None if level is None else Level(level),
        None if ability is None else RangeAbility(ability),
        content.get("back_months"),
        content.get("updates"),
        Mode(content.get("mode", Mode.ONLINE)),
    )


def _content(participant: Participant) -> dict[str, Any]:
    return {
        "id": participant.id,
        "version": participant.version,
        "role": str(participant.role),
        "parent": participant.parent,
        "title": participant.title,
        "standing": str(participant.standing),
        "certificates": [
            {"certificate": k.certificate, "suite": k.suite, "revoked": k.revoked}
            for k in participant.keys
        ],
        "hosts": list(participant.hosts),
        "offers": [
            {
                "resource": offer.resource,
                "items": list(offer.items),
                "term_working_days": offer.term_working_days,
            }
            for offer in participant.offers
        ],
        "reads": list(participant.reads),
    }


def read_entry(
    entry: SignedRecord, name: str, validator: PathValidator, issuers: Sequence[bytes]
) -> Participant:
    """Read an entry whose signature is verified.

    Args:
        entry: The record.
        name: Its key on the topic, which must be the participant's id.
        validator: Validates to the root.
        issuers: DER of the issuing authorities.

    Raises:
        DirectoryError: `DIRECTORY_MALFORMED`, and as `listed_keys`.
    """
    content = entry.content
    if content["id"] != name or content["role"] != _role(name) or content["version"] < 1:
        raise malformed(name)
    return Participant(
        id=name,
        role=Role(content["role"]),
        parent=content["parent"],
        title=content["title"],
        keys=listed_keys(entry, name, validator, issuers),
        hosts=tuple(content["hosts"]),
        offers=tuple(read_offer(offer) for offer in content["offers"]),
        reads=tuple(content["reads"]),
        version=content["version"],
        standing=Standing(content["standing"]),
        catalogue=_mark(content.get("catalogue"), name),
    )


def _mark(content: Mapping[str, Any] | None, name: str) -> CatalogueMark | None:
    if content is None:
        return None
    if name != HUB or content["version"] < 1:
        raise malformed(name)
    return CatalogueMark(content["version"], content["since"], content["digest"])


def listed_keys(
    entry: SignedRecord, name: str, validator: PathValidator, issuers: Sequence[bytes]
) -> tuple[Key, ...]:
    """Return the certified keys that an entry lists, each valid in path, id and suite (8).

    Keys of a suite without a trust anchor here are passed over: nothing made with them could be
    verified, opened or sealed here, and a participant that has them exchanges with others by them.

    Raises:
        DirectoryError: `DIRECTORY_CERTIFICATE`, `DIRECTORY_SUITE`.
    """
    return tuple(
        _key(listed, name, validator, issuers)
        for listed in entry.content["certificates"]
        if not _elsewhere(listed, validator)
    )


def _elsewhere(listed: Mapping[str, Any], validator: PathValidator) -> bool:
    """Whether a key is of a suite that is not in use here, by its certificate and its entry."""
    named = {listed["suite"], suite_of(listed["certificate"])}
    return not named & validator.suites


def _key(
    listed: Mapping[str, Any], name: str, validator: PathValidator, issuers: Sequence[bytes]
) -> Key:
    try:
        found = validator.path(listed["certificate"], issuers)
        require(found, use=found.key.use, participant=name)
    except CertificateError as error:
        raise DirectoryError(
            "DIRECTORY_CERTIFICATE",
            f"目录中的证书不可接受（{error.code}）",
            f"a listed certificate is not acceptable ({error.code})",
            where=repr(name[:64]),
        ) from error
    if listed["suite"] != found.key.suite:
        raise DirectoryError(
            "DIRECTORY_SUITE",
            "证书与所列密码套件不符",
            "a certificate is not of the suite listed for it",
            where=repr(name[:64]),
        )
    return replace(found.key, revoked=listed["revoked"])


def _role(name: str) -> str | None:
    try:
        return str(role_of(name))
    except IdentityError:
        return None
