"""What processes use of memory and processors, where the system tells it in /proc; 0 elsewhere."""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")


def rss_mb(pid: int | None) -> int:
    """Return the resident memory of a process."""
    return _kilobytes(f"{pid}/status", "VmRSS") // 1024


def peak_rss_mb(pid: int) -> int:
    """Return the most resident memory that a process has had."""
    return _kilobytes(f"{pid}/status", "VmHWM") // 1024


def pss_mb(pid: int) -> int:
    """Return its memory with its share of what it shares, so that sums count nothing twice."""
    return _kilobytes(f"{pid}/smaps_rollup", "Pss") // 1024


def family(pid: int) -> list[int]:
    """Return ``pid`` and all that descend from it."""
    children = defaultdict[int, list[int]](list)
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold anything.
            parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        children[int(parent[1])].append(int(stat.parent.name))
    found, at = [pid], 0
    while at < len(found):
        found += children[found[at]]
        at += 1
    return found


def processor_s(pid: int) -> float:
    """Return the seconds of a processor that ``pid`` and its descendants have used until now.

    Of those that have ended as well, if somebody waited for their end.
    """
    if not PROC.exists():
        return 0.0
    ticks = 0
    for each in family(pid):
        try:
            stat = (PROC / str(each) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        # User and system, of its own and of its children that were waited for.
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Peaks:
    """The most that was seen of a server and of all its processes; ``processes`` is how many."""

    server_rss_mb: int = 0
    all_pss_mb: int = 0
    all_rss_mb: int = 0
    processes: int = 0
    samples: int = 0
    by_process: dict[str, int] = field(default_factory=dict[str, int])
    """The most resident memory of any process, by what it runs."""

    def look(self, pid: int) -> None:
        there = family(pid)
        self.samples += 1
        self.processes = max(self.processes, len(there))
        self.server_rss_mb = max(self.server_rss_mb, peak_rss_mb(pid))
        self.all_pss_mb = max(self.all_pss_mb, sum(map(pss_mb, there)))
        self.all_rss_mb = max(self.all_rss_mb, sum(map(rss_mb, there)))
        for each in there:
            # Nothing, if it has just ended.
            if peak := peak_rss_mb(each):
                name = _what(each)
                self.by_process[name] = max(self.by_process.get(name, 0), peak)


def _what(pid: int) -> str:
    """Return the module or program that a process runs."""
    try:
        words = (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return "gone"
    if "-m" in words:
        return words[words.index("-m") + 1]
    return Path(words[0]).name


def _kilobytes(file: str, name: str) -> int:
    try:
        lines = (PROC / file).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(next(found, "0"))
