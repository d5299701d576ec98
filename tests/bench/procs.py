"""What /proc knows of a process and its children: memory, processor time, names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process as it is now. Memory is in MB; `pss` shares out what several processes map."""

    pid: int
    command: str
    rss: float
    pss: float
    cpu: float


def tree(root: int) -> list[int]:
    """Return the process and all its descendants, parents first."""
    found, left = [], [root]
    while left:
        pid = left.pop(0)
        found.append(pid)
        left += children(pid)
    return [pid for pid in found if running(pid)]


def running(pid: int) -> bool:
    """Say whether a process still runs (a zombie does not)."""
    return _state(pid) not in ("", "Z", "X")


def children(pid: int) -> list[int]:
    """Return the direct children of a process, whichever of its threads started them."""
    found = []
    for task in _list(PROC / str(pid) / "task"):
        found += [int(child) for child in _read(task / "children").split()]
    return found


def look(pid: int) -> Process:
    """Return what is known of a process."""
    command = _read(PROC / str(pid) / "cmdline").replace("\0", " ").strip()
    memory = _fields(PROC / str(pid) / "smaps_rollup")
    rss = memory.get("Rss", 0.0) or _fields(PROC / str(pid) / "status").get("VmRSS", 0.0)
    return Process(
        pid=pid,
        command=command,
        rss=rss / 1024,
        pss=(memory.get("Pss", 0.0) or rss) / 1024,
        cpu=cpu_seconds(pid),
    )


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, 0.0 if it is gone."""
    stat = _read(PROC / str(pid) / "stat")
    if not stat:
        return 0.0
    parts = stat.rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


def busy_seconds() -> float:
    """Return the processor time that the whole machine has used since it started, all cores together."""
    first = _read(PROC / "stat").partition("\n")[0].split()
    user, nice, system, _, _, irq, softirq = map(int, first[1:8])
    return (user + nice + system + irq + softirq) / TICK


def _state(pid: int) -> str:
    stat = _read(PROC / str(pid) / "stat")
    return stat.rpartition(")")[2].split()[0] if stat else ""


def _fields(path: Path) -> dict[str, float]:
    found = {}
    for line in _read(path).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[1] == "kB":
            found[name] = float(words[0])
    return found


def _list(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
