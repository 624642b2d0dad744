"""The only room of the bus that names SQL.

| file | question |
|---|---|
| tables.py, columns.py | what is stored, and in which units |
| location.py | which database a URL names |
| database.py | where SQLite and PostgreSQL differ |
| engine_sqlite.py, engine_postgresql.py | how each is opened so that a commit is on the disk |
| schema.py, migrations | whose database this is, of which version, and the way to another |
| maintenance.py | that way walked by an operator |
| store.py | how a transaction begins and ends |
| unit.py, statements.py | how a statement of a transaction runs |
| cases, messages, outbox, audit, progress, parked, records, … | the statements, by question |
| conflicts.py | what happens when the row is there already |
| unbroken.py | how a cancelled task still ends its statement |
| faults.py, faults_sqlite.py, faults_postgresql.py | which of our errors a foreign one becomes |
"""
