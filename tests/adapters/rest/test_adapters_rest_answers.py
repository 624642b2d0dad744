"""Answers that cannot be used: never a NOT_FOUND, and nothing of them in any text."""

from __future__ import annotations

import json

import pytest
from fund_service import SINGLE, WITHDRAWALS
from hypothesis import given
from hypothesis import strategies as st
from rest_site import raw, reply

from adapters.contract import LookupResult, PersonFaultError, Remark, SourceUnavailableError
from adapters.rest.mapping import RestMapping
from adapters.rest.reply import Reply
from adapters.rest.response import AnswerReader
from bus.model.messages import OutcomeKind

FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND

GOOD = {"code": 0, "total": 0, "data": []}
PLACE = "housing-fund-withdrawal"


def codes(result: LookupResult) -> list[str | None]:
    return [one.code for one in result.outcomes]


def document(**changes) -> dict[str, object]:
    return {**GOOD, **changes}


async def test_an_empty_answer_that_passes_every_check_is_not_found(
    rest, rest_service, person, ask, now
):
    rest_service.answer = lambda _: reply(GOOD)
    result = await rest().lookup(ask(person(1)), now)
    assert [one.kind for one in result.outcomes] == [NOT_FOUND]


INVALID = "SOURCE_ANSWER_INVALID"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (raw(b""), INVALID),
        (raw(b"", 204), INVALID),
        (raw(b"<html><body>\xe7\xb3\xbb\xe7\xbb\x9f</body></html>", kind="text/html"), INVALID),
        (raw(json.dumps(GOOD).encode()[:-3]), INVALID),
        (raw(b'{"code": 0, "total": 0, "data": [], "total": 0}'), INVALID),
        (raw(b'{"code": 0, "total": 0, "data": [], "x": NaN}'), INVALID),
        (raw(b'{"code": 0, "total": 0, "data": [], "x": 1e999999999}'), INVALID),
        (raw(b'{"code": 0, "total": 0, "data": [], "x": ' + b"9" * 5000 + b"}"), INVALID),
        (raw(b"[" * 100_000), INVALID),
        (raw(b'{"code": 0, "total": 0, "data": [], "x": "\xff"}'), INVALID),
        (raw(json.dumps(GOOD).encode("utf-16"), kind="application/json; charset=utf-16"), INVALID),
        (reply([]), "SOURCE_REFUSED"),
        (reply("text"), "SOURCE_REFUSED"),
        (reply({}), "SOURCE_REFUSED"),
        (reply(document(code=1)), "SOURCE_REFUSED"),
        (reply(document(code="0")), "SOURCE_REFUSED"),
        (reply(document(code=False)), "SOURCE_REFUSED"),
        (reply(document(data=None)), INVALID),
        (reply(document(data={})), INVALID),
        (reply(document(data="[]")), INVALID),
        (reply(document(data=[None], total=1)), INVALID),
        (reply(document(data=[[]], total=1)), INVALID),
        (reply(document(total=None)), INVALID),
        (reply(document(total=True)), INVALID),
        (reply(document(total="none")), INVALID),
        (reply(document(total=1)), "SOURCE_ANSWER_INCOMPLETE"),
        (reply({"code": 0, "data": []}), INVALID),
        (reply(GOOD, 206), INVALID),
        (reply(GOOD, 302, location="/login"), INVALID),
        (reply(GOOD, 400), "SOURCE_REFUSED"),
        (reply(GOOD, 404), "SOURCE_REFUSED"),
        (reply(GOOD, 410), "SOURCE_REFUSED"),
    ],
)
@pytest.mark.requirement("R072")
async def test_what_cannot_be_used_answers_nobody(
    rest, rest_service, person, ask, now, answer, code
):
    rest_service.answer = lambda _: answer
    asking = rest({"retries": 0})
    result = await asking.lookup(ask(person(1), person(2, id_number="")), now)
    assert codes(result) == [code, "ID_NUMBER_MISSING"]
    assert len(rest_service.asked) == 1
    [remark] = [one for one in result.remarks if one.code == code]
    assert remark.where.startswith(PLACE)


def test_no_part_of_a_good_answer_is_an_answer(rest_mapping):
    reader = AnswerReader(rest_mapping("https://api.example/").resources[0])
    whole = json.dumps(document(total=1, data=[{"zjhm": "1", "tq": {}}])).encode()
    assert len(reader.read(Reply(200, whole)).records) == 1
    for cut in range(len(whole)):
        with pytest.raises(PersonFaultError, match="SOURCE_ANSWER_INVALID"):
            reader.read(Reply(200, whole[:cut]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "total", "data", "zjhm", "asOf"]), inner)
    ),
    max_leaves=12,
)


@given(
    st.sampled_from([200, 201, 204, 301, 404, 422]),
    st.binary(max_size=40) | st.builds(lambda tree: json.dumps(tree).encode(), JSON),
    st.sampled_from([None, "utf-8", "gbk", "utf-7", "\x00"]),
)
def test_whatever_is_answered_is_read_or_refused_with_a_code(status, content, charset):
    entry = {**WITHDRAWALS, **SINGLE, "not_found_status": [404], "as_of_column": "$.asOf"}
    entry = {key: value for key, value in entry.items() if value is not None}
    raw_mapping = {"source": {"url": "https://api.example/"}, "resource": [entry]}
    reader = AnswerReader(RestMapping.from_toml(raw_mapping, "adapter.toml").resources[0])
    try:
        answer = reader.read(Reply(status, content, charset))
    except PersonFaultError as fault:
        assert fault.code in {"SOURCE_REFUSED", INVALID}  # noqa: PT017 - several, one of them
    else:
        assert json.loads(content)["code"] == 0
        assert all(isinstance(record, dict) for record in answer.records)


async def test_a_redirect_is_not_followed(rest, rest_service, person, ask, now):
    elsewhere = f"{rest_service.url}/api/elsewhere"
    rest_service.answer = lambda _: reply(GOOD, 307, location=elsewhere)
    await rest().lookup(ask(person(1)), now)
    assert [asked.path for asked in rest_service.asked] == ["/api/withdrawals/query"]


@pytest.mark.parametrize("charset", ["gbk", "GB18030", "gb2312"])
async def test_gbk_is_read_where_it_is_said(rest, fund, person, number, ask, now, charset):
    fund.add(number(1), xm="测试㐀" if charset == "GB18030" else "测试1")
    [record] = fund.held[number(1)]
    body = json.dumps(document(total=1, data=[record]), ensure_ascii=False)
    answer = raw(body.encode("gb18030"), kind=f"application/json; charset={charset}")
    fund.service.answer = lambda _: answer
    result = await rest().lookup(ask(person(1, name=record["xm"]), items=("name", "reason")), now)
    assert result.outcomes[0].records == ({"name": record["xm"], "reason": "购房"},)
    # The same bytes, without a word of it, are no UTF-8.
    answer.headers["content-type"] = "application/json"
    result = await rest().lookup(ask(person(1)), now)
    assert codes(result) == [INVALID]


async def test_a_byte_order_mark_is_nothing(rest, rest_service, person, ask, now):
    rest_service.answer = lambda _: raw(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    result = await rest().lookup(ask(person(1)), now)
    assert [one.kind for one in result.outcomes] == [NOT_FOUND]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"je": 1200.505}, "VALUE_INVALID"),
        ({"je": "壹仟"}, "VALUE_INVALID"),
        ({"je": {"yuan": 1}}, "VALUE_INVALID"),
        ({"je": [1, 2]}, "VALUE_INVALID"),
        ({"je": True}, "VALUE_INVALID"),
        ({"je": 1e30}, "VALUE_INVALID"),
        ({"rq": "2024-13-01"}, "VALUE_INVALID"),
        ({"rq": 0}, "VALUE_INVALID"),
        ({"xm": None}, "NAME_MISMATCH"),
        ({"zjlx": None}, "ID_TYPE_UNKNOWN"),
        ({"zjlx": 9}, "ID_TYPE_UNKNOWN"),
    ],
)
async def test_a_wrong_value_fails_its_person_alone(
    rest, fund, person, number, ask, now, values, code
):
    fund.add(number(1), **values)
    fund.add(number(2), xm="测试2", je="  7.10 ", rq="20240615")
    result = await rest().lookup(ask(person(1), person(2)), now)
    assert codes(result) == [code, None]
    assert len(result.outcomes[1].records) == 1


async def test_null_and_blank_are_no_value(rest, fund, person, number, ask, now):
    fund.add(number(1), je=None, rq="  ")
    result = await rest().lookup(ask(person(1)), now)
    assert result.outcomes[0].records == ({"amount": None, "withdrawn_on": None},)


async def test_numbers_may_be_numbers_and_padded(rest, fund, person, number, ask, now):
    fund.add(number(1), zjhm=int(number(1)) if number(1).isdecimal() else number(1), zjlx=111)
    fund.add(number(2), xm="测试2", zjhm=f" {number(2)[:6]} {number(2)[6:]} ")
    result = await rest().lookup(ask(person(1), person(2)), now)
    assert [len(one.records) for one in result.outcomes] == [1, 1]


@pytest.mark.parametrize("shown", [None, "", " ", 7.5, [], {}, True, "990000********0011", "A-●●"])
async def test_a_record_that_hides_whose_it_is_makes_the_answer_useless(
    rest, fund, person, number, ask, now, shown
):
    fund.add(number(1))
    fund.add(number(2), zjhm=shown)
    result = await rest().lookup(ask(person(1), person(2), person(3)), now)
    assert codes(result) == [INVALID] * 3
    assert result.remarks == (Remark(INVALID, f"{PLACE}.zjhm", 3),)


async def test_a_member_that_is_not_there_is_a_doubt_unless_the_mapping_says_otherwise(
    rest, fund, person, number, ask, now
):
    del fund.add(number(1))["tq"]["je"]
    fund.add(number(2), xm="测试2")
    question = ask(person(1), person(2), person(3))
    result = await rest().lookup(question, now)
    assert codes(result) == ["COLUMN_MISSING", None, None]
    assert result.remarks == (Remark("COLUMN_MISSING", f"{PLACE}.$.tq.je", 1),)
    result = await rest(absent_is_null=True).lookup(question, now)
    assert codes(result) == [None] * 3
    assert result.outcomes[0].records[0]["amount"] is None


async def test_an_as_of_time_that_is_missing_stops_everything(rest, rest_service, person, ask, now):
    for raw_time in (None, "", "yesterday", 7):
        rest_service.answer = lambda _, value=raw_time: reply(document(asOf=value))
        with pytest.raises(SourceUnavailableError, match="SOURCE_AS_OF_INVALID"):
            await rest(as_of_column="$.asOf").lookup(ask(person(1)), now)
    rest_service.answer = lambda _: reply(GOOD)
    with pytest.raises(SourceUnavailableError, match="SOURCE_AS_OF_INVALID"):
        await rest(as_of_column="$.asOf").lookup(ask(person(1)), now)


OK = {"path": "$.code", "equals": [0, "OK"], "not_found": [1004], "again": ["BUSY"]}


async def test_the_services_own_codes_are_read_as_mapped(rest, rest_service, person, ask, now):
    single = rest(**SINGLE, ok=OK)
    for code, expected in (("OK", NOT_FOUND), (0, NOT_FOUND), (1004, NOT_FOUND)):
        rest_service.answer = lambda _, told=code: reply(document(code=told))
        [outcome] = (await single.lookup(ask(person(1)), now)).outcomes
        assert outcome.kind is expected
    # What says "nothing held" need not have a list.
    rest_service.answer = lambda _: reply({"code": 1004})
    [outcome] = (await single.lookup(ask(person(1)), now)).outcomes
    assert outcome.kind is NOT_FOUND
    rest_service.answer = lambda _: reply({"code": "BUSY"})
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await single.lookup(ask(person(1)), now)


async def test_a_status_says_nothing_held_only_where_mapped_and_by_the_service_itself(
    rest, rest_service, person, ask, now
):
    single = rest(**SINGLE, ok=None, not_found_status=[404])
    rest_service.answer = lambda _: reply({"message": "none"}, 404)
    [outcome] = (await single.lookup(ask(person(1)), now)).outcomes
    assert outcome.kind is NOT_FOUND
    # A page of some server on the way is not the service's word.
    rest_service.answer = lambda _: raw(b"<h1>Not Found</h1>", 404, "text/html")
    assert codes(await single.lookup(ask(person(1)), now)) == [INVALID]
    rest_service.answer = lambda _: reply({}, 410)
    assert codes(await single.lookup(ask(person(1)), now)) == ["SOURCE_REFUSED"]
    with_code = rest(**SINGLE, ok=OK, not_found_status=[404])
    for told, expected in ((1004, None), (0, INVALID), (7, "SOURCE_REFUSED")):
        rest_service.answer = lambda _, code=told: reply({"code": code}, 404)
        assert codes(await with_code.lookup(ask(person(1)), now)) == [expected]


async def test_one_person_who_is_refused_fails_alone(
    rest, fund, person, number, ask, now, rest_service
):
    for serial in range(8):
        fund.add(number(serial), xm=f"测试{serial}")

    def answer(asked):
        people = [one["zjhm"] for one in asked.json["persons"]]
        return reply({}, 422) if number(5) in people else fund.answer(asked)

    rest_service.answer = answer
    result = await rest().lookup(ask(*(person(serial) for serial in range(8))), now)
    assert codes(result) == [None] * 5 + ["SOURCE_REFUSED"] + [None] * 2
    assert len(rest_service.asked) == 7


async def test_a_service_that_refuses_everything_is_not_asked_for_ever(
    rest, rest_service, person, ask, now
):
    rest_service.answer = lambda _: reply({}, 400)
    result = await rest().lookup(ask(*(person(serial) for serial in range(300))), now)
    assert set(codes(result)) == {"SOURCE_REFUSED"}
    assert len(rest_service.asked) <= 3 + 2 * 64


async def test_an_answer_too_large_is_asked_for_in_halves(
    rest, fund, person, number, ask, now, rest_service
):
    for serial in range(4):
        fund.add(number(serial), xm=f"测试{serial}", yy="长" * 300)
    for _ in range(9):
        fund.add(number(3), xm="测试3", yy="长" * 300)
    small = rest({"max_answer_bytes": 4000})
    result = await small.lookup(ask(*(person(serial) for serial in range(4))), now)
    assert codes(result) == [None, None, None, "RECORDS_TOO_MANY"]
    assert [len(one.records) for one in result.outcomes] == [1, 1, 1, 0]


async def test_pages_that_do_not_add_up_are_no_answer(
    rest, fund, person, number, ask, now, rest_service
):
    paged = rest(body={"persons": "{persons}", "page": "{page}"}, paging={"first": 0, "most": 3})
    records = [fund.add(number(1), je=amount) for amount in range(9)]

    def pages(*found: tuple[int, list]):
        rest_service.answer = lambda asked: reply(
            document(total=found[asked.json["page"]][0], data=found[asked.json["page"]][1])
        )

    question = ask(person(1))
    pages((4, records[:2]), (4, records[2:4]))
    assert len((await paged.lookup(question, now)).outcomes[0].records) == 4
    pages((4, records[:2]), (4, records[:2]))  # pays no heed to the page
    assert codes(await paged.lookup(question, now)) == ["SOURCE_ANSWER_INCOMPLETE"]
    pages((4, records[:2]), (5, records[2:4]))  # changed meanwhile
    assert codes(await paged.lookup(question, now)) == ["SOURCE_ANSWER_INCOMPLETE"]
    pages((4, records[:2]), (4, []))
    assert codes(await paged.lookup(question, now)) == ["SOURCE_ANSWER_INCOMPLETE"]
    pages((3, records[:2]), (3, records[2:4]))
    assert codes(await paged.lookup(question, now)) == ["SOURCE_ANSWER_INCOMPLETE"]
    pages((9, records[:2]), (9, records[2:4]), (9, records[4:6]))
    assert codes(await paged.lookup(question, now)) == ["RECORDS_TOO_MANY"]
