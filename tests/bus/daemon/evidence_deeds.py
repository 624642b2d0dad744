"""What the evidence tests do to a country: archive, call up, send, look, forge."""

from __future__ import annotations

from random import Random

from daemon_deeds import OPERATOR

from bus.daemon.evidence.checking import Checking
from bus.daemon.evidence.sending import Sending
from bus.daemon.evidence.service import EvidenceService
from bus.daemon.evidence.terms import Terms
from bus.logs.setup import make_logger
from bus.model.evidence import FileState
from bus.rules.evidence_file import CHUNK

NODE = "370000"


def scan(size: int, seed: int = 1) -> bytes:
    """Bytes that begin as a PDF does."""
    head = b"%PDF-1.7\n"
    return head + Random(seed).randbytes(size - len(head))  # noqa: S311 - the same bytes again


async def stream(data: bytes, piece: int = 100_000):
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


def desk(country, name=NODE, **changed) -> EvidenceService:
    one = country[name]
    return EvidenceService(one.office, one.store, one.outbox.wake.set, **changed)


async def archive(country, query, person=1, data=None, kind="authorisation", name="授权书.pdf"):
    content = scan(1000) if data is None else data
    return await desk(country).add(query, person, kind, name, stream(content), OPERATOR)


async def call_up(country, query, *persons, kinds=("authorisation",)):
    call = await desk(country, "hub").request(query, persons, kinds, "DOUBT", OPERATOR)
    await country.settle()
    return call.id


def sending(country, name=NODE) -> Sending:
    one = country[name]
    return Sending(one.office, one.store, f"{name}/1", one.outbox.wake.set)


def checking(country) -> Checking:
    one = country["hub"]
    return Checking(one.office, one.store, "hub/1", one.outbox.wake.set)


def terms(country, suspend=None, log=None) -> Terms:
    one = country["hub"]

    async def nobody(participant, reason):
        raise AssertionError(participant, reason)

    return Terms(
        *(one.office, one.store, one.step.metrics, log or make_logger("hub"), "hub/1"),
        one.outbox.wake.set,
        suspend or nobody,
    )


async def move(country, name=NODE):
    """Let everything that is to be sent arrive and be looked at."""
    busy = True
    await country.settle()
    while busy:
        busy = bool(await sending(country, name).send())
        await country.settle()
        busy |= bool(await checking(country).look())
        await country.settle()


async def produce(country, call, name=NODE, *, again=False):
    await desk(country, name).send(call, OPERATOR, again=again)
    await move(country, name)


async def call_of(country, name, call):
    async with country[name].store.transaction() as unit:
        return await unit.call(call)


async def items(country, name, call):
    found = await call_of(country, name, call)
    return [(item.person, str(item.state), item.code) for item in found.items]


async def read(country, name, document):
    _, _, chunks = await desk(country, name).read(document, OPERATOR, "核对授权")
    return b"".join([data async for data in chunks])


async def documents(country, name, query):
    async with country[name].store.transaction() as unit:
        return await unit.documents(query)


async def at_rest(country, name):
    """Every byte that rests of evidence, and of the messages and the outbox around it."""
    tables = country[name].store._tables
    found = [*tables.evidence_chunks.values()]
    found += [file.sealed for file in tables.evidence_files.values()]
    found += [m.envelope for m in tables.messages.values()]
    found += [text.encode() for text in tables.evidence_calls.values()]
    found += [text.encode() for text in tables.transfers.values()]
    return b"\n".join(found)


def two_chunks(seed=1):
    return scan(CHUNK + 10, seed)


RECEIVING = FileState.RECEIVING
