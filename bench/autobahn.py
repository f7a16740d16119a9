"""The Autobahn test suite against our WebSockets: ``python -m bench.autobahn [--full]``.

The suite is a client of Python 2.7 that wants an echo. What answers it is an echo application,
served as `groundwire.serving` serves ours. Its environment is made once, beside ours.
"""

import argparse
import json
import logging
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from groundwire.serving import configure
from groundwire.settings import Settings

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "autobahn.json"
PACKAGES = Path(__file__).with_name("autobahn.txt")
ENVIRONMENT = ROOT / ".venv" / "autobahn"
QUICK = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
PASSED = ("OK", "INFORMATIONAL", "NON-STRICT")
ARGUED = ("7.1.5", "12.", "13.")
"""What these cases and groups want is not what we do: docs/reference/autobahn.md says why."""

FRAME_BYTES = 64 * 1024 * 1024
"""What the largest cases send, and more than our server takes."""

NO_PYTHON = """\
The Autobahn test suite needs Python 2.7, and there is none here. Debian 11 has it as the
package python2.7, and `pyenv install 2.7.18` builds it. Say where it is: --python PATH"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--full", action="store_true", help=f"all 517 cases, and keep what they found in {RESULT}"
    )
    parser.add_argument("--python", help="the path of a Python 2.7")
    options = parser.parse_args()
    wstest = prepare(find_python(options.python))
    result = summary(run(wstest, ["*"] if options.full else QUICK))
    if options.full:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["counts"]))
    if failed := unargued(result["cases"]):
        print("\n".join(f"{case}: {verdict}" for case, verdict in failed.items()))
        sys.exit("docs/reference/autobahn.md argues none of these.")


def find_python(asked: str | None) -> str:
    """Return a Python 2.7 that runs; ends the program with what to do if there is none."""
    candidates = [asked] if asked else [*_on_path(), *_of_pyenv()]
    for candidate in candidates:
        if _is_27(candidate):
            return candidate
    sys.exit(NO_PYTHON)


def _on_path() -> Iterable[str]:
    return filter(None, map(shutil.which, ("python2.7", "python2")))


def _of_pyenv() -> Iterable[str]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return map(str, sorted(root.glob("versions/2.7*/bin/python2.7")))


def _is_27(python: str) -> bool:
    """Whether it is one: a shim may stand for a version that is not there."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        found = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.stdout.strip() == "2.7"


def prepare(python: str) -> Path:
    """Return `wstest`, of an environment that is made if it is not there."""
    wstest = ENVIRONMENT / "bin" / "wstest"
    if wstest.exists():
        return wstest
    print(f"Installing the test suite for {python}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # The last virtualenv that knows Python 2.7.
        _call(sys.executable, "-m", "venv", folder)
        _call(f"{folder}/bin/pip", "install", "--quiet", "virtualenv<20.22")
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        _call(f"{folder}/bin/virtualenv", "--quiet", "--python", python, str(ENVIRONMENT))
    # It is pip 20, which warns of its own age and of Python's.
    pip = (str(ENVIRONMENT / "bin" / "pip"), "--disable-pip-version-check")
    _call(*pip, "install", "--quiet", "--no-python-version-warning", "-r", str(PACKAGES))
    return wstest


def _call(*command: str, stdout: int | None = None) -> None:
    try:
        subprocess.run(command, check=True, stdout=stdout)
    except subprocess.CalledProcessError as error:
        sys.exit(f"This failed with {error.returncode}: {' '.join(command)}")


def run(wstest: Path, cases: list[str]) -> dict[str, dict[str, Any]]:
    """Return what the suite found, by case."""
    with tempfile.TemporaryDirectory() as folder, echoing() as port:
        spec: dict[str, Any] = {
            "outdir": folder,
            "servers": [{"agent": "groundwire", "url": f"ws://127.0.0.1:{port}"}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        file = Path(folder, "spec.json")
        file.write_text(json.dumps(spec), encoding="utf-8")
        _call(str(wstest), "-m", "fuzzingclient", "-s", str(file), stdout=subprocess.DEVNULL)
        return json.loads(Path(folder, "index.json").read_text("utf-8"))["groundwire"]


class EchoServer(uvicorn.Server):
    """Says when it serves, and on which port."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.port: Future[int] = Future()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.port.set_result(self.servers[0].sockets[0].getsockname()[1])


@contextmanager
def echoing() -> Generator[int]:
    """Serve the echo on a free port, as ours is served but for its largest frame."""
    server = EchoServer(configure(echo, Settings(port=0, frame_bytes=FRAME_BYTES)))
    # It logs each frame that is not UTF-8, and the suite sends dozens of them.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    serving = Thread(target=server.run)
    serving.start()
    try:
        yield server.port.result(timeout=30)
    finally:
        server.should_exit = True
        serving.join()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each message back."""
    if scope["type"] == "lifespan":
        for word in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{word}.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


def summary(cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the verdict on each case, and what it was found with."""
    verdicts = {case: _verdict(found) for case, found in sorted(cases.items(), key=_place)}
    return {
        "suite": "autobahntestsuite 25.10.1",
        "server": {name: version(name) for name in ("uvicorn", "websockets")},
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "seconds": round(sum(found["duration"] for found in cases.values()) / 1000, 1),
        "counts": dict(Counter(verdicts.values())),
        "cases": verdicts,
    }


def unargued(verdicts: Mapping[str, str]) -> dict[str, str]:
    """Return the cases that did not pass, and of which nobody says why."""
    return {
        case: verdict
        for case, verdict in verdicts.items()
        if verdict not in PASSED and not case.startswith(ARGUED)
    }


def _verdict(found: dict[str, Any]) -> str:
    """Return what was answered, or if that is good, how the connection was closed."""
    answered, closed = found["behavior"], found["behaviorClose"]
    return closed if answered in PASSED and closed not in PASSED else answered


def _place(item: tuple[str, Any]) -> list[int]:
    return [int(part) for part in item[0].split(".")]


if __name__ == "__main__":
    main()
