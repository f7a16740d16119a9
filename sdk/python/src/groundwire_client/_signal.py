"""How one who waits learns that there may be something new, without a queue.

Who reads slowly finds the newest state and not every step to it, so that nothing piles up.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, Self, TypeVar

Value = TypeVar("Value")


class Signal:
    """Wakes everyone who waits. It carries nothing: who wakes looks for itself."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)


class Stream(Generic[Value]):
    """Yields what ``take`` has, and waits for the signal while that is ``None``.

    ``is_over`` says that nothing more will come, or raises why. Who stops reading leaves
    nothing behind.
    """

    def __init__(
        self, take: Callable[[], Value | None], signal: Signal, is_over: Callable[[], bool]
    ) -> None:
        self._take = take
        self._signal = signal
        self._is_over = is_over

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Value:
        while True:
            if (value := self._take()) is not None:
                return value
            if self._is_over():
                raise StopAsyncIteration
            await self._signal.wait()


def changes(
    read: Callable[[], Value], signal: Signal, is_over: Callable[[], bool]
) -> Stream[Value]:
    """Yield a value as it is now, and then whenever it is another object."""
    last: Value | None = None

    def take() -> Value | None:
        nonlocal last
        value = read()
        if value is last:
            return None
        last = value
        return value

    return Stream(take, signal, is_over)
