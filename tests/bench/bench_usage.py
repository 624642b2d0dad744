"""What the kernel says of a process: CPU seconds and memory (Linux, /proc)."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024
_MIB = 1024 * 1024
_UTIME, _STIME, _PPID = 11, 12, 1
"""Places in /proc/PID/stat after the command's closing bracket."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the process began, memory held now and at most, in MiB."""

    cpu: float
    rss: float
    peak: float


def usage(pid: int) -> Usage:
    """Return what a process has used."""
    stat = _stat(pid)
    sizes = {}
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        name, _, value = line.partition(":")
        if name in {"VmRSS", "VmHWM"}:
            sizes[name] = int(value.split()[0]) * _KIB / _MIB
    cpu = (int(stat[_UTIME]) + int(stat[_STIME])) / _TICKS
    return Usage(cpu, sizes["VmRSS"], sizes["VmHWM"])


def machine_busy() -> float:
    """Return the CPU seconds that all processes of the machine have used, ours and others'."""
    fields = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def forget_peak(pid: int) -> None:
    """Let a process's peak begin anew, where the kernel allows it."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def child(pid: int) -> int:
    """Return the process that a broker's host started, the JVM; itself where it started none."""
    children = [pid]
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(_stat(int(folder.name))[_PPID]) == pid:
                children.append(int(folder.name))
    return children[-1]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
