"""The SQL connector: one table or view of any database that SQLAlchemy reaches, as a resource."""
