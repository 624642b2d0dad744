"""Asks the few questions of a new adapter and writes its file (`hedui adapter init`).

| file | question |
|---|---|
| `run` | how does the file come about, whole or not at all? |
| `asking` | how is a question put, and where does its answer come from? |
| `beginning` | who is it, with what kind of source, for which resource? |
| `database` | which database, table and columns? |
| `id_types` | what do the source's own codes of ID types stand for? |
| `guess` | which column is probably meant? |
| `mask` | what of a row may be shown? |
| `page` | how does the file read? |
| `skeletons` | what do the sections of the other kinds look like? |
"""
