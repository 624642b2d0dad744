"""Padding of a plaintext, so that its length says little (spec §7)."""

from __future__ import annotations

_LENGTH = 4


def padme(size: int) -> int:
    """Return the Padmé size of `size` bytes: at most 12 % more, few distinct lengths."""
    if size < 2:  # noqa: PLR2004 - log2 of 1 is 0; nothing to round
        return size
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def padded_size(data_size: int, minimum: int) -> int:
    """Return the plaintext's size for `data_size` bytes of data."""
    return max(padme(_LENGTH + data_size), minimum)


def pad(data: bytes, minimum: int) -> bytes:
    """Return u32 length ‖ data ‖ zeros."""
    zeros = bytes(padded_size(len(data), minimum) - _LENGTH - len(data))
    return b"".join((len(data).to_bytes(_LENGTH), data, zeros))


def unpad(plaintext: bytes, minimum: int) -> bytes | None:
    """Return the data, or None when length or zeros are not exactly what `pad` makes."""
    size = int.from_bytes(plaintext[:_LENGTH])
    end = _LENGTH + size
    if len(plaintext) < _LENGTH or end > len(plaintext):
        return None
    zeros = bytes(len(plaintext) - end)
    if len(plaintext) != padded_size(size, minimum) or plaintext[end:] != zeros:
        return None
    return plaintext[_LENGTH:end]
