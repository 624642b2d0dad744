"""One frozen TOML model a daemon."""
