"""Errors of the signer room."""

from __future__ import annotations

from schemas.errors import ConfigError, HeduiError, InputError


class KeyRingError(HeduiError):
    """A private key is missing or cannot do what was asked."""


class KeyFileError(ConfigError):
    """A key, certificate or passphrase file cannot be used as it is."""


class CertificateError(HeduiError):
    """A certificate or its path is not acceptable for the stated use."""


class DirectoryError(HeduiError):
    """A directory record or head is not acceptable; the directory in use stays."""


class AdmissionError(InputError):
    """An application, a certificate request or a grant is not acceptable: mend it, send again."""
