"""Periodic upload (R112-R123): a department's file becomes a version, and queries are answered.

| file | question |
|---|---|
| `mapping` | what does the adapter's file say of it? |
| `schedule` | which period is owed, by when, and is it late? |
| `template` | what does a department fill in? |
| `read`, `read_csv`, `read_xlsx` | what stands in a file, cell by cell? |
| `header` | which column is which item? |
| `validate` | what is wrong with a row? |
| `report` | what is wrong with the file, without a value of it? |
| `load` | how does a file become a version? |
| `versions` | how is a version withdrawn, how are its rows destroyed? |
| `inbox` | which files have arrived by themselves? |
| `tending` | what is to be done each minute? |
| `connector` | what does the current version hold of some persons? |
"""
