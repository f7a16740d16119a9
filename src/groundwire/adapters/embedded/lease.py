"""The lease on a data folder, and whether the positions given out before still hold.

A cursor is good as long as no position can have been given out twice. Three marks tell,
and a doubt costs a reader no more than loading a snapshot:

* the lease file's identity (inode and time of change, which no copy keeps) is in the
  database: a folder or a database that was copied back no longer matches;
* a counter beside the database, in memory shared with the system, is as high as what any
  reader has seen: a database that lags behind it lost commits;
* the machine's boot id: an unclean stop of the machine may have lost unsynced commits.
"""

import mmap
import os
import struct
from pathlib import Path

import apsw

from groundwire.adapters.embedded.store import select
from groundwire.model.errors import FolderInUse

try:
    import fcntl
except ImportError:  # Windows has no flock; the lease is then kept by the open file alone
    fcntl = None


class Lease:
    """Held by the one server of a data folder; raises ``FolderInUse`` if another has it."""

    def __init__(self, folder: Path, *, boot: str | None = None) -> None:
        self._boot = boot if boot is not None else boot_id()
        self._path = folder / "lease"
        self._file = self._path.open("a+b")
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                raise FolderInUse(
                    f"Another Groundwire serves the data folder {folder}. Stop it, or use another "
                    "folder (--data)."
                ) from error
        self.seen = Counter(folder / "seen")

    def begin(self, connection: apsw.Connection) -> str | None:
        """Start a lifetime; say why the cursors of earlier ones are void, if they are.

        Runs in a transaction; gives every log a new epoch where that is so.
        """
        rows = select(connection, "SELECT lease, boot, clean, commits FROM lifetime")
        lease, boot, clean, commits = rows[0]
        reason = None
        if lease and lease != self._identity():
            reason = "restored"
        elif commits < self.seen.value:
            reason = "commits_lost"
        elif not clean and (boot != self._boot or not self._boot):
            # Where no boot id is told, every unclean stop may have been the machine's.
            reason = "machine_stopped"
        if reason is not None:
            connection.execute("UPDATE logs SET epoch = lower(hex(randomblob(5)))")
        self.seen.value = commits
        # Until `renew`, the database matches any lease: dying in between is no restore.
        connection.execute("UPDATE lifetime SET lease = '', boot = ?, clean = 0", (self._boot,))
        return reason

    def renew(self, connection: apsw.Connection) -> None:
        """Take the lease anew, after `begin` is committed; runs in a transaction of its own."""
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        connection.execute("UPDATE lifetime SET lease = ?", (self._identity(),))

    def end(self, connection: apsw.Connection) -> None:
        """Note an orderly stop; runs in the last, synced transaction."""
        connection.execute("UPDATE lifetime SET clean = 1")

    def release(self) -> None:
        self.seen.close()
        self._file.close()

    def _identity(self) -> str:
        status = self._path.stat()
        return f"{status.st_dev}:{status.st_ino}:{status.st_ctime_ns}"


class Counter:
    """Eight bytes shared with the system: they outlive the process, and cost no syscall."""

    def __init__(self, path: Path) -> None:
        if not path.exists() or path.stat().st_size != _SIZE:
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    @property
    def value(self) -> int:
        return int(struct.unpack_from("<Q", self._memory)[0])

    @value.setter
    def value(self, value: int) -> None:
        struct.pack_into("<Q", self._memory, 0, value)

    def close(self) -> None:
        self._memory.close()


_SIZE = 8


def boot_id() -> str:
    """Return what changes with each start of the machine; empty where it is not told."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""
