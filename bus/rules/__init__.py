"""One regulation question a file, pure."""
