"""`LocalEmbedder`: multilingual-e5-small on this machine's cores, in a child process."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.child import (
    LENGTH_BYTES,
    Answer,
    Ask,
    Failed,
    Ready,
    Vectors,
)
from groundwire.adapters.embedder.unrelated import load
from groundwire.adapters.runtime.process import Deaths, Idle, end_child, start_child
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.embedder import Unrelated

NAME = "multilingual-e5-small-q4"
DIMENSIONS = 384
# The median over the question sets of `bench.retrieval_quality`; see ADR 7.
BACKGROUND = 0.745
# What `measure` gives, so that the first question does not wait for it. Written by
# `python -m bench.unrelated`.
UNRELATED = Path(__file__).with_name("multilingual_e5_small.npy")
# Small enough that a cancelled ingest stops soon, large enough that pipes cost nothing.
TEXTS_A_REQUEST = 4
# One core for each thread: numpy's own threads would wait for each other on a busy machine.
ONE_THREAD_EACH = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class LocalEmbedder:
    """The child starts with the first text, and again after it died.

    Passages are embedded by ``threads`` threads of low priority, questions by one of their own,
    so that a question waits for nothing but a core. ``timeout_s`` bounds the start and every
    request.
    """

    def __init__(
        self, *, threads: int = 2, timeout_s: float = 60.0, unload_after_s: float | None = None
    ) -> None:
        self._threads = threads
        self._timeout_s = timeout_s
        self._starting = asyncio.Lock()
        self._passages = asyncio.Semaphore(threads + 1)
        self._child: _Child | None = None
        self._deaths = Deaths()
        self._idle = Idle(self._stop, after_s=unload_after_s)
        self._closed = False

    @property
    def name(self) -> str:
        return NAME

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.process.pid if self._child is not None and self._child.alive else None

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        """See `Embedder.embed`; the prefixes that the model wants are added here."""
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        # A lone surrogate, which a broken file can hold, cannot be sent to the child.
        sendable = [text.encode(errors="replace").decode() for text in texts]
        try:
            with self._idle.used():
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._request(tuple(part), kind))
                        for part in _parts(sendable)
                    ]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return np.concatenate([task.result() for task in tasks])

    async def unrelated(self) -> Unrelated:
        return load(UNRELATED, background=BACKGROUND)

    async def warm(self) -> None:
        """Start the child now. Raises ``ModelUnavailable``."""
        await self._ensure()

    async def aclose(self) -> None:
        """End the child; texts that wait raise ``ModelUnavailable``."""
        self._closed = True
        self._idle.cancel()
        await self._stop()

    async def _request(
        self, texts: tuple[str, ...], kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        if kind == "query":
            return await self._ask(texts, kind)
        async with self._passages:
            return await self._ask(texts, kind)

    async def _ask(
        self, texts: tuple[str, ...], kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        child = await self._ensure()
        try:
            async with asyncio.timeout(self._timeout_s):
                rows = await child.ask(texts, kind)
        except TimeoutError as error:
            raise ModelUnavailable(
                f"The embedding model did not answer within {self._timeout_s:.0f} s."
            ) from error
        return np.frombuffer(rows, "<f4").reshape(len(texts), DIMENSIONS)

    async def _ensure(self) -> "_Child":
        async with self._starting:
            if self._closed:
                raise ModelUnavailable("The embedding model is shutting down.")
            if self._child is not None and not self._child.alive:
                await self._drop()
                self._deaths.another("The embedding model")
            if self._child is None:
                self._child = await _Child.start(self._threads, self._timeout_s)
            return self._child

    async def _stop(self) -> None:
        async with self._starting:
            await self._drop()

    async def _drop(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop()


class _Child:
    """A child that works, the task that reads it and those who wait for their vectors."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._reading = asyncio.create_task(self._read())

    @property
    def alive(self) -> bool:
        return not self._reading.done()

    @classmethod
    async def start(cls, threads: int, timeout_s: float) -> "_Child":
        process = await start_child(
            "groundwire.adapters.embedder.child", str(threads), environment=ONE_THREAD_EACH
        )
        try:
            async with asyncio.timeout(timeout_s):
                answer = await _receive(process)
        except TimeoutError as error:
            await end_child(process)
            raise ModelUnavailable(
                f"The embedding model was not loaded within {timeout_s:.0f} s."
            ) from error
        except BaseException:
            await end_child(process)
            raise
        if isinstance(answer, Ready):
            return cls(process)
        await end_child(process)
        if isinstance(answer, Failed):
            raise ModelUnavailable(answer.why)
        raise ModelUnavailable("The embedding model died while it was loaded.")

    async def ask(self, texts: tuple[str, ...], kind: Literal["query", "passage"]) -> bytes:
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send(Ask(id=number, kind=kind, texts=texts))
            return await answer
        finally:
            del self._waiting[number]

    async def stop(self) -> None:
        await end_child(self.process)
        await self._reading

    async def _send(self, ask: Ask) -> None:
        message = msgspec.msgpack.encode(ask)
        if self.process.stdin is None or not self.alive:
            raise ModelUnavailable("The embedding model has died.")
        self.process.stdin.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
        try:
            await self.process.stdin.drain()
        except ConnectionError as error:
            raise ModelUnavailable("The embedding model has died.") from error

    async def _read(self) -> None:
        while (answer := await _receive(self.process)) is not None:
            if isinstance(answer, Vectors):
                waiting = self._waiting.get(answer.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer.rows)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ModelUnavailable("The embedding model has died."))


def _parts(texts: list[str]) -> list[list[str]]:
    return [texts[i : i + TEXTS_A_REQUEST] for i in range(0, len(texts), TEXTS_A_REQUEST)]


async def _receive(process: asyncio.subprocess.Process) -> Answer | None:
    """Return the child's next message, ``None`` when there will be none."""
    if process.stdout is None:
        return None
    try:
        length = await process.stdout.readexactly(LENGTH_BYTES)
        message = await process.stdout.readexactly(int.from_bytes(length, "big"))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    answer: Answer = msgspec.msgpack.decode(message, type=Answer)
    return answer
