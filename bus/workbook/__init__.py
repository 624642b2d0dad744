"""Official workbooks (查询申请, 查询结果) to and from the model.

| wanted | call |
|---|---|
| an empty application workbook, or a filled one | `template.template`, `template.fill` |
| a draft of a filled workbook, or all its faults | `parse.parse` |
| the same rules for a draft from elsewhere | `check.check_draft` |
| a result as a workbook or as JSON | `result.result_workbook`, `result_json.result_json` |

Bytes in, bytes out: no file, no clock. A sheet beside the three of the form is left alone while it
can be seen; a hidden one with content is refused.
"""
