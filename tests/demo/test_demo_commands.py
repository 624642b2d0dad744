"""What the command says and how it exits when it cannot do what was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from uuid import UUID

import pytest
from typer.testing import CliRunner

from adapters.demo import brokers, commands, run
from adapters.demo.agencies import load_agencies
from adapters.demo.brokers import BrokerChoice
from adapters.demo.commands import app
from adapters.demo.journey import NotDeliveredError, follow
from bus.api.application import ApplicationDetail, ApplicationSummary
from bus.api.errors import ErrorBody, FaultBody, FindingBody
from bus.api.query import CountsBody, QueryDetail, QuerySummary
from bus.cli.remote import RemoteError
from bus.errors import InputError, UnavailableError
from bus.model.case import QueryState

QUERY = UUID(int=7)


@pytest.fixture
def invoke(tmp_path):
    def invoke(*arguments: str):
        out = tmp_path / "out"
        return CliRunner().invoke(app, ["--out", str(out), *map(str, arguments)])

    return invoke


def test_a_folder_that_is_not_there_is_refused_before_anything_starts(invoke, tmp_path):
    ended = invoke("--data", tmp_path / "none")

    assert ended.exit_code == 2
    assert "DATA_UNREADABLE" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_all_faults_are_listed_with_file_row_and_column(invoke, tmp_path):
    file = tmp_path / "370000.fund" / "housing-fund-account.csv"
    file.parent.mkdir()
    file.write_text("id_number,balance\nE1,很多\n", "utf-8")

    ended = invoke("--data", tmp_path)
    as_json = invoke("--data", tmp_path, "--json")

    assert ended.exit_code == as_json.exit_code == 2
    assert "370000.fund/housing-fund-account.csv" in ended.stderr
    assert "文件 file" in ended.stderr
    assert "工作表" not in ended.stderr
    assert "很多" not in ended.stderr + as_json.stderr
    (told,) = json.loads(as_json.stderr)["faults"]
    assert (told["row"], told["column"], told["code"]) == (2, "B", "VALUE_INVALID")


def test_a_workbook_that_is_none_is_refused_with_its_faults(invoke, tmp_path):
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"no workbook")

    ended = invoke("--application", file)

    assert ended.exit_code == 2
    assert "WORKBOOK_FAULTS" in ended.stderr
    assert invoke("--application", tmp_path / "none.xlsx").exit_code == 2


def test_more_persons_than_the_broker_can_hold_are_refused(invoke, monkeypatch):
    monkeypatch.setattr(brokers, "_PERSONS", {BrokerChoice.EMBEDDED: 11, BrokerChoice.KAFKA: 12})
    monkeypatch.setenv("HEDUI_KAFKA_LIBS", "/nowhere")

    ended = invoke()

    assert ended.exit_code == 2
    assert "DEMO_PERSONS" in ended.stderr
    # The real one holds more, and is asked whether it can run here before anything is started.
    real = invoke("--broker", "kafka")
    assert (real.exit_code, "KAFKA_LIBS_MISSING" in real.stderr) == (1, True)
    assert invoke("--broker", "kafka", "--nodes", 2).exit_code == 2


def test_an_output_folder_that_cannot_be_made_is_refused(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")

    ended = CliRunner().invoke(app, ["--out", str(taken)])

    assert ended.exit_code == 2
    assert "OUT_UNWRITABLE" in ended.stderr


FAULT = FaultBody(sheet="名单", row=3, column="E", code="X", zh="错", en="wrong")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("A", "", ""), 2),
        (UnavailableError("A", "", ""), 1),
        (RemoteError(ErrorBody(code="A", zh="", en="", faults=(FAULT,))), 2),
        (RemoteError(ErrorBody(code="A", zh="", en="")), 1),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(invoke, monkeypatch, error, status):
    def fail(*_):
        raise error

    monkeypatch.setattr(commands, "run", fail)

    assert invoke().exit_code == status


FINDING = FindingBody(code="F", zh="意见", en="finding", where="名单")


def summary(state):
    counts = CountsBody(rows=0, open=0, answered=0, dispatched=0, unserved=0, late=0, answers=0)
    moment = "2026-03-02T00:00:00Z"
    return QuerySummary(
        query=QUERY,
        state=state,
        requester="370000",
        requester_title="",
        persons=1,
        parts=1,
        operator=None,
        opened=moment,
        updated=moment,
        delivered=None,
        purged=None,
        counts=counts,
    )


@pytest.mark.parametrize("where", ["faults", "findings"])
def test_a_category_that_no_table_holds_is_met_with_what_they_offer(tmp_path, monkeypatch, where):
    file = tmp_path / "320000.fund" / "housing-fund-loan.csv"
    file.parent.mkdir()
    file.write_text("id_number\nE1\n", "utf-8")
    one = {
        "faults": FaultBody(sheet="附表", row=2, column="C", code="CATEGORY_UNKNOWN", zh="", en=""),
        "findings": FindingBody(code="CATEGORY_UNKNOWN", zh="", en="", where="附表"),
    }[where]
    refusal = RemoteError(ErrorBody(code="DRAFT_REFUSED", zh="", en="", **{where: (one,)}))

    def refuse(*_):
        raise refusal

    monkeypatch.setattr(run, "submit", refuse)
    told: list[str] = []
    network = SimpleNamespace(
        state=SimpleNamespace(agencies=load_agencies(tmp_path)),
        screen=SimpleNamespace(show=lambda *parts: told.extend(map(str, parts))),
    )

    with pytest.raises(RemoteError):
        run._submit(network, b"")

    text = "\n".join(told)
    assert "housing-fund-loan: 320000.fund" in text
    assert "do not offer" in text


def test_another_refusal_is_left_as_it_is(monkeypatch):
    def refuse(*_):
        raise RemoteError(ErrorBody(code="A", zh="", en="", faults=(FAULT,)))

    monkeypatch.setattr(run, "submit", refuse)

    with pytest.raises(RemoteError):
        run._submit(SimpleNamespace(), b"")


@dataclass
class FakeNetwork:
    """Answers as a network in which the query stands still."""

    state: QueryState
    waiting: int = 0

    def __post_init__(self):
        self.screen = self.watch = self

    def remote(self, _centre):
        return self

    operator = remote

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return

    def status(self, *_):
        return

    step = check = tend = status

    def pause(self, _seconds):
        raise UnavailableError("STILL_WAITING", "", "")

    def get(self, _path, reply, **_query):
        if reply is QueryDetail:
            return QueryDetail(
                summary=summary(self.state),
                assent=None,
                decision=None,
                findings=(FINDING,),
                rows=(),
                problems=(),
                withdrawn=(),
                rechecks=None,
            )
        one = ApplicationSummary(
            query=QUERY,
            state=QueryState.UNDER_REVIEW,
            requester="370000",
            requester_title="",
            persons=1,
            parts_listed=2,
            parts_received=2,
            findings=self.waiting,
            warnings=0,
            waits=None,
            withdrawn=0,
            start_by=None,
            working_hours_left=None,
            received="2026-03-02T00:00:00Z",
            updated="2026-03-02T00:00:00Z",
            assent=None,
            decision=None,
        )
        if reply is ApplicationDetail:
            return ApplicationDetail(
                summary=one, review=None, findings=(FINDING,), rows=(), form=None, persons=()
            )
        return (one,)


@pytest.mark.parametrize(
    ("network", "code"),
    [
        (FakeNetwork(QueryState.REFUSED), "QUERY_REFUSED"),
        (FakeNetwork(QueryState.CANCELLED), "QUERY_CANCELLED"),
        (FakeNetwork(QueryState.EXPIRED), "QUERY_EXPIRED"),
        (FakeNetwork(QueryState.SUBMITTED, waiting=1), "REVIEW_WAITS"),
    ],
)
def test_a_query_the_hub_does_not_let_through_ends_the_run_with_its_findings(network, code):
    with pytest.raises(NotDeliveredError, match=code) as caught:
        follow(network, QUERY)

    assert [finding.code for finding in caught.value.findings] == ["F"]


def test_a_query_that_is_under_way_is_waited_for():
    with pytest.raises(UnavailableError, match="STILL_WAITING"):
        follow(FakeNetwork(QueryState.SUBMITTED), QUERY)
