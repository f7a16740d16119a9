"""The server's side of the confined process that reads a repository."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from groundwire.adapters.connectors.git_messages import (
    BROKEN,
    TIMED_OUT,
    TOO_LARGE,
    Content,
    File,
    Files,
    FindHead,
    Head,
    ListFiles,
    Opened,
    Opening,
    ReadFile,
    Ready,
    Refusal,
    Reply,
    Start,
    Wish,
)
from groundwire.adapters.runtime.confined import GONE, ConfinedChild, TooLong
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import FeedOptions

R = TypeVar("R", bound=Opened | Head | Files | Content)
START_S = 30.0
UNPACKED_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What reading one repository may cost.

    ``wall_s`` is for each answer, ``cpu_s`` for all of them together. ``memory_bytes`` is address
    space, beside that which the packs on the disk are mapped to.
    """

    wall_s: float = 300.0
    cpu_s: int = 600
    memory_bytes: int = 1 << 30
    reply_bytes: int = 64 << 20


class Reader:
    """A repository as its process tells of it, one answer at a time.

    A process that dies, is too slow or says too much is ended, and gives no further answer.
    ``isolated`` says whether the kernel keeps it from the network.
    """

    def __init__(self, child: ConfinedChild, limits: Limits) -> None:
        self.isolated = False
        self._child = child
        self._limits = limits
        self._one_by_one = asyncio.Lock()
        self._ended: Refusal | None = None

    @property
    def pid(self) -> int:
        return self._child.pid

    async def start(self, opening: Opening, mapped_bytes: int) -> None:
        limits = Start(self._limits.memory_bytes + mapped_bytes, self._limits.cpu_s)
        self._child.send(msgspec.msgpack.encode(limits))
        try:
            async with asyncio.timeout(START_S):
                ready = await self._child.receive(self._limits.reply_bytes)
        except (TimeoutError, *GONE) as error:
            raise FeedFailed(
                "internal",
                "The program that reads repositories does not start. See the log.",
                passes=True,
            ) from error
        self.isolated = msgspec.msgpack.decode(ready, type=Ready).isolated
        await self._ask(opening, Opened)

    async def find_head(self, branch: str | None) -> str:
        return (await self._ask(FindHead(branch), Head)).commit

    async def list_files(self, commit: str, options: FeedOptions) -> list[File]:
        return (await self._ask(ListFiles(commit, options), Files)).files

    async def read_file(self, oid: str, limit_bytes: int) -> bytes:
        return (await self._ask(ReadFile(oid, limit_bytes), Content)).content

    def require_alive(self) -> None:
        """Raise ``FeedFailed`` if the process has ended in the middle of an answer."""
        if self._ended is not None:
            raise FeedFailed(self._ended.reason, self._ended.message)

    async def _ask(self, wish: Wish, kind: type[R]) -> R:
        async with self._one_by_one:
            self.require_alive()
            reply = await self._exchange(wish)
        if isinstance(reply, kind):
            return reply
        refusal = reply if isinstance(reply, Refusal) else BROKEN
        raise FeedFailed(refusal.reason, refusal.message)

    async def _exchange(self, wish: Wish) -> Reply:
        answered, lost = False, BROKEN
        try:
            self._child.send(msgspec.msgpack.encode(wish))
            async with asyncio.timeout(self._limits.wall_s):
                answer = await self._child.receive(self._limits.reply_bytes)
            reply: Reply = msgspec.msgpack.decode(answer, type=Reply)
        except TimeoutError:
            lost = TIMED_OUT
        except TooLong:
            lost = TOO_LARGE
        except msgspec.MsgspecError:
            lost = BROKEN
        except GONE:
            lost = TIMED_OUT if await self._child.ran_out() else BROKEN
        else:
            answered = True
            return reply
        finally:
            # Nobody reads what it says to a wish that was given up.
            if not answered:
                self._ended = lost
                await asyncio.shield(self._child.end())
        return lost


class Readers:
    """Starts a process for each repository that is read; few are being unpacked at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unpacking = asyncio.Semaphore(UNPACKED_AT_ONCE)

    @asynccontextmanager
    async def reading(self, opening: Opening, *, mapped_bytes: int = 0) -> AsyncGenerator[Reader]:
        """Open a repository in a process of its own, which ends with this.

        ``mapped_bytes`` is the size of its packs. Raises ``FeedFailed``.
        """
        async with AsyncExitStack() as stack:
            async with self._unpacking:
                child = await ConfinedChild.start("groundwire.adapters.connectors.git_child")
                stack.push_async_callback(child.end)
                reader = Reader(child, self._limits)
                await reader.start(opening, mapped_bytes)
            yield reader
