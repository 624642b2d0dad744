"""Two directories change places in one step, where the system can (Linux, renameat2)."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_FROM_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}


def exchange(one: Path, other: Path) -> bool:
    """Let two paths of one file system change places; at no moment is either of them missing.

    Returns:
        Whether it was done; False where system or file system cannot, and nothing was changed.

    Raises:
        OSError: A path is missing or may not be written.
    """
    library = ctypes.CDLL(None, use_errno=True)
    try:
        rename = library.renameat2
    except AttributeError:  # another system, or another C library
        return False
    if rename(_FROM_HERE, os.fsencode(one), _FROM_HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))
