"""Children that live no longer than their parent, and how often one may die."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

from groundwire.model.errors import ModelUnavailable

DEATHS_BEFORE_GIVING_UP = 3
DEATHS_FORGOTTEN_AFTER_S = 60.0


async def start_child(
    module: str, *arguments: str, environment: dict[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Run ``python -m module`` with pipes for its input and output.

    The child must call `die_with_the_parent` and end when its input ends. Ctrl-C in a
    terminal does not reach it.
    """
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | (environment or {}),
    )


async def end_child(process: asyncio.subprocess.Process) -> None:
    """Kill the child and wait for its end. A child that has ended already is no error."""
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()


def die_with_the_parent() -> None:
    """Ask Linux for a kill with the parent: the end of input is seen late in a long load."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Deaths:
    """Counts the ends that nobody asked for."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def another(self, of: str, *, last_words: str = "") -> None:
        """Note a death. Raises ``ModelUnavailable`` when there were too many in a minute."""
        now = asyncio.get_running_loop().time()
        self._times = [at for at in self._times if now - at < DEATHS_FORGOTTEN_AFTER_S]
        self._times.append(now)
        if len(self._times) > DEATHS_BEFORE_GIVING_UP:
            raise ModelUnavailable(
                f"{of} stopped {len(self._times)} times within a minute. {last_words}".rstrip()
            )


class Idle:
    """Calls ``stop`` when nobody has used the child for ``after_s``; never for ``None``."""

    def __init__(self, stop: Callable[[], Awaitable[None]], *, after_s: float | None) -> None:
        self._stop = stop
        self._after_s = after_s
        self._users = 0
        self._waiting: asyncio.Task[None] | None = None

    @contextmanager
    def used(self) -> Generator[None]:
        """Keep the child for as long as this is entered."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self.cancel()
            if self._users == 0 and self._after_s is not None:
                self._waiting = asyncio.create_task(self._wait(self._after_s))

    def cancel(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if self._users == 0:
            # From here on this task may not be cancelled by a user that comes meanwhile.
            self._waiting = None
            await self._stop()
