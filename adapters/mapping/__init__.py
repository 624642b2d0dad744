"""The adapter's mapping: what of a source makes which resource of the catalogue.

| file | question |
|---|---|
| `resource` | what does every source say of one resource? |
| `document` | the whole file's part: one source, its resources |
| `catalogue` | does it fit the catalogue? |
| `faults` | how is an operator told what is wrong? |
"""
