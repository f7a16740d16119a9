"""A real Chroma server, started as its makers say."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

STARTED_WITHIN_S = 60.0


@contextmanager
def running_chroma() -> Generator[str]:
    """Yield the server's address; it is gone afterwards, with all that was in it."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = (Path(sys.executable).parent / "chroma", "run", "--path", folder)
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/api/v2/heartbeat")
            yield f"chroma+http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.URLError:
            assert time.monotonic() < deadline, "Chroma did not start"
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
