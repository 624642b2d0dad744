"""An applicant, and the hub of the in-memory country that admits it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bus.daemon.admission.certifier import Certifier
from bus.daemon.admission.service import AdmissionService
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.directory_publisher import DirectoryPublisher
from bus.flow.listing import listing
from bus.metrics.catalogue import Metrics
from bus.model.admission import Act, ConformanceReport
from signer.admission.application import write_application
from signer.admission.contents import Answers, Contact, Responsibility, Standard
from signer.admission.grant import Grant, write_grant
from signer.admission.request import make_request, read_requests, request_content
from signer.ca.issue import certify
from signer.directory.view import KeyUse

OPERATOR = "王芳"
WHY = "民办函〔2026〕1号"
SECRETS = ("测试联系人", "0531-86000001", "contact@example.cn")

NODE = Answers(
    participant="330000",
    parent="hub",
    title="浙江省核对中心",
    contacts=tuple(Contact(each, *SECRETS) for each in Responsibility),
    standards=(
        Standard("技术规范", "2018"),
        Standard("检测规范", "2018"),
        Standard("MZ/T 108-2018", "2018"),
    ),
    hosts=("10.33.0.11",),
)


class Applicant:
    """A unit with keys of one generation, which never leave it."""

    def __init__(self, answers=NODE, generation=1) -> None:
        self.answers = answers
        self.generation = generation
        self.keys = {use: ec.generate_private_key(ec.SECP256R1()) for use in KeyUse}
        self.requests = {
            use: make_request(self.keys[use], answers.participant, generation, use)
            for use in KeyUse
        }

    def application(self, now, **changed) -> bytes:
        answers = replace(self.answers, **changed)
        signing = self.keys[KeyUse.SIGNING]
        return write_application(answers, self.generation, self.requests, signing, now)

    @property
    def asked(self):
        content = request_content(self.requests)
        return read_requests(content, self.answers.participant, self.generation)


@dataclass
class CountryAuthority:
    """The country's issuing authority, at the hub; keeps what it was asked."""

    country: object

    def __post_init__(self):
        self.issued = []

    def issue(self, asked, hosts, now) -> Grant:
        self.issued.append((asked.participant, asked.generation, tuple(hosts)))
        certificates = {
            request.use: certify(
                self.country.issuing[0],
                request.public_key,
                participant=asked.participant,
                generation=asked.generation,
                use=request.use,
                now=now,
                hosts=tuple(hosts) if request.use is KeyUse.TLS else (),
            ).public_bytes(Encoding.DER)
            for request in asked.requests
        }
        return Grant(
            asked.participant,
            asked.generation,
            certificates,
            (self.country.issuing[0].der,),
            (self.country.roots[0].der,),
        )


class Admitting:
    """The hub of a country at admission, with its publisher."""

    def __init__(self, country, *, online=True) -> None:
        self.country = country
        self.authority = CountryAuthority(country)
        desk = country["hub"]
        self.validator = country.validator()
        self.keeper = DirectoryKeeper(desk.office, desk.store, self.validator, Metrics("hub"))
        self.publisher = DirectoryPublisher(desk.office, desk.store, self.keeper, "hub/1")
        self.wakes = 0
        certifier = Certifier(desk.office, self.validator.roots, self.authority if online else None)
        self.service = AdmissionService(
            desk.office, desk.store, certifier, self._wake, lambda: frozenset(country.desks)
        )

    def _wake(self) -> None:
        self.wakes += 1

    @property
    def now(self):
        return self.country.clock.now()

    def grant(self, applicant, hosts=("10.33.0.11",)) -> bytes:
        return write_grant(self.authority.issue(applicant.asked, hosts, self.now))

    async def act(self, act: Act, participant=NODE.participant):
        return await self.service.act(participant, act, OPERATOR, WHY)

    async def applied(self, applicant=None):
        applicant = applicant or Applicant()
        data = applicant.application(self.now)
        await self.service.submit(data, OPERATOR, WHY)
        return applicant

    async def certified(self, applicant=None):
        applicant = await self.applied(applicant)
        await self.act(Act.APPROVE, applicant.answers.participant)
        await self.service.certify(applicant.answers.participant, None, OPERATOR, WHY)
        return applicant

    async def connected(self, applicant=None):
        applicant = await self.certified(applicant)
        name = applicant.answers.participant
        await self.report(participant=name)
        await self.act(Act.CONNECT, name)
        return applicant

    async def report(self, passed=True, valid=timedelta(days=180), participant=NODE.participant):
        made = ConformanceReport(participant, self.now, self.now + valid, passed, b"signed")
        async with self.country["hub"].store.transaction() as unit:
            await self.service.take_report(unit, made)

    async def publish(self):
        """The directory of the country's participants and the admitted; everybody adopts it."""
        async with self.country["hub"].store.transaction() as unit:
            admissions, revocations = await unit.admissions(), await unit.revocations()
        filed = [
            replace(p, keys=tuple(replace(k, revoked=None) for k in p.keys))
            for p in self.country.directory.participants.values()
            if p.id in self.country.desks
        ]
        listed = listing(filed, self.country.issuers, admissions, revocations)
        await self.publisher.publish(listed)
        self.country.adopt(self.country["hub"].office.directory)
        return self.country.directory

    async def audit(self):
        async with self.country["hub"].store.transaction() as unit:
            return [entry.event for entry in await unit.audit(0, 1000)]
