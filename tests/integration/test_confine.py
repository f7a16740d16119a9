"""What a process can still do once it is confined: read files, and nothing to anybody."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

TRIES = """
import os, socket, subprocess, sys
from pathlib import Path
from groundwire.adapters.runtime.confine import confine

file, port = Path(sys.argv[1]), int(sys.argv[2])
confine(1 << 30)
tries = {
    "read": lambda: file.read_text(),
    "write": lambda: file.write_text("other"),
    "append": lambda: os.open(file, os.O_APPEND | os.O_WRONLY),
    "create": lambda: file.with_name("new").touch(),
    "remove": lambda: file.unlink(),
    "rename": lambda: file.rename(file.with_name("new")),
    "link": lambda: file.with_name("new").symlink_to(file),
    "folder": lambda: file.with_name("new").mkdir(),
    "connect": lambda: socket.create_connection(("127.0.0.1", port)),
    "program": lambda: subprocess.run([sys.executable, "-c", ""]),
    "fork": lambda: os.fork(),
    "memory": lambda: bytes(2 << 30),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name)
    except (OSError, MemoryError):
        pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits there")
def test_a_confined_process_can_only_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = (sys.executable, "-I", "-c", TRIES, str(file), str(server.getsockname()[1]))
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()

    assert done.stdout.split() == ["read"]
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("text", [file])
