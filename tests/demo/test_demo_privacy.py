"""No name, number or telephone of the demo appears anywhere but in the result itself (issue 2)."""

from __future__ import annotations

import csv
import json

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from demo_expectation import table
from openpyxl import load_workbook

from adapters.demo.agencies import shipped_data

PERSONAL = (
    *("姓名", "身份证号", "证件号码", "配偶姓名", "配偶证件号码", "name", "id_number"),
    *("个人账号", "account", "证件字号", "房屋坐落地址"),
)


@pytest.fixture(scope="session")
def secrets():
    data = shipped_data()
    form = {r["项目"].rstrip("*"): r["填写内容"] for r in table(data / "application.xlsx", "申请")}
    found = {form["联系人"], form["联系电话"], form["首位被查询人"]}
    for person in table(data / "application.xlsx", "名单"):
        found |= {person[column] for column in ("姓名", "证件号码", "授权书编号", "监护人")}
    for file in data.glob("tables/*/*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.DictReader(opened):
                found |= {text for title, text in row.items() if title in PERSONAL}
    found.discard("")
    assert len(found) > 50
    return found


@pytest.fixture(scope="session")
def forms(secrets):
    """Every way a text may stand in bytes."""
    encodings = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
    plain = {secret.encode(encoding) for secret in secrets for encoding in encodings}
    return plain | {json.dumps(secret)[1:-1].encode() for secret in secrets}


def leaks(data: bytes, forms: set[bytes]) -> int:
    return sum(form in data for form in forms)


def test_a_leak_would_be_seen(forms, secrets):
    name = next(iter(secrets))

    assert leaks(f"log {name}".encode(), forms)
    assert leaks(json.dumps({"name": name}).encode(), forms)


def test_no_process_writes_a_person_into_its_output(stayed, forms):
    logs = {log.stem: log.read_bytes() for log in (stayed.running.out / "logs").glob("*.log")}

    daemons = set(stayed.outcome["stay"]["metrics"])
    assert {name for name, text in logs.items() if b"daemon.started" in text} == daemons
    assert {name.removeprefix("320000.housing-bureau.") for name in logs if "medium" in name} == {
        *("medium-export", "medium-open", "medium-pack", "medium-import")
    }
    assert {"broker", "500000.housing-fund.service", *daemons} < set(logs)
    assert "hub.marriage.upload-marriage-registration" in logs
    assert {name for name, text in logs.items() if leaks(text, forms)} == set()
    assert leaks(stayed.running.errors.read_bytes(), forms) == 0


def test_no_metric_names_a_person(stayed, forms):
    for url in stayed.outcome["stay"]["metrics"].values():
        page = httpx.get(url).content
        assert b"hedui_messages_handled_total" in page
        assert leaks(page, forms) == 0


async def test_no_topic_holds_a_person_in_clear(stayed, forms):
    places = stayed.outcome["stay"]
    consumer = AIOKafkaConsumer(bootstrap_servers=places["bootstrap"], enable_auto_commit=False)
    await consumer.start()
    try:
        topics = places["topics"]
        await consumer._client.set_topics(topics)
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        read = {partition: 0 for partition, end in ends.items() if end}
        records = []
        while any(read[partition] < ends[partition] for partition in read):
            for partition, batch in (await consumer.getmany(timeout_ms=200)).items():
                read[partition] = batch[-1].offset + 1
                records += batch
    finally:
        await consumer.stop()

    # Applications, lists and consents go up, orders down, eight answers over three hops each.
    assert len(records) > 40
    assert {record.topic for record in records} == set(topics)
    for record in records:
        headers = b"\n".join(name.encode() + b"=" + value for name, value in record.headers)
        assert leaks(b"\n".join((record.key or b"", record.value or b"", headers)), forms) == 0


def test_no_error_text_names_a_person(stayed, hedui, forms, tmp_path):
    """A workbook wrong in every cell of its list is refused without repeating any of them."""
    book = load_workbook(shipped_data() / "application.xlsx")
    sheet = book["名单"]
    titles = [cell.value for cell in sheet[2]]
    for row in range(3, 15):
        number = sheet.cell(row, titles.index("证件号码*") + 1)
        # One digit more than a number has, and a guardian who is the person.
        number.value = f"{number.value}0"
        sheet.cell(row, titles.index("监护人") + 1).value = sheet.cell(row, 3).value
    wrong = tmp_path / "wrong.xlsx"
    book.save(wrong)
    socket = stayed.outcome["stay"]["sockets"]["370000"]

    for output in ((), ("--json",)):
        refused = hedui(
            *("query", "submit", wrong, "--socket", socket, "--operator", "op", *output)
        )
        assert refused.returncode == 2
        assert "ID_NUMBER_FORM" in refused.stderr
        assert leaks((refused.stdout + refused.stderr).encode(), forms) == 0
