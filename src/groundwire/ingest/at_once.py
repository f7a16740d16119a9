"""Several things at once, and no more than so many."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class AtOnce:
    """Work that goes on while more is found; ``most`` at a time.

    What goes wrong in one is raised by whoever adds another, or waits for all; leaving the
    context ends the rest.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def add(self, work: Coroutine[None, None, None]) -> None:
        """Begin ``work`` once there is room."""
        try:
            await self._until(self._most - 1)
        except BaseException:
            work.close()
            raise
        self._running.add(asyncio.ensure_future(work))

    async def all(self) -> None:
        """Wait until nothing is going on."""
        await self._until(0)

    async def _until(self, left: int) -> None:
        while len(self._running) > left:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            self._running -= done
            for task in done:
                task.result()
