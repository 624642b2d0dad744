"""How the demo's agencies hold their data, and how their adapters get at them.

| agency | connector | is |
|---|---|---|
| `320000.housing-fund` | SQL | PostgreSQL where Debian's package is installed, else SQLite |
| `500000.housing-fund` | REST | a small HTTP service with OAuth 2.0 |
| `hub.marriage` | upload | a table that a department uploads before the query |
| `320000.housing-bureau` | medium | no network: sealed packages, a clerk fills lists in |
| any other | SQL | SQLite |
"""
