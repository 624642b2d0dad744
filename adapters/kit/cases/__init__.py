"""The cases that every connector must pass, in the order in which they run.

A number is never used again for another case: operators and third parties name cases by it.
"""

from __future__ import annotations

from adapters.kit.cases import batches, identity, outages, people, records, source, times
from adapters.kit.ground import Case

FITS = Case("K01", "数据源与映射相符", "the source fits the mapping", source.it_fits, whole=True)

CLOSES = Case(
    "K19", "可重复关闭", "it can be closed twice", source.it_can_be_closed_twice, whole=True
)

CASES: tuple[Case, ...] = (
    Case("K02", "已知人员查得", "known people are found", people.known_are_found),
    Case("K03", "虚构人员未查得", "strangers are not found", people.strangers_are_not_found),
    Case("K04", "恶意文本只作文本", "hostile text is text", people.hostile_text_is_only_text),
    Case("K05", "起止日含当日", "a range holds its own day", times.own_day_is_inside),
    Case("K06", "起止日不含前后日", "a range ends at its edges", times.other_days_are_outside),
    Case(
        "K07",
        "号同名异按规则处理",
        "another name follows the policy",
        identity.another_name_follows_the_policy,
    ),
    Case("K08", "仅凭姓名不匹配", "a name alone finds nobody", identity.a_name_finds_nobody),
    Case(
        "K09",
        "证件类型不同即他人",
        "another ID type is somebody else",
        identity.another_id_type_is_somebody_else,
    ),
    Case(
        "K10",
        "同一人两次结果一致",
        "twice asked, answered alike",
        batches.twice_asked_is_answered_alike,
    ),
    Case(
        "K11",
        "结果齐全有序",
        "outcomes are whole and in order",
        batches.outcomes_are_whole_and_in_order,
    ),
    Case("K12", "一批一千人", "1,000 at once", batches.a_thousand_at_once),
    Case("K13", "只给出所申请内容项", "only items asked leave", records.only_items_asked_leave),
    Case(
        "K14",
        "只给出本人记录",
        "records are the person's own",
        records.records_are_the_persons_own,
    ),
    Case("K15", "值符合模式", "values fit the schema", records.values_fit_the_schema),
    Case("K16", "样本行可答复", "rows can be answered", source.rows_can_be_answered),
    Case(
        "K17",
        "数据源不通即报错",
        "a source that is down raises",
        outages.a_source_that_is_down_raises,
        whole=True,
    ),
    Case(
        "K18",
        "数据源无响应即报错",
        "a silent source raises",
        outages.a_silent_source_raises,
        whole=True,
    ),
)
