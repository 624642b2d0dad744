"""Each connector of ours passes the kit on the real thing."""

from __future__ import annotations

from datetime import date

import pytest
from rest_site import reply
from sql_sites import SQLITE

from adapters.contract import Setup
from adapters.kit.report import Verdict
from adapters.registry import open_connector
from adapters.rest.connector import RestConnector
from adapters.rest.mapping import RestMapping
from schemas.resources import resources
from signer.medium.agency import make_keys

TABLE = """CREATE TABLE gjj_tq (zjhm VARCHAR(20), zjlx VARCHAR(3), xm VARCHAR(40), zh VARCHAR(20),
           je NUMERIC(18,2), rq DATE, yy VARCHAR(100))"""


@pytest.fixture
def rows(number):
    """Thirty people with a row each, the first with a second one on the day after."""

    def of(serial, day):
        return [number(serial), "111", f"测试{serial}", f"00{serial}", 1200, day, "购房"]

    each = [of(serial, date(2024, 6, serial)) for serial in range(1, 31)]
    return [*each, of(1, date(2024, 6, 2))]


@pytest.mark.parametrize("named", [True, False], ids=["named", "sampled"])
async def test_sql(site, reading, rows, run, known, ended, named):
    await site.execute(TABLE)
    await site.insert("gjj_tq", *rows)
    report = await run(reading(site), known() if named else ())
    assert report.passes(strict=True), report.plain()
    local = {"K17", "K18"} if site.name == SQLITE else set()
    assert set(ended(report, Verdict.NOT_APPLICABLE)) == local


async def test_rest(rest_service, tmp_path, rows, run, known, ended):
    held = {}
    for zjhm, zjlx, xm, zh, je, rq, yy in rows:
        record = {"zjhm": zjhm, "zjlx": zjlx, "xm": xm, "zh": zh, "je": je, "rq": str(rq), "yy": yy}
        held.setdefault(zjhm, []).append(record)

    def answer(asked):
        found = [record for one in asked.json["persons"] for record in held.get(one, ())]
        return reply({"code": 0, "total": len(found), "data": found})

    rest_service.answer = answer
    entry = {
        "name": "housing-fund-withdrawal",
        "path": "query",
        "batch": 100,
        "body": {"persons": "{persons}"},
        "records": "$.data[*]",
        "count": "$.total",
        "ok": {"path": "$.code", "equals": 0},
        "id_number": "zjhm",
        "id_type": "zjlx",
        "person_name": "xm",
        "columns": {
            "name": "xm",
            "id_type": "zjlx",
            "id_number": "zjhm",
            "account": "zh",
            "amount": "je",
            "withdrawn_on": "rq",
            "reason": "yy",
        },
        "not_held": ["paid_to"],
    }
    source = {"kind": "rest", "url": rest_service.url, "requests_per_second": 1000, "retries": 0}
    document = {"source": source, "resource": [entry]}
    mapping = RestMapping.from_toml(document, "adapter.toml", tmp_path)
    report = await run(RestConnector(mapping, resources()), known())
    assert report.passes(), report.plain()
    assert ended(report, Verdict.NOT_APPLICABLE) == {}
    # A service is asked about people; it cannot be asked for rows.
    assert set(ended(report, Verdict.NOT_SHOWN)) == {"K16"}


@pytest.mark.parametrize("kind", ["template", "medium"])
async def test_lists_that_people_fill(kind, tmp_path, run, known, ended):
    source = {"kind": kind}
    if kind == "medium":
        make_keys(tmp_path / "medium", b"passphrase")
        source["agency_keys"] = "medium/agency-medium.pub"
    document = {"source": source, "resource": [{"name": "housing-fund-withdrawal"}]}
    setup = Setup(document, "adapter.toml", tmp_path, resources(), None)
    report = await run(open_connector(setup), known())
    assert report.passes(strict=True), report.plain()
    # Nobody is asked to fill a list in for a check: what is shown is that the mapping fits.
    assert list(ended(report, Verdict.PASSED)) == ["K01", "K19"]
