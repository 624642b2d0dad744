"""The command `hedui`: client of the operator's API, and where the other rooms' commands hang."""

from bus.cli.main import main

__all__ = ["main"]
