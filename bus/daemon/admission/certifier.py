"""Certificates for a participant: from a grant made on another machine, or issued at the hub.

Either way they must be for the keys whose possession the participant proved, under our root.
"""

from __future__ import annotations

from dataclasses import dataclass

from bus.daemon.admission.authority import OnlineAuthority
from bus.daemon.admission.papers import Papers
from bus.daemon.office import Office
from bus.errors import InputError
from bus.model.admission import Admission, IssuedGeneration
from bus.ports.store import Unit
from bus.rules import admission as rules
from signer.admission.grant import Grant, read_grant, verify_grant
from signer.admission.renewal import read_renewal
from signer.admission.request import KeyRequests
from signer.certificates import key_id
from signer.directory.view import KeyUse
from signer.errors import CertificateError


@dataclass(frozen=True)
class Certifier:
    """Takes or makes grants.

    Attributes:
        roots: DER of the roots that certificates must stand under.
        authority: The issuing authority, where the hub issues by itself.
    """

    office: Office
    roots: tuple[bytes, ...]
    authority: OnlineAuthority | None = None

    async def asked(self, unit: Unit, known: Admission) -> KeyRequests:
        """Return the verified requests to certify: of a queued renewal, else of the latest filing.

        Raises:
            HeduiError: The store cannot be read.
        """
        queued = {r.participant: r for r in await unit.renewals()}.get(known.participant)
        if queued is not None and known.issued:
            return read_renewal(queued.request, known.participant)
        return (await Papers(self.office, unit).application(known.filing.digest)).keys

    def earlier(self, known: Admission, asked: KeyRequests) -> Grant | None:
        """Return the grant that was made for these very requests before, or None."""
        keys = {use: asked.of(use).key_id for use in KeyUse}
        for issued in known.issued:
            certificates = dict(zip(KeyUse, issued.certificates, strict=True))
            if {use: key_id(der) for use, der in certificates.items()} == keys:
                return Grant(
                    known.participant,
                    issued.generation,
                    certificates,
                    issued.issuers,
                    self.roots,
                )
        return None

    def grant(self, known: Admission, asked: KeyRequests, given: bytes | None) -> Grant:
        """Return the grant that certifies what was asked for, verified.

        Args:
            known: The admission.
            asked: The requests to certify.
            given: A grant made elsewhere; None to issue here.

        Raises:
            InputError: `AUTHORITY_MISSING`, `ADMISSION_ILLEGAL`, `GENERATION_TAKEN`,
                `GRANT_OTHER`, `KEY_LISTED`, and the codes of `verify_grant`.
            HeduiError: The authority's files cannot be used.
        """
        grant = self._issue(known, asked) if given is None else read_grant(given)
        self._check(asked, grant)
        return grant

    def _issue(self, known: Admission, asked: KeyRequests) -> Grant:
        if self.authority is None:
            raise InputError(
                "AUTHORITY_MISSING",
                "本部中心不在线签发证书",
                "this hub does not issue certificates by itself",
                remedy_zh="请在离线机器上运行 hedui ca certify，再用 --grant 提交其结果；"
                "或配置 [hub.ca]",
                remedy_en="Run `hedui ca certify` on the offline machine and hand its grant in with"
                " --grant, or configure [hub.ca]",
                where=known.participant,
            )
        # Judged before anything is issued: an authority's record is for ever.
        rules.issue(
            known,
            IssuedGeneration(asked.generation, (), (), self.office.clock.now()),
            self.office.me,
            "",
        )
        hosts = () if known.in_force is None else known.in_force.hosts
        return self.authority.issue(asked, hosts, self.office.clock.now())

    def _check(self, asked: KeyRequests, grant: Grant) -> None:
        if (grant.participant, grant.generation) != (asked.participant, asked.generation):
            raise InputError(
                "GRANT_OTHER",
                "签发结果与申请不是同一参与方、同一代次",
                "the grant is for another participant or generation than was asked for",
                where=asked.participant,
            )
        ids = {use: asked.of(use).key_id for use in KeyUse}
        try:
            verify_grant(grant, ids, self.roots, self.office.clock.now())
        except CertificateError as error:
            raise InputError(error.code, error.zh, error.en, where=error.where) from error
        for use, key in ids.items():
            owner = self.office.directory.key(key)
            if owner is not None:
                raise InputError(
                    "KEY_LISTED",
                    f"该密钥已列入目录（{owner[0].id}）",
                    f"that key is listed already, for {owner[0].id}",
                    where=f"{asked.participant} {use}",
                )
