"""Take from this process what one that reads what others made does not need.

What holds where: memory, processor time, open files and written files are limited on every
Unix. Without a network: on Linux a network namespace of its own, where the kernel lets this
user make one; everywhere, Python itself refuses sockets, new processes and any change of what is
on the disk. A library in C that a hostile file has taken over is held by the namespace and the
limits only: where there is none, it could still reach the network as this user, and anywhere
empty or remove a file. On Windows only Python's own refusal holds.
"""

import ctypes
import os
import sys
import time
from functools import partial

_NEW_NETWORK = 0x40000000
_NEW_USER = 0x10000000
_SET_DEATH_SIGNAL = 1
_SET_NO_NEW_PRIVILEGES = 38
_KILL = 9
_OPEN_FILES = 64
_REFUSED = (
    *("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pty."),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def confine(memory_bytes: int, program: str | None = None) -> bool:
    """Confine this process for the rest of its life; only one thread may be running.

    ``program`` is the path of the only other program that it may start, as confined as itself.
    Returns whether the kernel keeps it from the network.
    """
    isolated = sys.platform == "linux" and _leave_network()
    if sys.platform != "win32":
        _limit(memory_bytes)
    sys.addaudithook(partial(_refuse, program))
    return isolated


def allow_cpu(seconds: int) -> None:
    """Let this process use ``seconds`` more of a processor; then the kernel ends it."""
    if sys.platform != "win32":
        import resource

        until = int(time.process_time()) + seconds + 1
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _limit(memory_bytes: int) -> None:
    import resource

    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(what, (most, most))


def _leave_network() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_DEATH_SIGNAL, _KILL, 0, 0, 0)
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # Root may have one at once; others only together with a user namespace.
    return libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0


def _refuse(program: str | None, event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        _refuse_to_write(*arguments)
    elif event == "subprocess.Popen" and program and arguments[0] == program:
        return
    elif event.startswith(_REFUSED):
        raise PermissionError("What reads a file needs no network and no other program.")


def _refuse_to_write(path: object, mode: object, flags: object) -> None:
    del mode  # the flags say it, too
    is_here = isinstance(path, int) or path == os.devnull
    if isinstance(flags, int) and flags & _WRITES and not is_here:
        raise PermissionError("What reads a file writes none.")
