"""Every case passes on a good connector, and fails on one that is broken in just that way."""

from __future__ import annotations

from dataclasses import replace

import kit_broken as broken
import pytest

from adapters.kit.cases import CASES, CLOSES, FITS
from adapters.kit.report import Verdict

NAME = "housing-fund-withdrawal"
ALL = [case.number for case in (FITS, *CASES, CLOSES)]
LOCAL = {"K17", "K18"}
COLUMNS = {
    "name": "xm",
    "id_type": "zjlx",
    "id_number": "zjhm",
    "account": "zh",
    "amount": "je",
    "withdrawn_on": "rq",
    "reason": "yy",
}


class Foreign:
    """A connector that is no `RowsConnector`, for which the kit has no mapping."""

    def __init__(self, inner):
        self.check, self.lookup, self.close = inner.check, inner.lookup, inner.close


async def test_a_good_connector_passes_every_case(opened, run, known, ended):
    report = await run(opened(broken.Aims), known())
    assert [line.number for line in report.lines] == ALL
    assert list(ended(report, Verdict.PASSED)) == ALL, report.plain()
    assert report.passes(strict=True)


async def test_people_are_taken_from_rows_where_nobody_is_named(opened, run, ended):
    report = await run(opened(broken.Aims))
    assert list(ended(report, Verdict.PASSED)) == ALL, report.plain()


@pytest.mark.parametrize(
    ("kind", "noticed"),
    [
        (broken.Unfit, {"K01": "SOURCE_MISMATCH"}),
        (broken.LosesSomebody, {"K02": "KNOWN_NOT_FOUND"}),
        (broken.Evades, {"K03": "STRANGER_ANSWERED", "K12": "BATCH_DIFFERS"}),
        (broken.MatchesPatterns, {"K04": "TEXT_OBEYED"}),
        (broken.EndsBeforeItsDay, {"K05": "DAY_LEFT_OUT", "K06": "RANGE_EDGES_WRONG"}),
        (broken.EndsTooEarly, {"K06": "RANGE_EDGES_WRONG"}),
        (broken.EndsTooLate, {"K06": "RANGE_EDGES_WRONG"}),
        pytest.param(
            broken.IgnoresTheRange,
            {"K06": "RANGE_EDGES_WRONG"},
            marks=pytest.mark.requirement("R053"),
        ),
        (broken.IgnoresNames, {"K07": "NAME_POLICY"}),
        pytest.param(
            broken.MatchesNames,
            {"K08": "NAME_MATCHED"},
            marks=pytest.mark.requirement("R070"),
        ),
        (broken.IgnoresIdTypes, {"K09": "ID_TYPE_IGNORED"}),
        (broken.AnswersOnce, {"K10": "TWICE_DIFFERS"}),
        (broken.Sorts, {"K11": "OUTCOMES_NOT_WHOLE"}),
        (broken.ForgetsTheEleventh, {"K11": "OUTCOMES_NOT_WHOLE"}),
        (broken.FindsNothing, {"K11": "OUTCOME_MALFORMED"}),
        (broken.KnowsTomorrow, {"K11": "AS_OF_INVALID"}),
        (broken.CutsOff, {"K12": "BATCH_DIFFERS"}),
        (broken.TellsMore, {"K13": "ITEM_UNASKED"}),
        (broken.TellsLess, {"K13": "ITEM_MISSING"}),
        (broken.BringsOthers, {"K14": "RECORD_OF_ANOTHER"}),
        pytest.param(
            broken.CountsInBinary,
            {"K15": "VALUE_UNFIT"},
            marks=pytest.mark.requirement("R072"),
        ),
        (broken.ShowsBadRows, {"K16": "ROWS_DOUBTFUL"}),
        (broken.TakesDownForEmpty, {"K17": "OUTAGE_ANSWERED"}),
        (broken.TakesSilenceForEmpty, {"K18": "OUTAGE_ANSWERED"}),
        (broken.ClosesOnce, {"K19": "CLOSED_ALREADY"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
async def test_a_broken_connector_is_noticed(opened, run, known, ended, kind, noticed):
    report = await run(opened(kind), known())
    assert ended(report, Verdict.FAILED) == noticed
    assert not report.passes()
    told = str(report.plain())
    assert not [one for one in known() if one.name in told or one.id_number in told]


async def test_a_connector_that_does_not_fit_is_asked_nothing_more(opened, run, known):
    report = await run(opened(broken.Unfit), known())
    assert [line.number for line in report.lines] == ["K01", "K19"]


async def test_every_case_has_been_seen_to_fail():
    parameters = test_a_broken_connector_is_noticed.pytestmark[0].args[1]
    given = [getattr(one, "values", one) for one in parameters]
    assert {number for _, noticed in given for number in noticed} == set(ALL)


@pytest.mark.parametrize("policy", ["answer", "not_found", "not_answerable"])
async def test_names_follow_the_mappings_policy_whichever_it_is(opened, run, known, policy):
    report = await run(opened(name_mismatch=policy), known())
    assert report.passes(), report.plain()


async def test_without_a_column_of_names_or_id_types_the_number_decides(opened, run, known):
    few = opened(person_name=None, id_type=None, name_mismatch="answer")
    assert (await run(few, known())).passes()


async def test_a_source_without_id_types_may_not_say_who_is_not_there(opened, run, known, ended):
    report = await run(opened(broken.SaysNotThere, id_type=None), known())
    assert ended(report, Verdict.FAILED) == {"K09": "ID_TYPE_IGNORED"}


async def test_whoever_is_named_must_be_answerable(opened, run, known, ended):
    report = await run(opened(), known(6, 32))
    assert ended(report, Verdict.FAILED) == {"K02": "KNOWN_NOT_ANSWERABLE"}


async def test_whoever_stands_in_a_row_may_be_doubtful_but_not_everybody(
    opened, run, database, ended
):
    assert (await run(opened())).passes()
    database("UPDATE gjj_tq SET je = '1.234'")
    report = await run(opened())
    assert ended(report, Verdict.FAILED) == {
        "K02": "KNOWN_NOT_ANSWERABLE", "K05": "DAY_NOT_ANSWERABLE", "K16": "ROWS_DOUBTFUL",
    }  # fmt: skip
    [line] = [line for line in report.lines if line.number == "K16"]
    assert "VALUE_INVALID housing-fund-withdrawal.amount×" in line.result.zh


@pytest.mark.parametrize("kind", [broken.Hidden, broken.Refuses])
async def test_without_people_it_says_what_is_needed(opened, run, ended, kind):
    report = await run(opened(kind))
    assert set(ended(report, Verdict.NOT_SHOWN)) == {
        "K02", "K05", "K06", "K07", "K08", "K09", "K10", "K13", "K14", "K15", "K16",
    }  # fmt: skip
    assert report.passes()
    assert not report.passes(strict=True)
    assert "check_people" in report.plain()[1]["detail_zh"]


async def test_people_without_a_day_leave_the_edges_unshown(opened, run, known, ended):
    undated = [replace(one, day=None) for one in known()]
    report = await run(opened(broken.Hidden), undated)
    assert set(ended(report, Verdict.NOT_SHOWN)) == {"K05", "K06", "K16"}


async def test_a_resource_without_a_time_item_has_no_edges(opened, run, known, ended):
    columns = {k: v for k, v in COLUMNS.items() if k != "withdrawn_on"}
    undated = opened(columns=columns, not_held=["paid_to", "withdrawn_on"])
    report = await run(undated, known())
    assert set(ended(report, Verdict.NOT_APPLICABLE)) == {"K05", "K06", *LOCAL}
    assert report.passes()


async def test_records_without_a_number_cannot_be_anothers(opened, run, known, ended):
    columns = {k: v for k, v in COLUMNS.items() if k != "id_number"}
    report = await run(opened(columns=columns, not_held=["paid_to", "id_number"]), known())
    assert set(ended(report, Verdict.NOT_APPLICABLE)) == {"K14", *LOCAL}


async def test_an_empty_source_has_nothing_to_show(opened, run, database, ended):
    database("DELETE FROM gjj_tq")
    report = await run(opened())
    assert "K16" in ended(report, Verdict.NOT_SHOWN)
    assert report.passes()


async def test_what_is_not_coded_is_told_by_its_kind_alone(opened, run, known, ended):
    report = await run(opened(broken.Talks), known())
    assert set(ended(report, Verdict.FAILED).values()) == {"FOREIGN_ERROR"}
    assert "KeyError" in report.plain()[1]["detail_en"]
    assert "990000" not in str(report.plain())


async def test_people_who_have_to_act_are_not_waited_for(opened, run, known, ended):
    report = await run(opened(broken.Waits), known())
    asked = [number for number in ALL if number not in {"K01", "K16", "K19"}]
    assert list(ended(report, Verdict.NOT_APPLICABLE)) == asked
    assert report.passes(strict=True)


async def test_a_case_may_not_last_for_ever(opened, run, known, ended):
    report = await run(opened(broken.Hangs), known(), case_seconds=0.01)
    assert set(ended(report, Verdict.FAILED).values()) == {"CASE_TOO_SLOW"}


async def test_a_connector_with_a_mapping_of_its_own_is_asked_too(opened, run, known, ended):
    report = await run(Foreign(opened()), known())
    assert set(ended(report, Verdict.NOT_APPLICABLE)) == {"K07", "K16", *LOCAL}
    assert report.passes(strict=True)


async def test_each_line_is_told_as_it_is_done(opened, run, known):
    begun, told = [], []
    report = await run(
        opened(),
        known(),
        checked=True,
        begin=lambda case, resource: begun.append((case.number, resource)),
        tell=told.append,
    )
    assert tuple(told) == report.lines
    assert begun == [(line.number, line.resource) for line in told]
    assert begun[:2] == [("K01", ""), ("K02", NAME)]
