"""THE PATH of one query (民办发〔2018〕32号), pure: case + message + now → outcome.

Read it from top to bottom:

| stage | file | article |
|---|---|---|
| 提出申请: the requester writes and splits its application | application.py | 8, 9 (R019-R022) |
| 上级同意: a city's application passes its province | levels.py | 3 (R006) |
| 收件: application and parts come together | collecting.py | 8 (R019, R047) |
| 形式审查: the hub reviews, decides | review.py | 9 (R025-R028) |
| 确定提供方: who must answer, by when | routing.py | 7, 10, note 2 (R017, R029, R050-R051) |
| 转交数据: an order becomes rows that are owed | dispatch.py | 7 (R018) |
| 反馈结果: an agency's answer closes its row on every desk | answer.py | 7, 10 (R018, R029) |
| 核对反馈: an answer is about what was asked, all of it | answer_check.py | 11 (R071-R073) |
| 签收: the requester has everything and says so | delivery.py | 10, 11 |
| 退回补正: it comes again without some households (side door) | reissue.py | 9 (R067) |
| 调阅: evidence is called up and judged (side door) | evidence.py | 9 (R022-R026) |
| 材料清单: what is produced is what was called up | evidence_manifest.py | 9 (R023-R026) |
| 期限: what is due when, and what is near (all the way) | deadlines.py | 9, 10 (R024, R028-R029) |
| 延期: a notice, a new date, agreed or not (side door) | delay.py | 10 (R030) |
| 逾期未启动: what never became complete is refused (side door) | lapse.py | 9, 10 (R025, R028) |
| 复核: a disputed result is asked for again (side door) | recheck.py | 10 (R032) |
| 差异: what a re-check says otherwise (side door) | difference.py | 10 (R032) |
| 暂停与退出: who cannot answer any more owes nothing (side door) | cut_off.py | 5, 6 (R007, R014) |
| 撤销: withdrawn; each hop says what it had done (side door) | cancel.py | 10 (R031) |
| 过期: orders, or an application, have run out (side door) | expiry.py | 10 (R028, R029) |
| 及时性与准确性: how long, how often wrong (afterwards) | turnaround.py | 1 (R001) |
| 保存期限: when content is destroyed (afterwards) | retention.py | 11 (R076) |

lifecycle.py holds every movement between states; outcome.py is what the stages return; stopping.py
is what is said where a query ends early; listing.py is whom the directory lists. The shell
(`bus.daemon`) loads cases, calls these functions, and carries out what they return.
"""
