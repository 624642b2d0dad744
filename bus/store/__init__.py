"""The only room of the bus that names SQL.

| file | question |
|---|---|
| tables.py, columns.py | what is stored, and in which units |
| engine.py | how SQLite is opened so that a commit is on the disk |
| schema.py | whose database this is, and of which version |
| store.py | how a transaction begins and ends |
| unit.py, statements.py | how a statement of a transaction runs |
| cases, messages, outbox, audit, progress, parked, records | the statements, by question |
| conflicts.py | what happens when the row is there already |
| unbroken.py | how a cancelled task still ends its statement |
| faults.py | which of our errors a foreign one becomes |
"""
