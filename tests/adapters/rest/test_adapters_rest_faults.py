"""A service that is down, slow or sick: nobody is answered, and it is not hammered."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from contextlib import asynccontextmanager
from email.utils import format_datetime

import pytest
from rest_site import Hold, reply

from adapters.contract import SourceUnavailableError
from adapters.rest.pace import Pace, RetryBudget

GOOD = {"code": 0, "total": 0, "data": []}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def answers(service, *replies):
    waiting = list(replies)
    service.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


async def test_a_service_that_is_down_is_unavailable_and_names_nobody(
    rest, person, ask, now, waits
):
    down = rest(url=f"http://127.0.0.1:{free_port()}/api/")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED") as caught:
        await down.lookup(ask(person(1)), now)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (person(1).id_number, person(1).name, "withdrawals/query", "http://"):
        assert secret not in printed
    assert waits.slept == [0.5, 1.0]
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await down.check()


async def test_a_slow_service_times_out_once_and_works_again(
    rest, rest_service, person, ask, now, waits
):
    hold = Hold()
    rest_service.answer = lambda _: hold(reply(GOOD))
    slow = rest({"timeout_seconds": 0.2})
    with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
        await slow.lookup(ask(person(1)), now)
    assert hold.waiting.is_set()
    hold.release()
    # Whoever is slow is not asked again at once.
    assert len(rest_service.asked) == 1
    assert waits.slept == []
    rest_service.answer = lambda _: reply(GOOD)
    await slow.lookup(ask(person(1)), now)


@asynccontextmanager
async def broken(*pieces: bytes):
    """A server that says these bytes to any request, and hangs up."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"SSH-2.0-x\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b'{"code": 0, "total": 0, "da'),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\n{}   \r\n"),
    ],
)
async def test_an_answer_that_breaks_off_is_asked_for_again_and_never_read(
    rest, person, ask, now, waits, pieces
):
    async with broken(*pieces) as port:
        broke = rest(url=f"http://127.0.0.1:{port}/api/")
        with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
            await broke.lookup(ask(person(1)), now)
    assert len(waits.slept) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_passes_is_tried_again(rest, rest_service, person, ask, now, waits, status):
    answers(rest_service, reply({}, status), reply(GOOD))
    await rest().lookup(ask(person(1)), now)
    assert len(rest_service.asked) == 2
    assert waits.slept == [0.5]


@pytest.mark.parametrize("status", [408, 500, 501])
async def test_what_may_pass_later_is_left_to_later(
    rest, rest_service, person, ask, now, waits, status
):
    rest_service.answer = lambda _: reply({}, status)
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await rest().lookup(ask(person(1)), now)
    assert len(rest_service.asked) == 1


async def test_the_service_says_how_long_it_wants_to_be_left_alone(
    rest, rest_service, person, ask, now, waits
):
    later = {"date": format_datetime(now, usegmt=True)}
    in_seven = format_datetime(now.replace(second=now.second + 7), usegmt=True)
    answers(
        rest_service,
        reply({}, 429, retry_after="3"),
        reply({}, 503, retry_after=in_seven, **later),
        reply(GOOD),
    )
    await rest().lookup(ask(person(1)), now)
    assert waits.slept == [3.0, 7.0]


async def test_who_wants_to_be_left_alone_for_long_is_down(
    rest, rest_service, person, ask, now, waits
):
    rest_service.answer = lambda _: reply({}, 429, retry_after="3600")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await rest().lookup(ask(person(1)), now)
    assert waits.slept == []


async def test_a_storm_of_faults_is_answered_by_few_retries(
    rest, rest_service, person, ask, now, waits
):
    rest_service.answer = lambda _: reply({}, 503)
    sick = rest({"retries": 2, "retry_budget": 0.1}, batch=1)
    for _ in range(20):
        with pytest.raises(SourceUnavailableError):
            await sick.lookup(ask(person(1)), now)
    # 20 requests, two retries in hand, and a tenth of the requests.
    assert 20 + 2 <= len(rest_service.asked) <= 20 + 2 + 2


async def test_without_a_budget_nothing_is_tried_again(rest, rest_service, person, ask, now):
    rest_service.answer = lambda _: reply({}, 503)
    with pytest.raises(SourceUnavailableError):
        await rest({"retry_budget": 0}).lookup(ask(person(1)), now)
    assert len(rest_service.asked) == 1


async def test_one_batch_that_fails_answers_nobody(rest, fund, person, number, ask, now):
    def answer(asked):
        mine = asked.json["persons"][0]["zjhm"]
        return reply({}, 500) if mine == number(3) else fund.answer(asked)

    fund.service.answer = answer
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await rest(batch=1).lookup(ask(*(person(serial) for serial in range(5))), now)


async def test_no_more_requests_at_once_than_allowed(rest, rest_service, person, ask, now):
    under_way, most = 0, 0
    full = asyncio.Event()

    async def answer(_):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            full.set()
        await full.wait()  # however busy the machine is, three come together
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        return reply(GOOD)

    rest_service.answer = answer
    await rest({"requests_at_once": 3}, batch=1).lookup(
        ask(*(person(serial) for serial in range(30))), now
    )
    assert most == 3


async def test_a_pace_lets_a_few_through_and_then_one_by_one(waits):
    pace = Pace(10, burst=3, clock=waits.clock, sleep=waits.sleep)
    for _ in range(5):
        await pace.turn()
    assert waits.slept == pytest.approx([0.1, 0.1])
    waits.now += 60
    for _ in range(4):
        await pace.turn()
    assert waits.slept == pytest.approx([0.1, 0.1, 0.1])


async def test_requests_are_paced(rest, rest_service, person, ask, now, waits):
    rest_service.answer = lambda _: reply(GOOD)
    paced = rest({"requests_per_second": 2, "requests_at_once": 1}, batch=1)
    await paced.lookup(ask(*(person(serial) for serial in range(4))), now)
    assert waits.slept == pytest.approx([0.5, 0.5, 0.5])


def test_a_budget_cannot_be_saved_up():
    budget = RetryBudget(0.2, 2)
    for _ in range(10_000):
        budget.request()
    taken = 0
    while budget.retry():
        taken += 1
    assert taken == 20


@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_not_let_in_asks_nobody_again(rest, rest_service, person, ask, now, status):
    rest_service.answer = lambda _: reply({}, status)
    with pytest.raises(SourceUnavailableError, match="SOURCE_UNAUTHORISED"):
        await rest().lookup(ask(person(1)), now)
    assert len(rest_service.asked) == 1


async def test_nothing_of_a_request_is_logged(rest, rest_service, person, ask, now, caplog):
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    rest_service.answer = lambda _: reply({"code": 0, "total": 0, "data": []})
    get = rest(
        {"headers": {"X-Centre": "sesame-header"}},
        method="GET",
        batch=1,
        body=None,
        person=None,
        query={"zjhm": "{id_number}", "xm": "{name}"},
        personal_data_in_url=True,
    )
    await get.lookup(ask(person(1)), now)
    assert rest_service.asked[0].query["zjhm"] == person(1).id_number
    logged = "\n".join(
        f"{record.getMessage()} {record.args!r}"
        for record in caplog.records
        if record.name.partition(".")[0] in {"httpx", "httpcore", "h11", "hedui", "root"}
    )
    assert logged == ""


async def test_proxies_of_the_environment_are_not_used(
    rest, rest_service, person, ask, now, monkeypatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    rest_service.answer = lambda _: reply(GOOD)
    await rest().lookup(ask(person(1)), now)
    assert len(rest_service.asked) == 1


async def test_no_cookie_is_kept(rest, rest_service, person, ask, now):
    rest_service.answer = lambda _: reply(GOOD, set_cookie="session=1; Path=/")
    connector = rest()
    for _ in range(2):
        await connector.lookup(ask(person(1)), now)
    assert all("cookie" not in asked.headers for asked in rest_service.asked)


async def test_the_check_asks_where_the_mapping_says(rest, rest_service, tmp_path):
    rest_service.answer = lambda _: reply({}, 200)
    await rest().check()
    assert rest_service.asked == []
    await rest({"health": "health"}).check()
    assert [asked.path for asked in rest_service.asked] == ["/api/health"]
    for status, code in ((404, "SOURCE_FAILED"), (500, "SOURCE_FAILED"), (302, "SOURCE_FAILED")):
        rest_service.answer = lambda _, told=status: reply({}, told)
        with pytest.raises(SourceUnavailableError, match=code):
            await rest({"health": "health", "retries": 0}).check()


async def test_another_place_can_be_rehearsed(rest, rest_service, person, ask, now, waits):
    down = rest({"headers": {"X-A": "1"}}).aimed_at("127.0.0.1", free_port(), 5.0)
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await down.lookup(ask(person(1)), now)
    assert waits.slept == []
    await down.close()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = rest().aimed_at("127.0.0.1", silent.getsockname()[1], 0.2)
        with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
            await mute.lookup(ask(person(1)), now)
        await mute.close()
    assert rest_service.asked == []


async def test_it_closes_twice(rest):
    connector = rest()
    await connector.close()
    await connector.close()
