"""The test kit that any adapter must pass (`hedui adapter check`), and its cases.

| file | question |
|---|---|
| `run` | how is a connector shown to keep the contract? |
| `cases` | which cases are there? a file for each thing that is asked |
| `ground` | what does a case stand on? |
| `people` | where do the people come from who are asked about? |
| `report` | what became of each case? |
"""
