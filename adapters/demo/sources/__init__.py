"""How the demo's agencies hold their data, and how their adapters get at them.

| agency | connector | is |
|---|---|---|
| `320000.housing-fund` | SQL | PostgreSQL where Debian's package is installed, else SQLite |
| `500000.housing-fund` | REST | a small HTTP service with OAuth 2.0 |
| `hub.marriage` | upload | a table that a department uploads before the query |
| any other | SQL | SQLite |
"""
