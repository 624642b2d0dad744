"""Errors of the bus rooms. The shape is `schemas.errors`; here stand the kinds bus code raises.

| kind | whose fault | what happens next |
|---|---|---|
| InputError | the operator or caller | mend the input, try again; nothing was done |
| ConfigError | the operator | mend the configuration, start again |
| UnavailableError | the surroundings | tried again by itself |
| DefectError | ours | stop, report |
| RefusedError | a peer's message in this state | quarantine or Problem, with the code |
| PendingError | nobody: something is still to come | hold, retry when it arrives |
"""

from __future__ import annotations

from schemas.errors import (
    ConfigError,
    DefectError,
    HeduiError,
    InputError,
    UnavailableError,
)

__all__ = [
    "ConfigError",
    "DefectError",
    "HeduiError",
    "InputError",
    "PendingError",
    "RefusedError",
    "UnavailableError",
]


class RefusedError(HeduiError):
    """A verified message may not stand here in this state of the case: refuse it with the code."""


class PendingError(HeduiError):
    """The message is good but needs something that has not arrived yet: hold it and retry."""
